import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { describe, expect, test } from 'vitest';

/** Bundle the built package the way an application's bundler would, and give its code and what it still imports. */
async function bundle(entry: string, platform: 'browser' | 'node') {
  const input = fileURLToPath(new URL(`../dist/${entry}`, import.meta.url));
  const bundled = await rolldown({ input, platform, external: /^node:/ });
  const { output } = await bundled.generate({ format: 'esm' });
  await bundled.close();
  return {
    code: output.map((chunk) => ('code' in chunk ? chunk.code : '')).join('\n'),
    imports: output.flatMap((chunk) => ('imports' in chunk ? chunk.imports : [])),
  };
}

describe.each(['index.js', 'testing/index.js'])('%s', (entry) => {
  test('for a browser nothing of Node.js is reachable', async () => {
    const { code, imports } = await bundle(entry, 'browser');
    expect(imports).toEqual([]);
    expect(code).not.toMatch(/from\s*['"]node:|import\(\s*['"]node:|require\(|\bBuffer\.|\bprocess\./);
    expect(code).toContain('subtle');
  });

  test('for Node.js the ciphers are those of node:crypto', async () => {
    const { imports } = await bundle(entry, 'node');
    expect(imports).toEqual(['node:crypto']);
  });
});
