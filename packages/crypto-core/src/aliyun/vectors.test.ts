import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createEncryptionClient } from '../client/client.ts';
import { inspectMessage } from '../client/inspect.ts';
import { rewrapMessage } from '../client/rewrap.ts';
import { YunsealError } from '../errors.ts';
import type { Keyring } from '../keyring.ts';
import { aliyunSuites } from '../suites/aliyun.ts';
import { hasBodyStreams, hasCipher } from '../test-support/aliyun-platform.ts';
import { kmsStandIn } from '../test-support/kms-stand-in.ts';
import { sharedVectors } from '../test-support/shared-vectors.ts';
import { streamThrough } from '../test-support/streams.ts';

interface Vector {
  readonly id: number;
  readonly encoding: 'message' | 'stream';
  readonly algorithm: string;
  readonly algorithmId: number;
  readonly dataKey: string;
  readonly encryptedDataKeys: readonly { readonly keyArn: string; readonly ciphertextBlob: string }[];
  readonly encryptionContext: Readonly<Record<string, string>>;
  readonly plaintext: string;
  readonly ciphertext: string;
  readonly rejectedMutations: readonly { readonly offset: number; readonly byte: number }[];
}

const file = sharedVectors('aliyun-encryption-sdk-java.json');
const vectors: readonly Vector[] = file === undefined ? [] : JSON.parse(readFileSync(file, 'utf8')).vectors;

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));
const byArn = (a: { providerInfo: string }, b: { providerInfo: string }) =>
  Buffer.compare(Buffer.from(a.providerInfo), Buffer.from(b.providerInfo));

/** What KMS is for a vector: it gives the data key for any of the blobs. */
function vectorKeyring({ dataKey }: Vector): Keyring {
  return {
    onEncrypt: async (materials) => materials,
    onDecrypt: async (materials) => ({ ...materials, plaintextDataKey: bytes(dataKey) }),
  };
}

describe.skipIf(file === undefined)(
  'messages of the Java release (../shared/vectors, absent: skipped)',
  () => {
    it('are all there', () => {
      expect(vectors.length).toBeGreaterThanOrEqual(72);
      expect(new Set(vectors.map(({ algorithmId }) => algorithmId)).size).toBe(12);
    });

    const suiteOf = ({ algorithmId }: Vector) =>
      Object.values(aliyunSuites).find(({ id }) => id === algorithmId)!;
    const readable = vectors.filter((vector) => hasCipher(suiteOf(vector)));

    it.each(readable)('$id: $encoding, $algorithm', async (vector) => {
      const ciphertext = bytes(vector.ciphertext);
      const plaintext = bytes(vector.plaintext);
      const client = createEncryptionClient(
        { keyring: vectorKeyring(vector) },
        { allowUnauthenticated: vector.algorithmId > 2 && vector.algorithmId !== 9 },
      );

      const header = inspectMessage(ciphertext);
      expect(header).toMatchObject({ format: 'aliyun', encoding: vector.encoding, version: 1 });
      expect(header.suite).toBe(suiteOf(vector));
      expect(header.suite.name).toBe(vector.algorithm);
      expect(header.context).toEqual(vector.encryptionContext);
      expect([...header.encryptedDataKeys].sort(byArn)).toEqual(
        vector.encryptedDataKeys
          .map(({ keyArn, ciphertextBlob }) => ({
            providerId: 'acs-kms',
            providerInfo: keyArn,
            ciphertext: bytes(ciphertextBlob),
          }))
          .sort(byArn),
      );

      const decrypted = await client.decrypt(ciphertext, { context: vector.encryptionContext });
      expect(Buffer.compare(decrypted.plaintext, plaintext)).toBe(0);
      expect(decrypted.context).toEqual(vector.encryptionContext);
      expect(decrypted.header).toEqual(header);

      for (const size of hasBodyStreams ? [1_021, ciphertext.length] : []) {
        const streamed = await streamThrough(client.decryptStream(), ciphertext, size);
        expect(Buffer.compare(streamed, plaintext)).toBe(0);
      }

      for (const { offset, byte } of vector.rejectedMutations) {
        const mutated = ciphertext.slice();
        mutated[offset] = byte;
        await expect(client.decrypt(mutated), `byte ${offset}`).rejects.toThrow(YunsealError);
        await expect(streamThrough(client.decryptStream(), mutated), `byte ${offset}`).rejects.toThrow(
          YunsealError,
        );
      }
    });

    it.each(readable.filter((_, i) => i % 5 === 0))('$id: rewrapped for another key', async (vector) => {
      const to = kmsStandIn('acs:kms:cn-hangzhou:1:key/new');
      const rewrapped = await rewrapMessage(bytes(vector.ciphertext), { from: vectorKeyring(vector), to });
      expect(inspectMessage(rewrapped).encryptedDataKeys.map(({ providerInfo }) => providerInfo)).toEqual([
        'acs:kms:cn-hangzhou:1:key/new',
      ]);
      const client = createEncryptionClient({ keyring: to }, { allowUnauthenticated: true });
      const { plaintext } = await client.decrypt(rewrapped);
      expect(Buffer.compare(plaintext, bytes(vector.plaintext))).toBe(0);
    });
  },
);
