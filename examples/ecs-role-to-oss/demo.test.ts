import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
let folder: string;
let file: string;
let plaintext: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'yunseal-demo-test-'));
  file = join(folder, 'three-megabytes.bin');
  plaintext = randomBytes(3_000_000);
  await writeFile(file, plaintext);
});
afterAll(() => rm(folder, { recursive: true }));

interface Outcome {
  readonly code: number;
  readonly output: string;
}

function run(command: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { ...process.env, FORCE_COLOR: '0' };
    execFile(command, args, { timeout: 60_000, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 2), output: stdout + stderr });
    });
  });
}
const demo = (...args: string[]) => run(process.execPath, main, ...args);

describe('the story', () => {
  test('ends well with a file of the user’s own, which comes back the same', async () => {
    const out = join(folder, 'out');
    const { code, output } = await demo('--file', file, '--out', out);
    expect(output).toContain('The story ends well.');
    expect(code).toBe(0);
    for (const copy of ['decrypted-three-megabytes.bin', 'decrypted-again-three-megabytes.bin']) {
      expect(plaintext.equals(await readFile(join(out, copy)))).toBe(true);
    }
    expect(await readdir(out)).toHaveLength(2);
  });

  test('tells what was refused, by which action, on what, and in which request', async () => {
    const { output } = await demo('--file', file);
    const refusals = {
      KmsAccessDenied: /grant kms:CreateKey on acs:kms:[\w:-]+:key .*request id [\w-]+/,
      StoreAccessDenied: /lack oss:DeleteObject on acs:oss:\S+\/three-megabytes.bin.*request \w+/,
      ContextMismatch: /"project" is not the expected one/,
      AuthenticationFailed: /the tag of frame \d+ does not match/,
    };
    for (const [code, message] of Object.entries(refusals)) {
      expect(output).toContain(code);
      expect(output).toMatch(message);
    }
    expect(output).toMatch(/it began with STS\.\w+ and went on with STS\.\w+/);
  });

  test('works with an empty file', async () => {
    const empty = join(folder, 'empty.bin');
    await writeFile(empty, '');
    expect(await demo('--file', empty)).toMatchObject({ code: 0 });
  });
});

describe('bad input ends in a clear message and exit code 1', () => {
  test('a file that is not there', async () => {
    const { code, output } = await demo('--file', join(folder, 'nowhere'));
    expect(output).toMatch(/there is no file .*nowhere/);
    expect(code).toBe(1);
  });

  test('a folder in place of a file', async () => {
    const { code, output } = await demo('--file', folder);
    expect(output).toContain('is not a file');
    expect(code).toBe(1);
  });

  test('an unknown option', async () => {
    const { code, output } = await demo('--fiel', file);
    expect(output).toMatch(/unknown option '--fiel'[\s\S]*Did you mean --file/);
    expect(code).toBe(1);
  });

  test('a port that is taken', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as { port: number };
    const { code, output } = await demo('--port', String(port));
    server.close();
    expect(output).toMatch(new RegExp(`port ${port} .*already taken`));
    expect(code).toBe(1);
  });

  test('a file in place of the folder for the result', async () => {
    const { code, output } = await demo('--file', file, '--out', file);
    expect(output).toContain('cannot be made a folder');
    expect(code).toBe(1);
  });

  // A file system of its own, in a user namespace, so that no privilege is needed.
  const namespaces = spawnSync('unshare', ['-rm', 'true']).status === 0;
  const onDisk = (options: string, out: string) =>
    run(
      'unshare',
      '-rm',
      'sh',
      '-c',
      `mount -t tmpfs -o ${options} none "$1" || exit 99; "$2" "$3" --file "$4" --out "$1"; code=$?; echo "left: $(ls -A "$1")"; exit $code`,
      'sh',
      out,
      process.execPath,
      main,
      file,
    );

  test.skipIf(!namespaces).each([
    ['a full disk', 'size=1m', /ENOSPC/],
    ['a read-only folder', 'size=1m,ro', /EROFS/],
  ])('%s for the result, and nothing half-written stays', async (_, options, message) => {
    const out = join(folder, 'small-disk');
    await mkdir(out, { recursive: true });
    const { code, output } = await onDisk(options, out);
    expect(output).toMatch(message);
    expect(output).toMatch(/^left: $/m);
    expect(code).toBe(1);
  });
});
