import { defineConfig } from 'vitest/config';
import { testDefaults } from '../../tooling/src/vitest-defaults.ts';

export default defineConfig({ test: { ...testDefaults, include: ['*.test.ts'], testTimeout: 120_000 } });
