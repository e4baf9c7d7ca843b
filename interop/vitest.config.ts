import { defineConfig } from 'vitest/config';
import { testDefaults } from '../tooling/src/vitest-defaults.ts';

export default defineConfig({
  test: {
    ...testDefaults,
    include: ['**/*.test.ts'],
    // A first run installs each language's packages before it can test anything.
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
});
