/**
 * Puts the package into a few modules, in place of those that tsc wrote: importing eighty small files takes several
 * times longer than reading them. Entries share one copy of what they have in common, so that errors keep their
 * classes. `#backend` stays an import: the package's imports map decides it where the package is used.
 */
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const bundle = await rolldown({
  input: {
    index: at('../src/index.ts'),
    'testing/index': at('../src/testing/index.ts'),
    'backend/node': at('../src/backend/node.ts'),
    'backend/web': at('../src/backend/web.ts'),
  },
  platform: 'neutral',
  external: ['#backend', /^node:/, /^@noble\/ciphers/, 'tiny-lru'],
});
await bundle.write({
  dir: at('../dist'),
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'shared/[name].js',
});
await bundle.close();
