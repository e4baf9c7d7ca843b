import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  checkForeignKeyAndTampering,
  checkReading,
  checkWriting,
  type RunJobs,
} from '../../shared/encryption-sdk-checks.ts';
import { casesOf } from '../../shared/encryption-sdk-jobs.ts';
import { createVirtualEnvironment } from '../virtual-environment.ts';

const environment = createVirtualEnvironment(import.meta.dirname, ['aliyun-encryption-sdk==0.1.1']);
const absent = 'absent' in environment ? environment.absent : undefined;

const runPython: RunJobs = (jobs) => {
  const { python } = environment as { python: string };
  const run = spawnSync(python, [`${import.meta.dirname}/messages.py`], {
    input: JSON.stringify(jobs),
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 64 * 2 ** 20,
  });
  expect(run.status, run.stderr).toBe(0);
  return JSON.parse(run.stdout);
};

/** It knows the eight AES algorithms, and byte arrays only. */
const cases = casesOf([1, 2, 3, 4, 5, 6, 7, 8], ['message']);
const title = 'the Alibaba Cloud Encryption SDK for Python';

describe.skipIf(absent !== undefined)(absent === undefined ? title : `${title} (skipped: ${absent})`, () => {
  it('writes what this package reads', () => checkWriting(cases, runPython));
  it('reads what this package writes', () => checkReading(cases, runPython));
  it('passes over a key of another provider, and refuses a changed message', () =>
    checkForeignKeyAndTampering(['message'], runPython));
});
