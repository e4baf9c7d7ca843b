import type { EncryptedDataKey, Keyring } from '../keyring.ts';
import { rawAesKeyring } from '../keyrings/raw-aes.ts';
import { framedSuites } from '../suites/framed.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';

/** A raw AES keyring whose key is this byte, 32 times: equal names and bytes make equal keyrings. */
export function testKeyring(byte = 7, name = 'key'): Keyring {
  return rawAesKeyring({ namespace: 'test', name, key: new Uint8Array(32).fill(byte) });
}

/** A keyring that gives `dataKey` to everybody and keeps hold of every array it handed out. */
export function rememberingKeyring(dataKey?: Uint8Array): Keyring & { readonly handedOut: Uint8Array[] } {
  const handedOut: Uint8Array[] = [];
  const give = (length: number) => {
    const key = dataKey?.slice() ?? new Uint8Array(length).fill(0xa5);
    handedOut.push(key);
    return key;
  };
  const wrapped: EncryptedDataKey = {
    providerId: 'remembering',
    providerInfo: 'k',
    ciphertext: Uint8Array.of(1),
  };
  return {
    handedOut,
    onEncrypt: async (materials) => ({
      ...materials,
      encryptedDataKeys: [...materials.encryptedDataKeys, wrapped],
      plaintextDataKey: materials.plaintextDataKey ?? give(materials.suite.dataKeyLength),
    }),
    onDecrypt: async (materials) => ({ ...materials, plaintextDataKey: give(materials.suite.dataKeyLength) }),
  };
}

export const allFramedSuites: readonly AlgorithmSuite[] = Object.values(framedSuites);
