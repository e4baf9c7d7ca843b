import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const scratch = join(root, 'tooling', 'test-results', 'readme');
const packages = await readdir(join(root, 'packages'));

/** The first TypeScript block of a Markdown text. */
const firstExample = (markdown: string) => /^```ts\n(.*?)^```/ms.exec(markdown)?.[1];

async function writeExample(folder: string): Promise<string> {
  const readme = await readFile(join(root, folder, 'README.md'), 'utf8');
  const example = firstExample(readme);
  expect(example, 'a ```ts block').toBeDefined();
  const before = readme.slice(0, readme.indexOf('```ts')).split('\n').length;
  expect(before, 'lines before the example').toBeLessThan(16);
  await mkdir(scratch, { recursive: true });
  const file = join(scratch, `${folder.replace(/\W+/g, '-')}.ts`);
  await writeFile(file, `${example}`);
  return file;
}

test.each(packages)(
  'the README of %s opens with an example of a few lines that runs as it stands',
  async (name) => {
    const file = await writeExample(join('packages', name));
    await run(process.execPath, ['--no-warnings', file], { timeout: 20_000 });
  },
);

test('the README of the repository opens with an example that type-checks; to run, it needs an account', async () => {
  const file = await writeExample('.');
  const options = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node'];
  await run(join(root, 'node_modules/.bin/tsc'), ['--ignoreConfig', ...options, '--skipLibCheck', file]);
});
