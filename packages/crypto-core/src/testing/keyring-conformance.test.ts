import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { backend } from '#backend';
import type { RsaPadding } from '../backend/backend.ts';
import { createEncryptionClient } from '../client/client.ts';
import { UnsupportedAlgorithmError } from '../errors.ts';
import type { Keyring } from '../keyring.ts';
import { multiKeyring } from '../keyrings/multi.ts';
import { rawAesKeyring } from '../keyrings/raw-aes.ts';
import { rawRsaKeyring } from '../keyrings/raw-rsa.ts';
import { testKeyring } from '../test-support/keyrings.ts';
import { ConformanceError, keyringConformance } from './keyring-conformance.ts';

describe.each([16, 24, 32])('the raw AES keyring with %i bytes', (length) => {
  const keyring = (byte: number) =>
    rawAesKeyring({ namespace: 'n', name: 'k', key: new Uint8Array(length).fill(byte) });
  for (const { name, run } of keyringConformance({
    createKeyring: () => keyring(1),
    createOtherKeyring: () => keyring(2),
  })) {
    test(name, run);
  }
});

describe('the raw RSA keyring', () => {
  const pair = () =>
    generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
  const [one, two] = [pair(), pair()];
  const paddings: RsaPadding[] = ['oaep-sha1', 'oaep-sha256', 'oaep-sha384', 'oaep-sha512'];
  // Node.js 22 has no OpenSSL that can decrypt PKCS#1 v1.5 without telling what was wrong with it.
  const decryptsPkcs1 = Number(process.versions.openssl.split('.', 2).join('')) >= 32;
  if (backend.name === 'node' && decryptsPkcs1) paddings.push('pkcs1');
  if (backend.name === 'node' && !decryptsPkcs1) {
    test('with pkcs1 says that this Node.js cannot decrypt', async () => {
      const client = createEncryptionClient({
        keyring: rawRsaKeyring({ namespace: 'n', name: 'k', padding: 'pkcs1', ...one }),
      });
      const { ciphertext } = await client.encrypt('x');
      await expect(client.decrypt(ciphertext)).rejects.toThrow(UnsupportedAlgorithmError);
    });
  }
  describe.each(paddings)('with %s', (padding) => {
    const cases = keyringConformance({
      createKeyring: () => rawRsaKeyring({ namespace: 'n', name: 'k', padding, ...one }),
      createOtherKeyring: () => rawRsaKeyring({ namespace: 'n', name: 'k', padding, ...two }),
      bindsContext: false,
    });
    for (const { name, run } of cases) {
      // PKCS#1 v1.5 cannot tell a wrong ciphertext from a right one: the runtime gives random bytes for it instead.
      if (padding === 'pkcs1' && /refuses|goes on|another wrapping key/.test(name)) continue;
      test(name, run);
    }
  });
});

describe('the multi-keyring', () => {
  for (const { name, run } of keyringConformance({
    createKeyring: () => multiKeyring({ generator: testKeyring(1, 'a'), children: [testKeyring(2, 'b')] }),
    createOtherKeyring: () =>
      multiKeyring({ generator: testKeyring(3, 'a'), children: [testKeyring(4, 'b')] }),
  })) {
    test(name, run);
  }
});

describe('keyrings that do not conform are found out', () => {
  const good = testKeyring();
  const broken: Record<string, [Partial<Keyring>, RegExp]> = {
    'one data key for all': [
      {
        onEncrypt: async (materials) =>
          good.onEncrypt({
            ...materials,
            plaintextDataKey: materials.plaintextDataKey ?? new Uint8Array(materials.suite.dataKeyLength),
          }),
      },
      /another data key for every message/,
    ],
    'replaces the data key': [
      { onEncrypt: async (materials) => good.onEncrypt({ ...materials, plaintextDataKey: undefined }) },
      /wraps a data key that is there already/,
    ],
    'drops encrypted data keys': [
      { onEncrypt: async (materials) => good.onEncrypt({ ...materials, encryptedDataKeys: [] }) },
      /wraps a data key that is there already/,
    ],
    'stores the data key': [
      {
        onEncrypt: async (materials) => {
          const result = await good.onEncrypt(materials);
          const [key] = result.encryptedDataKeys.slice(-1);
          return {
            ...result,
            encryptedDataKeys: [
              ...result.encryptedDataKeys,
              { ...key!, providerId: 'leak', ciphertext: Uint8Array.from(result.plaintextDataKey!) },
            ],
          };
        },
      },
      /hide the data key/,
    ],
    'mutates its materials': [
      {
        onEncrypt: async (materials) => {
          const result = await good.onEncrypt(materials);
          (materials.encryptedDataKeys as unknown[]).push(result.encryptedDataKeys[0]);
          return result;
        },
      },
      /changes neither the materials/,
    ],
    'ignores the context': [
      {
        onEncrypt: async (materials) => ({
          ...(await good.onEncrypt({ ...materials, encryptionContext: {} })),
          encryptionContext: materials.encryptionContext,
        }),
        onDecrypt: async (materials, keys) => ({
          ...(await good.onDecrypt({ ...materials, encryptionContext: {} }, keys)),
          encryptionContext: materials.encryptionContext,
        }),
      },
      /under another context/,
    ],
    'gives up at the first failure': [
      {
        onDecrypt: async (materials, keys) => {
          const result = await good.onDecrypt(materials, keys.slice(0, 1));
          if (keys.length > 0 && result.plaintextDataKey === undefined) throw new Error('no');
          return result;
        },
      },
      /among foreign ones|goes on to the next|back unchanged/,
    ],
  };
  test.each(Object.entries(broken))('%s', async (_, [change, expected]) => {
    const failures: string[] = [];
    const cases = keyringConformance({
      createKeyring: () => ({ ...good, ...change }),
      createOtherKeyring: () => testKeyring(9),
    });
    for (const { name, run } of cases) {
      await run().catch((error: unknown) => {
        if (!(error instanceof ConformanceError) && !(error instanceof Error)) throw error;
        failures.push(name);
      });
    }
    expect(failures.join('\n')).toMatch(expected);
    expect(failures.length).toBeLessThan(cases.length);
  });
});
