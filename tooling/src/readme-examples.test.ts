import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = join(root, 'tooling', 'test-results', 'readme');
const packages = await readdir(join(root, 'packages'));

/** The first TypeScript block of a Markdown text. */
const firstExample = (markdown: string) => /^```ts\n(.*?)^```/ms.exec(markdown)?.[1];

describe.each(['.', ...packages.map((name) => `packages/${name}`)])('README of %s', (folder) => {
  test('opens with an example of a few lines that runs as it stands', async () => {
    const readme = await readFile(join(root, folder, 'README.md'), 'utf8');
    const example = firstExample(readme);
    expect(example, 'a ```ts block').toBeDefined();
    expect(
      readme.slice(0, readme.indexOf('```ts')).split('\n').length,
      'lines before the example',
    ).toBeLessThan(16);
    await mkdir(scratch, { recursive: true });
    const file = join(scratch, `${folder.replace(/\W+/g, '-')}.ts`);
    await writeFile(file, `${example}`);
    await promisify(execFile)(process.execPath, ['--no-warnings', file], { timeout: 20_000 });
  });
});
