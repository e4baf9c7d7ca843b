import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { ALLOWED_ARROWS, findWrongArrows } from './import-arrows.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

/** A workspace with one package that holds the given files (and an empty manifest unless given). */
async function workspaceWith(name: string, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'arrows-'));
  folders.push(folder);
  for (const [path, text] of Object.entries({ 'package.json': '{}', 'src/index.ts': '', ...files })) {
    const file = join(folder, 'packages', name, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return folder;
}

test('every arrow of this workspace is allowed', async () => {
  expect(await findWrongArrows(root)).toEqual([]);
});

test.each([
  ['an import', `import { policy } from '@yunseal/policy-builder';`],
  ['a type import', `import type { Policy } from '@yunseal/policy-builder';`],
  ['a re-export', `export * from '@yunseal/policy-builder';`],
  ['a dynamic import', `const p = await import('@yunseal/policy-builder');`],
  ['an import type', `export type P = import('@yunseal/policy-builder').Policy;`],
  ['a require', `declare const require: (id: string) => unknown;\nrequire('@yunseal/policy-builder');`],
  ['a deep import', `import '@yunseal/policy-builder/dist/index.js';`],
  ['a relative path out of the package', `import '../../../policy-builder/src/index.ts';`],
])('%s against the arrows is found', async (_kind, code) => {
  const folder = await workspaceWith('crypto-core', { 'src/deep/file.ts': `\n${code}` });
  const [wrong, ...more] = await findWrongArrows(folder);
  expect(more).toEqual([]);
  expect(wrong?.file).toBe(join('packages', 'crypto-core', 'src', 'deep', 'file.ts'));
  expect(wrong?.line).toBeGreaterThan(1);
});

test('a dependency against the arrows is found in the manifest', async () => {
  const manifest = JSON.stringify({ dependencies: { '@yunseal/keyring-kms': '^1.0.0' } });
  const folder = await workspaceWith('oss-integration', { 'package.json': manifest });
  expect(await findWrongArrows(folder)).toMatchObject([{ specifier: '@yunseal/keyring-kms' }]);
});

test('the local cloud may be imported by tests alone', async () => {
  const code = `import { startLocalCloud } from '@yunseal/local-cloud';`;
  expect(await findWrongArrows(await workspaceWith('keyring-kms', { 'src/a.test.ts': code }))).toEqual([]);
  expect(
    await findWrongArrows(await workspaceWith('keyring-kms', { 'src/test-support/a.ts': code })),
  ).toEqual([]);
  expect(await findWrongArrows(await workspaceWith('keyring-kms', { 'src/a.ts': code }))).toHaveLength(1);
});

test('the core does not reach the network, nor policies cryptography', async () => {
  expect(
    await findWrongArrows(await workspaceWith('crypto-core', { 'src/a.ts': `import 'node:http';` })),
  ).toHaveLength(1);
  expect(
    await findWrongArrows(await workspaceWith('policy-builder', { 'src/a.ts': `import 'crypto';` })),
  ).toHaveLength(1);
});

test('a package that the table does not know is found', async () => {
  expect(await findWrongArrows(await workspaceWith('surprise', {}))).toHaveLength(1);
});

test('no arrow of the table leads back', () => {
  const reaches = (from: string, to: string): boolean =>
    (ALLOWED_ARROWS[from] ?? []).some((next) => next === to || reaches(next, to));
  for (const name of Object.keys(ALLOWED_ARROWS)) expect(reaches(name, name)).toBe(false);
});
