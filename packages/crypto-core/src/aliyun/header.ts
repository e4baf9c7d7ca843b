import { encodeBase64 } from '../base64.ts';
import { concat } from '../bytes/concat.ts';
import { compareBytes } from '../encryption-context.ts';
import {
  InvalidArgumentError,
  LimitExceededError,
  MalformedMessageError,
  UnsupportedAlgorithmError,
} from '../errors.ts';
import type { EncryptedDataKey, EncryptionContext } from '../keyring.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';
import { suiteById } from '../suites/table.ts';
import { decodeUtf8, encodeUtf8 } from '../text.ts';
import { maxContextLength, serializeContext } from './encryption-context.ts';
import { keyIdOf, keyOfId } from './key-id.ts';
import { lengthPrefixed, uint32 } from './uint32.ts';

/** The only version there is. */
export const formatVersion = 1;
/** Length of the header tag's own initialization vector, in bytes, whatever the algorithm. */
export const headerIvLength = 12;
export const headerTagLength = 16;

/** What a header says, and its tag authenticates. */
export interface HeaderFields {
  readonly suite: AlgorithmSuite;
  readonly encryptedDataKeys: readonly EncryptedDataKey[];
  readonly context: EncryptionContext;
}

/** A header as either encoding holds it. */
export interface TaggedHeader extends HeaderFields {
  /** Initialization vector of the header tag, 12 bytes. */
  readonly iv: Uint8Array;
  /** Tag over the fields under the data key, 16 bytes. */
  readonly tag: Uint8Array;
}

/** An encrypted data key, and the bytes of the key id it is stored under. */
export interface StoredKey {
  readonly id: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/**
 * The keys in the order in which they are authenticated and written, which is that of their ids' bytes.
 *
 * @throws {InvalidArgumentError} when there are none, when two share an id, or when one cannot be stored
 */
export function storedKeys(encryptedDataKeys: readonly EncryptedDataKey[]): readonly StoredKey[] {
  if (encryptedDataKeys.length === 0) {
    throw new InvalidArgumentError('a message needs at least one encrypted data key, and there is none');
  }
  const stored = encryptedDataKeys.map((key) => {
    const id = keyIdOf(key);
    if (id === undefined) {
      throw new InvalidArgumentError(
        `the aliyun format cannot store an encrypted data key with provider id ${JSON.stringify(key.providerId)} and provider info ${JSON.stringify(key.providerInfo)}`,
      );
    }
    return { id: encodeUtf8(id), ciphertext: key.ciphertext, key };
  });
  stored.sort((left, right) => compareBytes(left.id, right.id));
  stored.forEach(({ id, key }, i) => {
    if (i > 0 && compareBytes(stored[i - 1]!.id, id) === 0) {
      // The Java release would count both, authenticate one, and then refuse its own message.
      throw new InvalidArgumentError(
        `two encrypted data keys are for ${key.providerInfo}; the aliyun format takes one for each wrapping key`,
      );
    }
  });
  return stored;
}

/** A key as the header tag and the stream encoding hold it: the blob as the Base64 text that KMS gives. */
export function keyFields({ id, ciphertext }: StoredKey): readonly Uint8Array[] {
  return [lengthPrefixed(id), lengthPrefixed(encodeUtf8(encodeBase64(ciphertext)))];
}

/** The additional authenticated data of the header tag. */
export function headerAad({ suite, encryptedDataKeys, context }: HeaderFields): Uint8Array {
  const keys = storedKeys(encryptedDataKeys);
  return concat(
    uint32(formatVersion),
    uint32(suite.id),
    uint32(Object.keys(context).length),
    serializeContext(context),
    uint32(keys.length),
    ...keys.flatMap(keyFields),
  );
}

/** A key that a reader found. */
export interface FoundKey extends StoredKey {
  /** Where the key starts, from the start of the message, in bytes. */
  readonly offset: number;
}

/** The encrypted data keys that a reader found. Refuses none at all, a key id that stands twice, and a bad one. */
export function keysFrom(found: readonly FoundKey[], offset: number): readonly EncryptedDataKey[] {
  if (found.length === 0) throw new MalformedMessageError('the header has no encrypted data key', offset);
  const seen = new Set<string>();
  const keys = found.map((key) => {
    const id = decodeUtf8(key.id);
    if (id === undefined) throw new MalformedMessageError('a key ARN is not valid UTF-8', key.offset);
    if (seen.has(id))
      throw new MalformedMessageError(`the key ARN ${JSON.stringify(id)} stands twice`, key.offset);
    seen.add(id);
    const provider = keyOfId(id);
    if (provider === undefined) {
      throw new MalformedMessageError(`the key id ${JSON.stringify(id)} is not well-formed`, key.offset);
    }
    // A copy, because the message's bytes may be reused while the header lives on.
    return Object.freeze({ ...provider, ciphertext: key.ciphertext.slice() });
  });
  return Object.freeze(keys);
}

export function checkVersion(version: number, offset: number): void {
  if (version !== formatVersion) {
    throw new MalformedMessageError(
      `version ${version} is not ${formatVersion}, the only one there is`,
      offset,
    );
  }
}

export function suiteFrom(id: number, offset: number): AlgorithmSuite {
  const suite = suiteById(id);
  if (suite?.format !== 'aliyun') {
    throw new UnsupportedAlgorithmError(
      `algorithm ${id}, at byte ${offset}, is not one of the aliyun format's 1 to 12`,
      { offset },
    );
  }
  return suite;
}

export function checkLength(actual: number, expected: number, what: string, offset: number): void {
  if (actual !== expected) {
    throw new MalformedMessageError(`${what} is ${actual} bytes long instead of ${expected}`, offset);
  }
}

export function checkContextLength(length: number, offset: number): void {
  if (length > maxContextLength) {
    throw new MalformedMessageError(
      `the encryption context takes ${length} bytes; ${maxContextLength} is the most`,
      offset,
    );
  }
}

export function checkKeyCount(count: number, maxEncryptedDataKeys: number, offset: number): void {
  if (count > maxEncryptedDataKeys) {
    throw new LimitExceededError(
      `the header has more than ${maxEncryptedDataKeys} encrypted data keys, the limit set by maxEncryptedDataKeys (byte ${offset})`,
    );
  }
}
