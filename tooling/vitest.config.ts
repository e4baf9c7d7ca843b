import { defineConfig } from 'vitest/config';
import { testDefaults } from './src/vitest-defaults.ts';

export default defineConfig({ test: testDefaults });
