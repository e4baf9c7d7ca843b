import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalCloud } from '@yunseal/local-cloud';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram, whyMissing } from '../run-program.ts';
import { objectNames, programEnvironment, startStoryCloud } from '../story-cloud.ts';

const missing = await whyMissing('go', 'version');
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const noNamespace = await whyMissing('unshare', '--net', 'ip', 'link', 'set', 'lo', 'up');
if (noNamespace !== undefined) console.warn(`skipped: a network namespace: ${noNamespace}`);

describe.skipIf(missing !== undefined)('the official Go clients', () => {
  let cloud: LocalCloud;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'interop-go-'));
    // Downloads the modules that go.sum names, the first time.
    await runProgram('go', ['build', '-o', join(folder, 'program'), '.'], {
      cwd: import.meta.dirname,
      timeoutMs: 540_000,
    });
    cloud = await startStoryCloud();
  }, 600_000);
  afterAll(async () => {
    await cloud?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const runForJson = async (...args: string[]): Promise<unknown> => {
    const { stdout } = await runProgram(join(folder, 'program'), args, {
      env: programEnvironment(cloud),
      timeoutMs: 120_000,
    });
    return JSON.parse(stdout);
  };

  it('list ten files with the role credentials that credentials-go gets, and may not delete one', async () => {
    expect(await runForJson('role')).toEqual({ list: objectNames.slice(0, 10), delete: 'AccessDenied' });
  });

  it.skipIf(noNamespace !== undefined)(
    'do so on an instance, where the metadata service is at its own address and hardened',
    async () => {
      const inNamespace = join(import.meta.dirname, '..', 'on-an-instance.ts');
      const { stdout } = await runProgram('unshare', [
        '--net',
        process.execPath,
        inNamespace,
        join(folder, 'program'),
        'instance',
      ]);
      expect(JSON.parse(stdout)).toEqual({ list: objectNames.slice(0, 10), delete: 'AccessDenied' });
    },
  );

  const odd = "odd +%&?#=!'()*~ ü你好\u0001/x";

  it.each(['v4', 'v1'])('do all the main operations of OSS, signature %s', async (version) => {
    expect(await runForJson('operations', version)).toEqual({
      range: '234',
      metadata: { name: 'value' },
      transfer: true,
      list: ['big', 'copy', 'log', odd],
      presigned: '0123456789',
      deleted: 4,
      missing: 'NoSuchKey',
      missingHead: 'NoSuchKey',
      wrongSecret: 'SignatureDoesNotMatch',
    });
  });
});
