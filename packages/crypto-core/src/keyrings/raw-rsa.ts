import { backend } from '#backend';
import type {
  MaybePromise,
  RsaKeyInput,
  RsaPadding,
  RsaPrivateKey,
  RsaPublicKey,
} from '../backend/backend.ts';
import { DataKeyUnwrapError, DataKeyWrapError, InvalidArgumentError } from '../errors.ts';
import type { Keyring } from '../keyring.ts';
import { concealBytes, generateDataKey } from '../materials/data-key.ts';
import { checkKeyNames, requireNoDataKey } from './key-names.ts';

export interface RawRsaKeyringOptions {
  /** Written to each message as the provider id; says whose names these are. Not `aws-kms` or `acs-kms`. */
  readonly namespace: string;
  /** Written to each message; says which key of the namespace this is. */
  readonly name: string;
  /** Wraps. PEM or DER (SubjectPublicKeyInfo), JWK, or a node:crypto KeyObject. Without it the keyring cannot encrypt. */
  readonly publicKey?: RsaKeyInput | undefined;
  /** Unwraps. PEM or DER (PKCS#8), JWK, or a node:crypto KeyObject. Without it the keyring cannot decrypt. */
  readonly privateKey?: RsaKeyInput | undefined;
  /** OAEP with the hash named, also for MGF1, or PKCS#1 v1.5 (for old messages: do not choose it for new ones). */
  readonly padding: RsaPadding;
}

const paddings: readonly RsaPadding[] = ['oaep-sha1', 'oaep-sha256', 'oaep-sha384', 'oaep-sha512', 'pkcs1'];

/**
 * A keyring over one RSA key. RSA wraps the data key alone: the encryption context is bound by the message, not by
 * the wrapping.
 *
 * @throws {InvalidArgumentError} when a key cannot be read, is no RSA key or is too small for its padding, or there is
 * none
 * @see framework/raw-rsa-keyring.md of the AWS Encryption SDK specification
 */
export function rawRsaKeyring(options: RawRsaKeyringOptions): Keyring {
  const { namespace, name, padding } = options;
  checkKeyNames(namespace, name);
  if (!paddings.includes(padding)) {
    throw new InvalidArgumentError(`padding must be one of ${paddings.join(', ')}, not ${String(padding)}`);
  }
  if (options.publicKey === undefined && options.privateKey === undefined) {
    throw new InvalidArgumentError(
      'a raw RSA keyring needs a publicKey to encrypt, a privateKey to decrypt, or both',
    );
  }
  const publicKey = handled<RsaPublicKey>(
    options.publicKey === undefined ? undefined : backend.rsaPublicKey(options.publicKey, padding),
  );
  const privateKey = handled<RsaPrivateKey>(
    options.privateKey === undefined ? undefined : backend.rsaPrivateKey(options.privateKey, padding),
  );

  return {
    async onEncrypt(materials) {
      if (publicKey === undefined) {
        throw new DataKeyWrapError(
          `the RSA keyring ${JSON.stringify(name)} has no public key, so it cannot encrypt`,
        );
      }
      const key = await publicKey;
      const dataKey = materials.plaintextDataKey ?? generateDataKey(materials.suite.dataKeyLength);
      let ciphertext: Uint8Array;
      try {
        ciphertext = await key.encrypt(dataKey);
      } catch (error) {
        if (dataKey !== materials.plaintextDataKey) dataKey.fill(0);
        throw new DataKeyWrapError(
          `the RSA keyring ${JSON.stringify(name)} could not wrap a data key of ${materials.suite.dataKeyLength} bytes`,
          [error],
        );
      }
      return {
        ...materials,
        plaintextDataKey: dataKey,
        encryptedDataKeys: [
          ...materials.encryptedDataKeys,
          { providerId: namespace, providerInfo: name, ciphertext },
        ],
      };
    },

    async onDecrypt(materials, encryptedDataKeys) {
      requireNoDataKey(materials);
      if (privateKey === undefined) {
        throw new DataKeyUnwrapError(
          `the RSA keyring ${JSON.stringify(name)} has no private key, so it cannot decrypt`,
        );
      }
      const key = await privateKey;
      const { dataKeyLength } = materials.suite;
      for (const { providerId, providerInfo, ciphertext } of encryptedDataKeys) {
        if (providerId !== namespace || providerInfo !== name) continue;
        const dataKey = await key.decrypt(ciphertext);
        if (dataKey?.length === dataKeyLength) {
          return { ...materials, plaintextDataKey: concealBytes(dataKey) };
        }
        // With PKCS#1 v1.5 a wrong ciphertext "decrypts" to random bytes: not a key of this suite, so not ours.
        dataKey?.fill(0);
      }
      return materials;
    },
  };
}

/** An import that fails shows when the keyring is used; until then it must not be an unhandled rejection. */
function handled<T>(value: MaybePromise<T> | undefined): MaybePromise<T> | undefined {
  if (value instanceof Promise) value.catch(() => {});
  return value;
}
