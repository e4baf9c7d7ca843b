import type { ViteUserConfig } from 'vitest/config';

/** Settings every package's tests share. The JSON report is what `npm test` adds up for its closing line. */
export const testDefaults: NonNullable<ViteUserConfig['test']> = {
  include: ['src/**/*.test.ts'],
  reporters: ['default', 'json'],
  outputFile: { json: 'test-results/vitest.json' },
  testTimeout: 30_000,
};
