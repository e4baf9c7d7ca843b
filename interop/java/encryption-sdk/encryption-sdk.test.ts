import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  checkForeignKeyAndTampering,
  checkReading,
  checkWriting,
  type RunJobs,
} from '../../shared/encryption-sdk-checks.ts';
import { casesOf } from '../../shared/encryption-sdk-jobs.ts';
import { buildMavenProject } from '../maven.ts';

const project = buildMavenProject(import.meta.dirname);
const absent = 'absent' in project ? project.absent : undefined;

const runJava: RunJobs = (jobs) => {
  const { classPath } = project as { classPath: string };
  const java = spawnSync('java', ['-cp', classPath, 'yunseal.interop.Messages'], {
    input: JSON.stringify(jobs),
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 64 * 2 ** 20,
  });
  expect(java.status, java.stderr).toBe(0);
  return JSON.parse(java.stdout.slice(java.stdout.indexOf('[')));
};

const encodings = ['message', 'stream'] as const;
const cases = casesOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], encodings);
const title = 'the Alibaba Cloud Encryption SDK for Java';

describe.skipIf(absent !== undefined)(absent === undefined ? title : `${title} (skipped: ${absent})`, () => {
  it('writes what this package reads', () => checkWriting(cases, runJava));
  it('reads what this package writes', () => checkReading(cases, runJava));
  it('passes over a key of another provider, and refuses a changed message', () =>
    checkForeignKeyAndTampering(encodings, runJava));
});
