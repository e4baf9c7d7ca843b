import { backend } from '#backend';
import type { GcmKey } from '../backend/backend.ts';
import { concat } from '../bytes/concat.ts';
import { ByteReader } from '../bytes/reader.ts';
import { serializeContext } from '../encryption-context.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { Keyring } from '../keyring.ts';
import { concealBytes, generateDataKey } from '../materials/data-key.ts';
import { randomBytes } from '../random.ts';
import { decodeProviderInfo, encodeProviderInfo, encodeUtf8 } from '../text.ts';
import { checkKeyNames, requireNoDataKey } from './key-names.ts';

const ivLength = 12;
const tagLength = 16;

export interface RawAesKeyringOptions {
  /** Written to each message as the provider id; says whose names these are. Not `aws-kms` or `acs-kms`. */
  readonly namespace: string;
  /** Written to each message; says which key of the namespace this is. */
  readonly name: string;
  /** 16, 24 or 32 random bytes. Copied: the caller may zero its own. */
  readonly key: Uint8Array;
}

/**
 * A keyring over one AES key that the caller holds. It wraps with AES-GCM and binds the encryption context.
 *
 * @throws {InvalidArgumentError} when the key is not 16, 24 or 32 bytes, or a name cannot be used
 * @see framework/raw-aes-keyring.md of the AWS Encryption SDK specification
 */
export function rawAesKeyring({ namespace, name, key }: RawAesKeyringOptions): Keyring {
  checkKeyNames(namespace, name);
  if (!(key instanceof Uint8Array) || ![16, 24, 32].includes(key.length)) {
    throw new InvalidArgumentError(
      `the wrapping key must be a Uint8Array of 16, 24 or 32 bytes, not ${key instanceof Uint8Array ? `${key.length} bytes` : typeof key}`,
    );
  }
  const wrappingKey: GcmKey | Promise<GcmKey> = importKey(key);
  const infoPrefix = keyInfoPrefix(name);

  return {
    async onEncrypt(materials) {
      const aad = serializeContext(materials.encryptionContext);
      const dataKey = materials.plaintextDataKey ?? generateDataKey(materials.suite.dataKeyLength);
      const iv = randomBytes(ivLength);
      const ciphertext = new Uint8Array(dataKey.length + tagLength);
      await (await wrappingKey).seal(iv, aad, dataKey, ciphertext, 0);
      const providerInfo = decodeProviderInfo(concat(infoPrefix, iv));
      return {
        ...materials,
        plaintextDataKey: dataKey,
        encryptedDataKeys: [
          ...materials.encryptedDataKeys,
          { providerId: namespace, providerInfo, ciphertext },
        ],
      };
    },

    async onDecrypt(materials, encryptedDataKeys) {
      requireNoDataKey(materials);
      const aad = serializeContext(materials.encryptionContext);
      const { dataKeyLength } = materials.suite;
      for (const { providerId, providerInfo, ciphertext } of encryptedDataKeys) {
        if (providerId !== namespace || ciphertext.length !== dataKeyLength + tagLength) continue;
        const iv = readIv(encodeProviderInfo(providerInfo), infoPrefix);
        if (iv === undefined) continue;
        const dataKey = concealBytes(new Uint8Array(dataKeyLength));
        if (await (await wrappingKey).open(iv, aad, ciphertext, dataKey, 0)) {
          return { ...materials, plaintextDataKey: dataKey };
        }
      }
      return materials;
    },
  };
}

/** WebCrypto copies the key before the promise is made, so the caller's array is free either way. */
function importKey(key: Uint8Array): GcmKey | Promise<GcmKey> {
  const imported = backend.gcmKey(key);
  // A failure shows when the keyring is used; until then it must not be an unhandled rejection.
  if (imported instanceof Promise) imported.catch(() => {});
  return imported;
}

/** Key name, tag length in bits, IV length in bytes: what precedes the IV in the provider info. */
function keyInfoPrefix(name: string): Uint8Array {
  return concat(encodeUtf8(name), Uint8Array.of(0, 0, 0, tagLength * 8, 0, 0, 0, ivLength));
}

function readIv(info: Uint8Array, prefix: Uint8Array): Uint8Array | undefined {
  if (info.length !== prefix.length + ivLength) return undefined;
  for (let i = 0; i < prefix.length; i += 1) if (info[i] !== prefix[i]) return undefined;
  return new ByteReader(info, prefix.length).take(ivLength, 'the IV');
}
