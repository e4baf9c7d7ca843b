import { spawnSync } from 'node:child_process';
import {
  createEncryptionClient,
  type EncryptionContext,
  type Keyring,
  multiKeyring,
  rawAesKeyring,
  suites,
} from '@yunseal/crypto-core';
import { describe, expect, it } from 'vitest';
import { buildMavenProject } from '../maven.ts';

const project = buildMavenProject(import.meta.dirname);
const absent = 'absent' in project ? project.absent : undefined;

interface Job {
  readonly operation: 'write' | 'read';
  readonly encoding: 'message' | 'stream';
  readonly algorithm: number;
  readonly keyArns: readonly string[];
  readonly context: EncryptionContext;
  readonly bytes: string;
}

interface Result {
  readonly bytes?: string;
  readonly context?: EncryptionContext;
  readonly error?: string;
}

/** Let the official client do all jobs in one run of Java. */
function runJava(jobs: readonly Job[]): readonly Result[] {
  const { classPath } = project as { classPath: string };
  const java = spawnSync('java', ['-cp', classPath, 'yunseal.interop.Messages'], {
    input: JSON.stringify(jobs),
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 64 * 2 ** 20,
  });
  expect(java.status, java.stderr).toBe(0);
  return JSON.parse(java.stdout.slice(java.stdout.indexOf('[')));
}

/** The counterpart of the stand-in on the Java side: a ciphertext blob is the data key itself. */
function standIn(...keyArns: readonly string[]): Keyring {
  return {
    onEncrypt: async (materials) => {
      const dataKey = materials.plaintextDataKey ?? new Uint8Array(materials.suite.dataKeyLength).fill(0x5a);
      return {
        ...materials,
        plaintextDataKey: Uint8Array.from(dataKey),
        encryptedDataKeys: keyArns.map((providerInfo) => ({
          providerId: 'acs-kms',
          providerInfo,
          ciphertext: Uint8Array.from(dataKey),
        })),
      };
    },
    onDecrypt: async (materials, encryptedDataKeys) => {
      const known = encryptedDataKeys.find(({ providerInfo }) => keyArns.includes(providerInfo));
      return known === undefined
        ? materials
        : { ...materials, plaintextDataKey: Uint8Array.from(known.ciphertext) };
    },
  };
}

const keyArns = ['cn-hangzhou', 'cn-hangzhou', 'cn-beijing'].map(
  (region, i) => `acs:kms:${region}:1000000000000001:key/key-${i}`,
);
const contexts: readonly EncryptionContext[] = [{}, { a: '1' }, { 用途: '互操作', b: '', a: '😀', ﬀ: 'x' }];
const algorithms = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/** Every algorithm in both encodings; sizes, contexts and keys vary along. */
const cases = algorithms.flatMap((algorithm) =>
  (['message', 'stream'] as const).flatMap((encoding) =>
    [0, 16, 4_096, 70_000].map((size, i) => ({
      algorithm,
      encoding,
      keyArns: keyArns.slice(0, 1 + ((algorithm + i) % 3)),
      context: contexts[(algorithm + i) % contexts.length]!,
      plaintext: Buffer.alloc(size, algorithm),
    })),
  ),
);

const client = (keyring: Keyring) =>
  createEncryptionClient({ keyring }, { format: 'aliyun', allowUnauthenticated: true });
const suiteOf = (algorithm: number) => Object.values(suites).find(({ id }) => id === algorithm)!;

describe.skipIf(absent !== undefined)(
  `the Alibaba Cloud Encryption SDK for Java${absent === undefined ? '' : ` (skipped: ${absent})`}`,
  () => {
    it('writes what this package reads', async () => {
      const results = runJava(
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
          const read = await client(standIn(arn)).decrypt(Buffer.from(bytes!, 'base64'), { context });
          expect(plaintext.equals(read.plaintext), `algorithm ${algorithm}, ${encoding}`).toBe(true);
          expect(read.context).toEqual(context);
          expect(read.header).toMatchObject({ encoding, suite: suiteOf(algorithm) });
        }
      }
    });

    it('reads what this package writes', async () => {
      const jobs = await Promise.all(
        cases.map(async ({ plaintext, ...job }): Promise<Job> => {
          const { ciphertext } = await client(standIn(...job.keyArns)).encrypt(plaintext, {
            suite: suiteOf(job.algorithm),
            context: job.context,
            encoding: job.encoding,
          });
          return { ...job, operation: 'read', bytes: Buffer.from(ciphertext).toString('base64') };
        }),
      );
      for (const [i, result] of runJava(jobs).entries()) {
        const { algorithm, encoding, context, plaintext } = cases[i]!;
        expect(result, `algorithm ${algorithm}, ${encoding}`).toEqual({
          bytes: plaintext.toString('base64'),
          context,
        });
      }
    });

    it('passes over a key of another provider, and refuses a changed message', async () => {
      const backup = rawAesKeyring({ namespace: 'offline', name: 'safe', key: new Uint8Array(32).fill(1) });
      const keyring = multiKeyring({ generator: standIn(keyArns[0]!), children: [backup] });
      const jobs: Job[] = [];
      for (const encoding of ['message', 'stream'] as const) {
        const { ciphertext } = await client(keyring).encrypt('kept twice', { encoding });
        const job = {
          operation: 'read',
          encoding,
          algorithm: 2,
          keyArns: keyArns.slice(0, 1),
          context: {},
        } as const;
        jobs.push({ ...job, bytes: Buffer.from(ciphertext).toString('base64') });
        ciphertext[ciphertext.length - 1]! ^= 1;
        jobs.push({ ...job, bytes: Buffer.from(ciphertext).toString('base64') });
      }
      const [message, changedMessage, stream, changedStream] = runJava(jobs);
      for (const read of [message, stream]) {
        expect(Buffer.from(read!.bytes ?? '', 'base64').toString(), read!.error).toBe('kept twice');
      }
      for (const refused of [changedMessage, changedStream]) expect(refused!.error).toMatch(/Exception/);
    });
  },
);
