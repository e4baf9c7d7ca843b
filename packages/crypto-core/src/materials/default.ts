import { backend } from '#backend';
import { encodeBase64 } from '../base64.ts';
import { publicKeyEntry } from '../encryption-context.ts';
import {
  DataKeyUnwrapError,
  DataKeyWrapError,
  EncryptionContextError,
  KeyringContractError,
} from '../errors.ts';
import type { EncryptedDataKey, Keyring } from '../keyring.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';
import { concealBytes } from './data-key.ts';
import type { MaterialsManager } from './manager.ts';

/**
 * A fresh data key from the keyring for every message.
 *
 * @see framework/default-cmm.md of the AWS Encryption SDK specification
 */
export function defaultMaterials(keyring: Keyring): MaterialsManager {
  return {
    async getEncryptionMaterials({ suite, encryptionContext }) {
      if (suite.format === 'framed' && Object.hasOwn(encryptionContext, publicKeyEntry)) {
        throw new EncryptionContextError(
          `the context entry ${publicKeyEntry} is the format's own: it would be overwritten, or pass for a signed message's`,
          publicKeyEntry,
        );
      }
      const pair =
        suite.signature === undefined ? undefined : await backend.generateSigningKey(suite.signature);
      const context =
        pair === undefined
          ? encryptionContext
          : Object.freeze({ ...encryptionContext, [publicKeyEntry]: encodeBase64(pair.publicPoint) });
      const wrapped = await keyring.onEncrypt({ suite, encryptionContext: context, encryptedDataKeys: [] });
      const plaintextDataKey = checkDataKey(wrapped?.plaintextDataKey, suite);
      if (plaintextDataKey === undefined || wrapped.encryptedDataKeys.length === 0) {
        plaintextDataKey?.fill(0);
        throw new DataKeyWrapError(
          plaintextDataKey === undefined
            ? 'the keyring gave no data key: none of its wrapping keys can generate one'
            : 'the keyring gave a data key but no encrypted data key: nobody could decrypt the message',
        );
      }
      return {
        suite,
        encryptionContext: context,
        // Headers show these, and cached materials share them.
        encryptedDataKeys: Object.freeze(wrapped.encryptedDataKeys.map((key) => Object.freeze({ ...key }))),
        plaintextDataKey,
        signingKey: pair?.privateKey,
      };
    },

    async getDecryptionMaterials({ suite, encryptionContext, encryptedDataKeys }) {
      const unwrapped = await keyring.onDecrypt({ suite, encryptionContext }, encryptedDataKeys);
      const plaintextDataKey = checkDataKey(unwrapped?.plaintextDataKey, suite);
      if (plaintextDataKey === undefined) {
        throw new DataKeyUnwrapError(
          `the keyring unwrapped none of the message's encrypted data keys: ${describe(encryptedDataKeys)}`,
        );
      }
      return { suite, encryptionContext, plaintextDataKey };
    },
  };
}

function checkDataKey(key: Uint8Array | undefined, suite: AlgorithmSuite): Uint8Array | undefined {
  if (key === undefined) return undefined;
  if (!(key instanceof Uint8Array) || key.length !== suite.dataKeyLength) {
    const given = key instanceof Uint8Array ? `${key.length} bytes` : 'something else than a Uint8Array';
    if (key instanceof Uint8Array) key.fill(0);
    throw new KeyringContractError(
      `the keyring gave ${given} as the data key; suite ${suite.name} needs ${suite.dataKeyLength} bytes`,
    );
  }
  return concealBytes(key);
}

/** A message may have thousands of encrypted data keys, and an error goes to logs. */
const mostDescribed = 10;

/** For an error: which providers and keys a message was encrypted for. */
export function describe(encryptedDataKeys: readonly EncryptedDataKey[]): string {
  const described = encryptedDataKeys
    .slice(0, mostDescribed)
    .map(({ providerId, providerInfo }) => `${printable(providerId)} ${printable(providerInfo)}`);
  const more = encryptedDataKeys.length - described.length;
  return `${described.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function printable(text: string): string {
  // A raw AES keyring's info goes on in binary after the key's name.
  const [name = ''] = text.split('\0', 1);
  return JSON.stringify(name.length > 128 ? `${name.slice(0, 128)}…` : name);
}
