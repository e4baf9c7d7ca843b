/**
 * Puts the package into one module, dist/index.js, in place of the one that tsc wrote: importing forty small files
 * takes longer than reading them. The declarations stay as tsc writes them, and so does every other file.
 */
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const bundle = await rolldown({ input: at('../src/index.ts'), platform: 'neutral', external: ['io-ts'] });
await bundle.write({ file: at('../dist/index.js'), format: 'esm' });
await bundle.close();
