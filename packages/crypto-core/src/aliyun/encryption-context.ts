import { concat } from '../bytes/concat.ts';
import { compareBytes } from '../encryption-context.ts';
import { EncryptionContextError, MalformedMessageError } from '../errors.ts';
import type { EncryptionContext } from '../keyring.ts';
import { decodeUtf8, encodeUtf8 } from '../text.ts';
import { type Cursor, expectEnd, takeLengthPrefixed, takeUint32 } from './cursor.ts';
import { lengthPrefixed, uint32 } from './uint32.ts';

/** The Java release serializes a context into a buffer of this size, in bytes, and refuses a longer one. */
export const maxContextLength = 32_767;

/**
 * The context's bytes, as the header tag and a GCM body authenticate them: nothing at all when it is empty, otherwise
 * the count and then each key and value after its length, in the order of the keys' UTF-8 bytes.
 *
 * @throws {EncryptionContextError} when there are more than 32,767 bytes
 */
export function serializeContext(context: EncryptionContext): Uint8Array {
  const entries = Object.entries(context).map((entry) => entry.map(encodeUtf8));
  if (entries.length === 0) return new Uint8Array(0);
  entries.sort(([left], [right]) => compareBytes(left!, right!));
  const bytes = concat(uint32(entries.length), ...entries.flat().map(lengthPrefixed));
  if (bytes.length > maxContextLength) {
    throw new EncryptionContextError(
      `the encryption context takes ${bytes.length} bytes; the aliyun format holds ${maxContextLength} at most`,
    );
  }
  return bytes;
}

/** An entry that a reader found. */
export interface FoundEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Where the entry starts, from the start of the message, in bytes. */
  readonly offset: number;
}

/** The context that a reader found. Refuses a key that stands twice, and text that is not UTF-8. */
export function contextFrom(found: readonly FoundEntry[]): EncryptionContext {
  const context = new Map<string, string>();
  for (const { key, value, offset } of found) {
    const keyText = decodeUtf8(key);
    const valueText = decodeUtf8(value);
    if (keyText === undefined || valueText === undefined) {
      throw new MalformedMessageError('an encryption context entry is not valid UTF-8', offset);
    }
    if (context.has(keyText)) {
      throw new MalformedMessageError(
        `the encryption context key ${JSON.stringify(keyText)} stands twice`,
        offset,
      );
    }
    context.set(keyText, valueText);
  }
  // fromEntries defines own properties, so that a key named __proto__ is an entry like any other.
  return Object.freeze(Object.fromEntries(context));
}

/**
 * Read context bytes; the cursor spans exactly them. They are authenticated as they stand, so one context has one
 * valid form and any other is refused.
 */
export function readContext(cursor: Cursor): EncryptionContext {
  const start = cursor.offset;
  const found: FoundEntry[] = [];
  if (cursor.end > start) {
    const count = takeUint32(cursor, 'the number of encryption context entries');
    if (count === 0)
      throw new MalformedMessageError('an empty encryption context is written as zero bytes', start);
    for (let i = 0; i < count; i += 1) {
      const offset = cursor.offset;
      const key = takeLengthPrefixed(cursor, 'an encryption context key');
      const value = takeLengthPrefixed(cursor, 'an encryption context value');
      if (i > 0 && compareBytes(found[i - 1]!.key, key) > 0) {
        throw new MalformedMessageError('the encryption context is not in the order of its keys', offset);
      }
      found.push({ key, value, offset });
    }
    expectEnd(cursor, 'the encryption context');
  }
  return contextFrom(found);
}
