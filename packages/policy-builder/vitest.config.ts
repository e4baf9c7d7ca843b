import { defineConfig } from 'vitest/config';
import { testDefaults } from '../../tooling/src/vitest-defaults.ts';

export default defineConfig({ test: { ...testDefaults, setupFiles: ['src/test-support/fixed-seed.ts'] } });
