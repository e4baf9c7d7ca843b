import { createEncryptionClient, type EncryptionContext, type Keyring, suites } from '@yunseal/crypto-core';

/** One thing that an official client is asked to do. The programs in the other languages read these as JSON. */
export interface Job {
  readonly operation: 'write' | 'read';
  /** `message` for byte arrays, `stream` for streams. */
  readonly encoding: 'message' | 'stream';
  /** Number of the algorithm, 1 to 12. */
  readonly algorithm: number;
  /** The first one generates the data key. */
  readonly keyArns: readonly string[];
  readonly context: EncryptionContext;
  /** Plaintext to write, or message to read, in Base64. */
  readonly bytes: string;
}

/** What came of a job: what was written or read, in Base64, and the context; or why there is nothing. */
export interface Result {
  readonly bytes?: string;
  readonly context?: EncryptionContext;
  readonly error?: string;
}

export const keyArns = ['cn-hangzhou', 'cn-hangzhou', 'cn-beijing'].map(
  (region, i) => `acs:kms:${region}:1000000000000001:key/key-${i}`,
);

/** KMS for these jobs, as the programs stand in for it too: a ciphertext blob is the data key itself. */
export function kmsStandIn(...keyArns: readonly string[]): Keyring {
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

/** A client for every algorithm of the format. */
export const clientOver = (keyring: Keyring) =>
  createEncryptionClient({ keyring }, { format: 'aliyun', allowUnauthenticated: true });

export const suiteOf = (algorithm: number) => Object.values(suites).find(({ id }) => id === algorithm)!;

export interface Case extends Omit<Job, 'operation' | 'bytes'> {
  readonly plaintext: Buffer;
}

const contexts: readonly EncryptionContext[] = [{}, { a: '1' }, { 用途: '互操作', b: '', a: '😀', ﬀ: 'x' }];

/** Every algorithm given, in every encoding given; sizes, contexts and keys vary along. */
export function casesOf(
  algorithms: readonly number[],
  encodings: readonly Job['encoding'][],
): readonly Case[] {
  return algorithms.flatMap((algorithm) =>
    encodings.flatMap((encoding) =>
      [0, 16, 4_096, 70_000].map((size, i) => ({
        algorithm,
        encoding,
        keyArns: keyArns.slice(0, 1 + ((algorithm + i) % 3)),
        context: contexts[(algorithm + i) % contexts.length]!,
        plaintext: Buffer.alloc(size, algorithm),
      })),
    ),
  );
}
