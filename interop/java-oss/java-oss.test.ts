import { delimiter, join } from 'node:path';
import type { LocalCloud } from '@yunseal/local-cloud';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram, whyMissing } from '../run-program.ts';
import { objectNames, programEnvironment, startStoryCloud } from '../story-cloud.ts';

const folder = import.meta.dirname;
const missing = (await whyMissing('java', '-version')) ?? (await whyMissing('mvn', '--version'));
if (missing !== undefined) console.warn(`skipped: ${missing}`);

describe.skipIf(missing !== undefined)('the official Java client of OSS', () => {
  let cloud: LocalCloud;
  beforeAll(async () => {
    // Compiles, and puts the libraries that pom.xml names beside the classes.
    await runProgram('mvn', ['--quiet', '--batch-mode', 'package'], { cwd: folder, timeoutMs: 540_000 });
    cloud = await startStoryCloud();
  }, 600_000);
  afterAll(() => cloud?.close());

  const runForJson = async (...args: string[]): Promise<unknown> => {
    const classpath = [join(folder, 'target', 'classes'), join(folder, 'target', 'libraries', '*')].join(
      delimiter,
    );
    const { stdout } = await runProgram(
      'java',
      ['-Dfile.encoding=UTF-8', '-Dstdout.encoding=UTF-8', '-cp', classpath, 'OssOperations', ...args],
      { env: programEnvironment(cloud), timeoutMs: 120_000 },
    );
    return JSON.parse(stdout.slice(stdout.indexOf('{')));
  };

  it('lists ten files with the role credentials, and may not delete one', async () => {
    expect(await runForJson('role')).toEqual({ list: objectNames.slice(0, 10), delete: 'AccessDenied' });
  });

  const odd = "odd +%&?#=!'()*~ ü你好/x";

  it.each(['V1', 'V4'])('does all the main operations, signature %s', async (version) => {
    expect(await runForJson(version)).toEqual({
      metadata: 'value',
      range: '234',
      multipart: true,
      append: 7,
      list: ['big', 'copy', 'log', odd],
      presigned: '0123456789',
      deleted: ['big', 'copy', 'log', odd],
      missing: 'NoSuchKey',
      exists: false,
      wrongSecret: 'SignatureDoesNotMatch',
    });
  });
});
