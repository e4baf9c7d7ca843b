import { multiKeyring, rawAesKeyring } from '@yunseal/crypto-core';
import { expect } from 'vitest';
import {
  type Case,
  clientOver,
  type Job,
  keyArns,
  kmsStandIn,
  type Result,
  suiteOf,
} from './encryption-sdk-jobs.ts';

/** Does jobs with an official client, in one run of its language. */
export type RunJobs = (jobs: readonly Job[]) => readonly Result[];

/** What the official client writes, this package reads, by any of the message's keys. */
export async function checkWriting(cases: readonly Case[], run: RunJobs): Promise<void> {
  const results = run(
    cases.map(({ plaintext, ...job }) => ({
      ...job,
      operation: 'write',
      bytes: plaintext.toString('base64'),
    })),
  );
  for (const [i, { algorithm, encoding, keyArns, context, plaintext }] of cases.entries()) {
    const { bytes, error } = results[i]!;
    expect(error).toBeUndefined();
    for (const arn of keyArns) {
      const read = await clientOver(kmsStandIn(arn)).decrypt(Buffer.from(bytes!, 'base64'), { context });
      expect(plaintext.equals(read.plaintext), `algorithm ${algorithm}, ${encoding}`).toBe(true);
      expect(read.context).toEqual(context);
      expect(read.header).toMatchObject({ encoding, suite: suiteOf(algorithm) });
    }
  }
}

/** What this package writes, the official client reads. */
export async function checkReading(cases: readonly Case[], run: RunJobs): Promise<void> {
  const jobs = await Promise.all(
    cases.map(async ({ plaintext, ...job }): Promise<Job> => {
      const { ciphertext } = await clientOver(kmsStandIn(...job.keyArns)).encrypt(plaintext, {
        suite: suiteOf(job.algorithm),
        context: job.context,
        encoding: job.encoding,
      });
      return { ...job, operation: 'read', bytes: Buffer.from(ciphertext).toString('base64') };
    }),
  );
  for (const [i, result] of run(jobs).entries()) {
    const { algorithm, encoding, context, plaintext } = cases[i]!;
    expect(result, `algorithm ${algorithm}, ${encoding}`).toEqual({
      bytes: plaintext.toString('base64'),
      context,
    });
  }
}

/** The official client passes over a key of another provider, and refuses a changed message. */
export async function checkForeignKeyAndTampering(
  encodings: readonly Job['encoding'][],
  run: RunJobs,
): Promise<void> {
  const backup = rawAesKeyring({ namespace: 'offline', name: 'safe', key: new Uint8Array(32).fill(1) });
  const keyring = multiKeyring({ generator: kmsStandIn(keyArns[0]!), children: [backup] });
  for (const encoding of encodings) {
    const { ciphertext } = await clientOver(keyring).encrypt('kept twice', { encoding });
    const changed = ciphertext.slice();
    changed[changed.length - 1]! ^= 1;
    const [whole, refused] = run(
      [ciphertext, changed].map((message) => ({
        operation: 'read',
        encoding,
        algorithm: 2,
        keyArns: keyArns.slice(0, 1),
        context: {},
        bytes: Buffer.from(message).toString('base64'),
      })),
    );
    expect(Buffer.from(whole!.bytes ?? '', 'base64').toString(), whole!.error).toBe('kept twice');
    expect(refused!.bytes).toBeUndefined();
    expect(refused!.error).not.toBe('');
  }
}
