import { createDecipheriv } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { serializeContext } from '../encryption-context.ts';
import { InvalidArgumentError } from '../errors.ts';
import { suites } from '../suites/table.ts';
import { encodeProviderInfo } from '../text.ts';
import { rawAesKeyring } from './raw-aes.ts';

const key = new Uint8Array(32).fill(3);
const options = { namespace: '名前', name: 'ключ 1', key };
const materials = { suite: suites['0x0478'], encryptionContext: { a: 'b' }, encryptedDataKeys: [] };

test('the encrypted data key has the structure of the specification', async () => {
  const { encryptedDataKeys, plaintextDataKey } = await rawAesKeyring(options).onEncrypt(materials);
  const [{ providerId, providerInfo, ciphertext }] = encryptedDataKeys as [
    (typeof encryptedDataKeys)[number],
  ];
  expect(providerId).toBe('名前');
  const info = Buffer.from(encodeProviderInfo(providerInfo));
  const name = Buffer.from('ключ 1');
  expect(info.subarray(0, name.length).equals(name)).toBe(true);
  expect(info.readUInt32BE(name.length)).toBe(128);
  expect(info.readUInt32BE(name.length + 4)).toBe(12);
  const iv = info.subarray(name.length + 8);
  expect(iv.length).toBe(12);

  const decipher = createDecipheriv('aes-256-gcm', key, iv);
  decipher.setAAD(serializeContext({ a: 'b' }));
  decipher.setAuthTag(ciphertext.subarray(32));
  const opened = Buffer.concat([decipher.update(ciphertext.subarray(0, 32)), decipher.final()]);
  expect(opened.equals(plaintextDataKey!)).toBe(true);
});

test('the caller may zero its key once the keyring exists', async () => {
  const own = key.slice();
  const keyring = rawAesKeyring({ ...options, key: own });
  const waiting = keyring.onEncrypt(materials);
  own.fill(0);
  const { encryptedDataKeys, plaintextDataKey } = await waiting;
  const opened = await rawAesKeyring(options).onDecrypt(
    { suite: materials.suite, encryptionContext: { a: 'b' } },
    encryptedDataKeys,
  );
  expect(opened.plaintextDataKey).toEqual(plaintextDataKey);
});

test('names that start alike are different names', async () => {
  const { encryptedDataKeys } = await rawAesKeyring({ ...options, name: 'key' }).onEncrypt(materials);
  const other = rawAesKeyring({ ...options, name: 'key2' });
  const decryption = { suite: materials.suite, encryptionContext: { a: 'b' } };
  expect(await other.onDecrypt(decryption, encryptedDataKeys)).toBe(decryption);
});

test('materials that have a data key already are refused', async () => {
  const { encryptedDataKeys } = await rawAesKeyring(options).onEncrypt(materials);
  const decryption = { suite: materials.suite, encryptionContext: { a: 'b' } };
  const again = { ...decryption, plaintextDataKey: new Uint8Array(32) };
  await expect(rawAesKeyring(options).onDecrypt(again, encryptedDataKeys)).rejects.toThrow(
    InvalidArgumentError,
  );
});

describe('what cannot be a keyring is refused', () => {
  test.each([
    ['15 bytes', { key: new Uint8Array(15) }],
    ['text as the key', { key: 'secret' }],
    ['an empty name', { name: '' }],
    ['a name with a lone surrogate', { name: '\udc00' }],
    ['the namespace of AWS KMS', { namespace: 'aws-kms' }],
    ['the namespace of Alibaba Cloud KMS', { namespace: 'acs-kms' }],
  ])('%s', (_, change) => {
    expect(() => rawAesKeyring({ ...options, ...change } as never)).toThrow(InvalidArgumentError);
  });
});
