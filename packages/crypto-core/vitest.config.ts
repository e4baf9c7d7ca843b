import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { testDefaults } from '../../tooling/src/vitest-defaults.ts';

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));

export default defineConfig({
  // The package's own imports map points at dist; the tests run the sources.
  resolve: { alias: { '#backend': source('backend/node.ts') } },
  test: testDefaults,
});
