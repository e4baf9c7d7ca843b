import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { testDefaults } from '../../tooling/src/vitest-defaults.ts';

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));

/** The package's own imports map points at dist; the tests run the sources, over either backend. */
const overBackend = (name: 'node' | 'web', exclude: string[] = []) => ({
  extends: true as const,
  resolve: { alias: { '#backend': source(`backend/${name}.ts`) } },
  test: { name, exclude },
});

/** Tests of Node.js itself, and those that stop the clock WebCrypto needs. */
const notOverWebCrypto = ['src/backend/node-*', 'src/materials/caching.test.ts'];

export default defineConfig({
  test: { ...testDefaults, projects: [overBackend('node'), overBackend('web', notOverWebCrypto)] },
});
