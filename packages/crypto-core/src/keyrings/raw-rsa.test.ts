import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { backend } from '#backend';
import { createEncryptionClient } from '../client/client.ts';
import {
  DataKeyUnwrapError,
  DataKeyWrapError,
  InvalidArgumentError,
  UnsupportedAlgorithmError,
} from '../errors.ts';
import { suites } from '../suites/table.ts';
import { rawRsaKeyring } from './raw-rsa.ts';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const names = { namespace: 'test', name: 'rsa' };
const padding = 'oaep-sha256';
const request = { suite: suites['0x0478'], encryptionContext: {} };
const onNode = backend.name === 'node';
const encodings = {
  PEM: [
    publicKey.export({ type: 'spki', format: 'pem' }) as string,
    privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  ],
  DER: [
    new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' })),
  ],
  JWK: [
    publicKey.export({ format: 'jwk' }) as { kty: string },
    privateKey.export({ format: 'jwk' }) as { kty: string },
  ],
  ...(onNode && { KeyObject: [publicKey, privateKey] }),
} as const;

describe.each(Object.entries(encodings))('keys as %s', (_, [forPublic, forPrivate]) => {
  test('wrap and unwrap', async () => {
    const sender = createEncryptionClient({
      keyring: rawRsaKeyring({ ...names, padding, publicKey: forPublic! }),
    });
    const receiver = createEncryptionClient({
      keyring: rawRsaKeyring({ ...names, padding, privateKey: forPrivate! }),
    });
    const { ciphertext, header } = await sender.encrypt('x', { context: { a: 'b' } });
    expect(header.encryptedDataKeys).toMatchObject([{ providerId: 'test', providerInfo: 'rsa' }]);
    expect([...(await receiver.decrypt(ciphertext, { context: { a: 'b' } })).plaintext]).toEqual([120]);
    await expect(receiver.encrypt('x')).rejects.toThrow(DataKeyWrapError);
    await expect(sender.decrypt(ciphertext)).rejects.toThrow(DataKeyUnwrapError);
  });

  test('a private key in the public key’s place is refused, and the other way round', async () => {
    const swapped = async () => {
      const keyring = rawRsaKeyring({ ...names, padding, publicKey: forPrivate!, privateKey: forPublic! });
      await createEncryptionClient({ keyring }).encrypt('x');
    };
    await expect(swapped()).rejects.toThrow(InvalidArgumentError);
  });
});

if (onNode) {
  test('PKCS#1 PEM, as old tools write it', async () => {
    const keyring = rawRsaKeyring({
      ...names,
      padding: 'oaep-sha1',
      publicKey: publicKey.export({ type: 'pkcs1', format: 'pem' }) as string,
      privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string,
    });
    const client = createEncryptionClient({ keyring });
    expect((await client.decrypt((await client.encrypt('x')).ciphertext)).plaintext.length).toBe(1);
  });

  test('a key that is no RSA key, or cannot be read, is refused without quoting it', () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => rawRsaKeyring({ ...names, padding, publicKey: ec.publicKey })).toThrow('type ec');
    const secret = 'c2VjcmV0IGtleSBieXRlcw==';
    const pem = `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`;
    try {
      rawRsaKeyring({ ...names, padding, privateKey: pem });
      expect.fail('must be refused');
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(String((error as Error).stack)).not.toContain(secret);
    }
  });
} else {
  test('WebCrypto has no PKCS#1 v1.5', async () => {
    const [forPublic] = encodings.PEM;
    const keyring = rawRsaKeyring({ ...names, padding: 'pkcs1', publicKey: forPublic });
    await expect(createEncryptionClient({ keyring }).encrypt('x')).rejects.toThrow(UnsupportedAlgorithmError);
  });

  test('nor PKCS#1 PEM', async () => {
    const pem = publicKey.export({ type: 'pkcs1', format: 'pem' }) as string;
    const keyring = rawRsaKeyring({ ...names, padding, publicKey: pem });
    await expect(createEncryptionClient({ keyring }).encrypt('x')).rejects.toThrow(
      'the only one that WebCrypto reads',
    );
  });
}

test('a modulus too small for a data key under the padding is refused', async () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const pems = {
    publicKey: small.publicKey.export({ type: 'spki', format: 'pem' }) as string,
    privateKey: small.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
  for (const part of [pems, { publicKey: pems.publicKey }, { privateKey: pems.privateKey }]) {
    // WebCrypto reads keys later, so that its refusal shows with the first message.
    const use = async () => {
      const keyring = rawRsaKeyring({ ...names, padding: 'oaep-sha512', ...part });
      const { suite, encryptionContext } = request;
      if ('publicKey' in part) await keyring.onEncrypt({ suite, encryptionContext, encryptedDataKeys: [] });
      else await keyring.onDecrypt(request, []);
    };
    await expect(use()).rejects.toThrow(InvalidArgumentError);
    await expect(use()).rejects.toThrow('1024 bits');
  }
  const large = rawRsaKeyring({ ...names, padding: 'oaep-sha256', ...pems });
  const client = createEncryptionClient({ keyring: large });
  expect((await client.decrypt((await client.encrypt('x')).ciphertext)).plaintext.length).toBe(1);
});

test('a data key that could not be wrapped is zeroed', async () => {
  const keyring = rawRsaKeyring({ ...names, padding, publicKey: encodings.PEM[0] });
  // A data key that is too long for the modulus.
  const suite = { ...suites['0x0478'], dataKeyLength: 400 };
  const draw = crypto.getRandomValues.bind(crypto);
  const drawn: Uint8Array[] = [];
  const spy = vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
    drawn.push(array as never);
    return draw(array as never) as never;
  });
  try {
    const wrapping = keyring.onEncrypt({ suite, encryptionContext: {}, encryptedDataKeys: [] });
    await expect(wrapping).rejects.toThrow(DataKeyWrapError);
  } finally {
    spy.mockRestore();
  }
  const keys = drawn.filter(({ length }) => length === suite.dataKeyLength);
  expect(keys).toHaveLength(1);
  for (const key of keys) expect(key.every((byte) => byte === 0)).toBe(true);

  const own = new Uint8Array(400).fill(7);
  const given = { suite, encryptionContext: {}, encryptedDataKeys: [], plaintextDataKey: own };
  await expect(keyring.onEncrypt(given)).rejects.toThrow(DataKeyWrapError);
  expect(own[0]).toBe(7);
});

test('materials that have a data key already are refused', async () => {
  const keyring = rawRsaKeyring({ ...names, padding, privateKey: encodings.PEM[1] });
  const again = { ...request, plaintextDataKey: new Uint8Array(32) };
  await expect(keyring.onDecrypt(again, [])).rejects.toThrow(InvalidArgumentError);
});

test('no key, and an unknown padding, are refused', () => {
  expect(() => rawRsaKeyring({ ...names, padding })).toThrow('publicKey to encrypt');
  expect(() => rawRsaKeyring({ ...names, padding: 'none' as never, publicKey: encodings.PEM[0] })).toThrow(
    'padding',
  );
  expect(createPublicKey(createPrivateKey(encodings.PEM[1])).equals(publicKey)).toBe(true);
});
