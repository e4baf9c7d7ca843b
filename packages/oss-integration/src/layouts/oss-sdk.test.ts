import { createCipheriv, generateKeyPairSync, randomBytes } from 'node:crypto';
import { UnsupportedAlgorithmError } from '@yunseal/crypto-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MasterKeyError, ObjectMetadataError } from '../errors.ts';
import { kmsMasterKey, pickMasterKey, rsaMasterKey } from '../master-key.ts';
import { recogniseLayout } from './layout.ts';
import {
  counterAt,
  ctrStream,
  newContentKey,
  openContentKey,
  readOssSdkMetadata,
  writeOssSdkMetadata,
} from './oss-sdk.ts';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsa = rsaMasterKey({ privateKey: pair.privateKey, description: { desc: 'one' } });

describe('metadata', () => {
  it('comes back as it was written', async () => {
    const contentKey = newContentKey();
    const metadata = await writeOssSdkMetadata(contentKey, rsa, { contentLength: 5 });
    expect(metadata['client-side-encryption-cek-alg']).toBe('AES/CTR/NoPadding');
    expect(metadata['client-side-encryption-wrap-alg']).toBe('RSA/NONE/PKCS1Padding');
    expect(metadata['client-side-encryption-matdesc']).toBe('{"desc":"one"}');
    const envelope = readOssSdkMetadata(metadata);
    expect(envelope.contentLength).toBe(5);
    const opened = await openContentKey(envelope, [rsa]);
    expect(Buffer.from(opened.key)).toEqual(Buffer.from(contentKey.key));
    expect(Buffer.from(opened.iv)).toEqual(Buffer.from(contentKey.iv));
  });

  it('notes the sizes of a multipart upload', async () => {
    const multipart = { dataSize: 300_000, partSize: 102_400 };
    const metadata = await writeOssSdkMetadata(newContentKey(), rsa, { multipart });
    expect(metadata['client-side-encryption-data-size']).toBe('300000');
    expect(metadata['client-side-encryption-part-size']).toBe('102400');
  });

  it.each(['key', 'start', 'wrap-alg', 'cek-alg'])(
    'is refused without %s, which the error names',
    async (field) => {
      const metadata = await writeOssSdkMetadata(newContentKey(), rsa, {});
      delete metadata[`client-side-encryption-${field}`];
      expect(() => readOssSdkMetadata(metadata)).toThrow(
        expect.objectContaining({ code: 'InvalidObjectMetadata', field: `client-side-encryption-${field}` }),
      );
    },
  );

  it.each([
    ['key', '*'],
    ['start', ''],
    ['unencrypted-content-length', '-1'],
    ['unencrypted-content-length', '1e9'],
  ])('is refused when %s is %j', async (field, value) => {
    const metadata = await writeOssSdkMetadata(newContentKey(), rsa, {});
    metadata[`client-side-encryption-${field}`] = value;
    expect(() => readOssSdkMetadata(metadata)).toThrow(ObjectMetadataError);
  });

  it('of older releases is refused by the name of its algorithm', async () => {
    const metadata = await writeOssSdkMetadata(newContentKey(), rsa, {});
    metadata['client-side-encryption-cek-alg'] = 'AES/GCM/NoPadding';
    expect(() => readOssSdkMetadata(metadata)).toThrow(UnsupportedAlgorithmError);
    expect(() => readOssSdkMetadata(metadata)).toThrow('AES/GCM/NoPadding');
  });
});

describe('metadata of releases before V2', () => {
  it('is recognised, and refused by the name of its algorithm', () => {
    const metadata = { 'oss-crypto-key': 'AAAA', 'oss-cek-alg': 'AES/GCM/NoPadding' };
    expect(recogniseLayout(metadata, 1)).toEqual({ layout: 'oss-sdk' });
    expect(() => readOssSdkMetadata(metadata)).toThrow(UnsupportedAlgorithmError);
    expect(() => readOssSdkMetadata(metadata)).toThrow('AES/GCM/NoPadding');
  });
});

describe('the content key', () => {
  it('has an IV of 8 random bytes and a counter below 2^32', () => {
    const { key, iv } = newContentKey();
    expect(key).toHaveLength(32);
    expect([...iv.subarray(8, 12)]).toEqual([0, 0, 0, 0]);
  });

  it('is not opened by another RSA key', async () => {
    const other = rsaMasterKey({
      privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
    });
    const envelope = readOssSdkMetadata(await writeOssSdkMetadata(newContentKey(), other, {}));
    await expect(openContentKey(envelope, [rsaMasterKey({ privateKey: pair.privateKey })])).rejects.toThrow(
      MasterKeyError,
    );
  });

  it('fails to open in one way, whatever is wrong with how it is wrapped', async () => {
    const envelope = readOssSdkMetadata(await writeOssSdkMetadata(newContentKey(), rsa, {}));
    const wrapped = (length: number) => rsa.wrap(new Uint8Array(length));
    const wrong = [
      { ...envelope, wrappedKey: new Uint8Array(randomBytes(256)) },
      { ...envelope, wrappedKey: new Uint8Array(5) },
      { ...envelope, wrappedKey: await wrapped(31) },
      { ...envelope, wrappedKey: await wrapped(0) },
      { ...envelope, wrappedKey: envelope.wrappedIv },
      { ...envelope, wrappedIv: await wrapped(32) },
      { ...envelope, wrappedIv: new Uint8Array(300) },
    ];
    const messages = new Set<string>();
    for (const each of wrong) {
      const error: unknown = await openContentKey(each, [rsa]).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(MasterKeyError);
      messages.add((error as MasterKeyError).message);
      expect((error as MasterKeyError).cause).toBeUndefined();
    }
    expect([...messages]).toEqual([expect.stringMatching(/^the master key does not open/)]);
  });

  it('is not written when the master key wraps it to nothing', async () => {
    const broken = kmsMasterKey({ encrypt: async () => '', decrypt: async () => '' });
    await expect(writeOssSdkMetadata(newContentKey(), broken, {})).rejects.toThrow(MasterKeyError);
  });

  it('is wrapped by KMS as Base64 text, and stored as the raw bytes of the blob', async () => {
    const sent: string[] = [];
    const kms = kmsMasterKey({
      encrypt: async (text) => {
        sent.push(text);
        return Buffer.from(`blob:${text}`).toString('base64');
      },
      decrypt: async (blob) => Buffer.from(blob, 'base64').toString().slice('blob:'.length),
    });
    const contentKey = newContentKey();
    const metadata = await writeOssSdkMetadata(contentKey, kms, {});
    expect(sent).toEqual([contentKey.key, contentKey.iv].map((part) => Buffer.from(part).toString('base64')));
    expect(metadata['client-side-encryption-wrap-alg']).toBe('KMS/ALICLOUD');
    const opened = await openContentKey(readOssSdkMetadata(metadata), [rsa, kms]);
    expect(Buffer.from(opened.key)).toEqual(Buffer.from(contentKey.key));
  });
});

describe('pickMasterKey', () => {
  const one = rsaMasterKey({ publicKey: pair.publicKey, description: '{"a":"1","b":"2"}' });
  const two = rsaMasterKey({ publicKey: pair.publicKey, description: '{"b":"2","a":"1"}' });
  const plain = rsaMasterKey({ publicKey: pair.publicKey });
  const algorithm = 'RSA/NONE/PKCS1Padding';

  it('goes by the exact description before it looks at what it says', () => {
    expect(pickMasterKey([one, two], algorithm, '{"b":"2","a":"1"}')).toBe(two);
    expect(pickMasterKey([one], algorithm, '{"b":"2","a":"1"}')).toBe(one);
  });

  it('takes the key without description, or the only one, for an object without', () => {
    expect(pickMasterKey([one, plain], algorithm, undefined)).toBe(plain);
    expect(pickMasterKey([one], algorithm, undefined)).toBe(one);
    expect(() => pickMasterKey([one, two], algorithm, undefined)).toThrow(MasterKeyError);
  });

  it('says which description and algorithm it looked for', () => {
    expect(() => pickMasterKey([one], algorithm, '{"c":"3"}')).toThrow('{"c":"3"}');
    expect(() => pickMasterKey([one], 'KMS/ALICLOUD', undefined)).toThrow('KMS/ALICLOUD');
  });
});

describe('AES-CTR', () => {
  it('from any offset, in any pieces, gives the bytes of the whole', () => {
    const contentKey = newContentKey();
    const plaintext = randomBytes(1000);
    const cipher = createCipheriv('aes-256-ctr', contentKey.key, contentKey.iv);
    const whole = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 100 }), (offset, size) => {
        const apply = ctrStream(contentKey, offset);
        const pieces: Uint8Array[] = [];
        for (let at = offset; at < whole.length; at += size)
          pieces.push(apply(whole.subarray(at, at + size)));
        expect(Buffer.concat(pieces).equals(plaintext.subarray(offset))).toBe(true);
      }),
    );
  });

  it('carries the counter as the cipher itself does', () => {
    const iv = new Uint8Array(16).fill(0xff);
    expect([...counterAt(iv, 1)]).toEqual(new Array(16).fill(0));
    const contentKey = { key: new Uint8Array(32), iv };
    const whole = ctrStream(contentKey)(new Uint8Array(64));
    expect(ctrStream(contentKey, 32)(new Uint8Array(32))).toEqual(whole.subarray(32));
  });
});
