import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
  RawRsaKeyringNode,
} from '@aws-crypto/client-node';
import {
  createEncryptionClient,
  type Keyring,
  rawAesKeyring,
  rawRsaKeyring,
  type SuiteId,
  suites,
} from '@yunseal/crypto-core';
import { describe, expect, it } from 'vitest';

/** The eleven suites of the framed format. `REQUIRE_…` policies write the last two, `FORBID_…` the others. */
const suiteIds = [
  '0x0014',
  '0x0046',
  '0x0078',
  '0x0114',
  '0x0146',
  '0x0178',
  '0x0214',
  '0x0346',
  '0x0378',
  '0x0478',
  '0x0578',
] as const satisfies readonly SuiteId[];

const context = { purpose: 'interop', 用途: '互操作', empty: '' };
const plaintext = Buffer.from(Array.from({ length: 10_000 }, (_, i) => (i * 7) & 0xff));

const aesKey = (bytes: number) => new Uint8Array(bytes).fill(bytes);
const aesWrapping = {
  16: RawAesWrappingSuiteIdentifier.AES128_GCM_IV12_TAG16_NO_PADDING,
  24: RawAesWrappingSuiteIdentifier.AES192_GCM_IV12_TAG16_NO_PADDING,
  32: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
} as const;

function ours(keyBytes: 16 | 24 | 32): Keyring {
  return rawAesKeyring({ namespace: 'interop', name: 'aes', key: aesKey(keyBytes) });
}

function theirs(keyBytes: 16 | 24 | 32): RawAesKeyringNode {
  return new RawAesKeyringNode({
    keyNamespace: 'interop',
    keyName: 'aes',
    // The wrapping key must own its memory, outside Node.js's pool.
    unencryptedMasterKey: aesKey(keyBytes),
    wrappingSuite: aesWrapping[keyBytes],
  });
}

const peer = (suiteId: SuiteId) =>
  buildClient(
    suites[suiteId].commitmentLength > 0
      ? CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
      : CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT,
  );
const client = (keyring: Keyring) => createEncryptionClient({ keyring }, { commitmentPolicy: 'allow' });
const peerSuite = (suiteId: SuiteId) => suites[suiteId].id as AlgorithmSuiteIdentifier;

describe.each(suiteIds)('suite %s', (suiteId) => {
  const frameLengths = [1_000, 4_096, 65_536];

  it('knows the suite', () => {
    expect(AlgorithmSuiteIdentifier[peerSuite(suiteId)]).toBeDefined();
  });

  it('what the peer writes, this package reads', async () => {
    for (const frameLength of frameLengths) {
      for (const bytes of [Buffer.alloc(0), plaintext.subarray(0, 1), plaintext]) {
        const { result } = await peer(suiteId).encrypt(theirs(32), bytes, {
          suiteId: peerSuite(suiteId),
          frameLength,
          encryptionContext: context,
        });
        const decrypted = await client(ours(32)).decrypt(result, { context });
        expect(Buffer.compare(decrypted.plaintext, bytes)).toBe(0);
        expect(decrypted.context).toEqual(context);
        expect(decrypted.header).toMatchObject({ format: 'framed', suite: suites[suiteId], frameLength });
      }
    }
  });

  it('what this package writes, the peer reads', async () => {
    for (const frameLength of frameLengths) {
      for (const bytes of [Buffer.alloc(0), plaintext.subarray(0, 1), plaintext]) {
        const { ciphertext } = await client(ours(32)).encrypt(bytes, {
          suite: suiteId,
          frameLength,
          context,
        });
        const read = await peer(suiteId).decrypt(theirs(32), Buffer.from(ciphertext));
        expect(read.plaintext.equals(bytes)).toBe(true);
        expect(read.messageHeader.encryptionContext).toMatchObject(context);
        expect(read.messageHeader.suiteId).toBe(peerSuite(suiteId));
      }
    }
  });

  it('streams, in both directions', async () => {
    const encrypting = peer(suiteId).encryptStream(theirs(32), {
      suiteId: peerSuite(suiteId),
      frameLength: 1_024,
      encryptionContext: context,
    });
    const written = await buffer(Readable.from(pieces(plaintext, 777)).pipe(encrypting));
    const decrypted = ReadableStream.from(pieces(written, 333)).pipeThrough(client(ours(32)).decryptStream());
    expect(Buffer.compare(await new Response(decrypted).bytes(), plaintext)).toBe(0);

    const encrypted = ReadableStream.from(pieces(plaintext, 777)).pipeThrough(
      client(ours(32)).encryptStream({ suite: suiteId, frameLength: 1_024, context }),
    );
    const message = Buffer.from(await new Response(encrypted).bytes());
    const decrypting = peer(suiteId).decryptStream(theirs(32));
    const header = once(decrypting, 'MessageHeader');
    const read = await buffer(Readable.from(pieces(message, 333)).pipe(decrypting));
    expect(read.equals(plaintext)).toBe(true);
    expect((await header)[0].encryptionContext).toMatchObject(context);
  });

  it('each refuses what was changed after the other wrote it', async () => {
    const { result } = await peer(suiteId).encrypt(theirs(32), plaintext, { suiteId: peerSuite(suiteId) });
    result[result.length - 200]! ^= 1;
    await expect(client(ours(32)).decrypt(result)).rejects.toMatchObject({ name: /Error$/ });
    const { ciphertext } = await client(ours(32)).encrypt(plaintext, { suite: suiteId });
    ciphertext[ciphertext.length - 200]! ^= 1;
    await expect(peer(suiteId).decrypt(theirs(32), Buffer.from(ciphertext))).rejects.toThrow();
  });
});

describe('raw keyrings', () => {
  const write = { suiteId: peerSuite('0x0478') };

  it.each([16, 24, 32] as const)('AES of %d bytes wraps for both', async (keyBytes) => {
    const { result } = await peer('0x0478').encrypt(theirs(keyBytes), plaintext, write);
    expect(Buffer.compare((await client(ours(keyBytes)).decrypt(result)).plaintext, plaintext)).toBe(0);
    const { ciphertext } = await client(ours(keyBytes)).encrypt(plaintext);
    const read = await peer('0x0478').decrypt(theirs(keyBytes), Buffer.from(ciphertext));
    expect(read.plaintext.equals(plaintext)).toBe(true);
  });

  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

  it.each(['oaep-sha1', 'oaep-sha256', 'oaep-sha384', 'oaep-sha512', 'pkcs1'] as const)(
    'RSA with %s wraps for both',
    async (padding) => {
      const { constants } = await import('node:crypto');
      const rsa = rawRsaKeyring({ namespace: 'interop', name: 'rsa', publicKey, privateKey, padding });
      const peerRsa = new RawRsaKeyringNode({
        keyNamespace: 'interop',
        keyName: 'rsa',
        rsaKey: { publicKey, privateKey },
        ...(padding === 'pkcs1'
          ? { padding: constants.RSA_PKCS1_PADDING }
          : {
              padding: constants.RSA_PKCS1_OAEP_PADDING,
              oaepHash: padding.slice('oaep-'.length) as 'sha1' | 'sha256' | 'sha384' | 'sha512',
            }),
      });
      const { result } = await peer('0x0478').encrypt(peerRsa, plaintext, write);
      expect(Buffer.compare((await client(rsa).decrypt(result)).plaintext, plaintext)).toBe(0);
      const { ciphertext } = await client(rsa).encrypt(plaintext);
      const read = await peer('0x0478').decrypt(peerRsa, Buffer.from(ciphertext));
      expect(read.plaintext.equals(plaintext)).toBe(true);
    },
  );
});

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
