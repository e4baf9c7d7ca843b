import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalCloud } from '@yunseal/local-cloud';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram, whyMissing } from '../run-program.ts';
import { keyId, objectNames, programEnvironment, startStoryCloud } from '../story-cloud.ts';

const folder = import.meta.dirname;
const python = join(folder, '.venv', 'bin', 'python');
const missing = await whyMissing('python3', '-m', 'venv', '--help');
if (missing !== undefined) console.warn(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('the official Python clients', () => {
  let cloud: LocalCloud;
  beforeAll(async () => {
    if (!existsSync(python)) await runProgram('python3', ['-m', 'venv', join(folder, '.venv')]);
    await runProgram(python, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--requirement',
      join(folder, 'requirements.txt'),
    ]);
    cloud = await startStoryCloud();
  }, 600_000);
  afterAll(() => cloud?.close());

  const run = async (program: string, ...args: string[]) => {
    const { stdout } = await runProgram(python, [join(folder, program), ...args], {
      env: programEnvironment(cloud),
      timeoutMs: 120_000,
    });
    return stdout;
  };
  const runForJson = async (program: string, ...args: string[]): Promise<unknown> =>
    JSON.parse(await run(program, ...args));

  it('list ten files of the bucket under the instance role, as the document shows', async () => {
    expect((await run('list_ten_files.py')).trim().split('\n')).toEqual(objectNames.slice(0, 10));
  });

  it('wrap a data key by KMS under the role, which may do no more', async () => {
    expect(await runForJson('kms_under_role.py')).toEqual({
      same: true,
      keyId,
      otherContext: expect.any(String),
      createKey: 'Forbidden.NoPermission',
    });
  });

  const odd = "odd +%&?#=!'()*~ ü你好\u0001/x";

  it.each(['v1', 'v2', 'v4'])('oss2 does all its main operations, signature %s', async (version) => {
    expect(await runForJson('oss2_operations.py', version)).toEqual({
      head: [10, 'text/x-test', 'value'],
      range: '234',
      conditional: 304,
      append: 7,
      appendWrong: 'PositionNotEqualToLength',
      parts: [1, 2, 3, 4],
      multipart: true,
      copy: true,
      acl: 'public-read',
      list: ['big', 'copy', 'log', odd],
      listV2: ['big', 'copy', 'log', odd],
      presigned: '0123456789',
      deleted: ['big', 'copy', 'log', odd],
      missing: 'NoSuchKey',
      noBucket: 'NoSuchBucket',
      wrongSecret: 'SignatureDoesNotMatch',
    });
  });

  it('alibabacloud_oss_v2 does all its main operations', async () => {
    expect(await runForJson('oss_v2_operations.py')).toEqual({
      metadata: { name: 'value' },
      range: '234',
      transfer: true,
      list: ['big', 'copy', odd],
      presigned: '0123456789',
      exists: [true, false, false],
      deleted: ['big', 'copy', odd],
      missing: 'NoSuchKey',
      missingHead: 'NoSuchKey',
    });
  });
});
