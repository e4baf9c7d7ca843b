import { EncryptionContextError } from './errors.ts';
import type { EncryptionContext } from './keyring.ts';
import { encodeUtf8 } from './text.ts';

/** Keys with this prefix belong to the framed format itself. */
export const reservedPrefix = 'aws-crypto-';
/** Where a signed message keeps its verification key. */
export const publicKeyEntry = 'aws-crypto-public-key';

const maxU16 = 0xffff;
const noEntries: EncryptionContext = Object.freeze({});

/**
 * Check that an object from a caller is an encryption context, and copy it.
 *
 * @throws {EncryptionContextError} naming the entry that is not text
 */
export function checkContext(context: unknown): EncryptionContext {
  if (context === undefined) return noEntries;
  if (!isPlainObject(context)) {
    throw new EncryptionContextError(
      'the encryption context must be a plain object of strings: entries of a Map or a class would not be seen',
    );
  }
  const entries = Object.entries(context);
  for (const [key, value] of entries) {
    if (typeof value !== 'string') {
      throw new EncryptionContextError(
        `the encryption context's entry ${JSON.stringify(key)} is ${value === null ? 'null' : `a ${typeof value}`}; values must be strings`,
        key,
      );
    }
    if (!key.isWellFormed() || !value.isWellFormed()) {
      throw new EncryptionContextError(
        `the encryption context's entry ${JSON.stringify(key)} has a lone surrogate, which UTF-8 cannot hold`,
        key,
      );
    }
  }
  return Object.freeze(Object.fromEntries(entries)) as EncryptionContext;
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * The bytes of a context: a count, then each key and value behind its 16-bit length, in order of the keys' UTF-8.
 * Keyrings authenticate these. An empty context is zero bytes.
 *
 * @throws {EncryptionContextError} when an entry or the count does not fit its 16-bit length
 * @see framework/structures.md#serialization of the AWS Encryption SDK specification
 */
export function serializeContext(context: EncryptionContext): Uint8Array {
  const keys = Object.keys(context);
  if (keys.length === 0) return new Uint8Array(0);
  if (keys.length > maxU16) {
    throw new EncryptionContextError(
      `the encryption context has ${keys.length} entries; ${maxU16} is the most`,
    );
  }
  const entries = keys.map((key) => {
    const entry = { key: encodeUtf8(key), value: encodeUtf8(context[key]!) };
    if (entry.key.length > maxU16 || entry.value.length > maxU16) {
      throw new EncryptionContextError(
        `the encryption context's entry ${JSON.stringify(key.slice(0, 64))} is longer than ${maxU16} bytes`,
        key,
      );
    }
    return entry;
  });
  entries.sort((left, right) => compareBytes(left.key, right.key));

  let length = 2;
  for (const { key, value } of entries) length += 4 + key.length + value.length;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, entries.length);
  let at = 2;
  for (const { key, value } of entries) {
    for (const text of [key, value]) {
      view.setUint16(at, text.length);
      bytes.set(text, at + 2);
      at += 2 + text.length;
    }
  }
  return bytes;
}

/** Lexicographic order of bytes as unsigned numbers. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  for (let i = 0; i < length; i += 1) {
    const difference = left[i]! - right[i]!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** The entries that are the caller's own, without those the format added. */
export function publicContext(context: EncryptionContext): EncryptionContext {
  return Object.fromEntries(Object.entries(context).filter(([key]) => !key.startsWith(reservedPrefix)));
}
