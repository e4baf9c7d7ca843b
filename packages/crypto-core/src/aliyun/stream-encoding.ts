import { decodeBase64 } from '../base64.ts';
import { concat } from '../bytes/concat.ts';
import { MalformedMessageError } from '../errors.ts';
import type { EncryptionContext } from '../keyring.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';
import { decodeUtf8 } from '../text.ts';
import { type Cursor, checkHeaderEnd, enter, take, takeLengthPrefixed, takeUint32 } from './cursor.ts';
import { readContext, serializeContext } from './encryption-context.ts';
import {
  checkContextLength,
  checkKeyCount,
  checkLength,
  checkVersion,
  type FoundKey,
  formatVersion,
  headerIvLength,
  headerTagLength,
  keyFields,
  keysFrom,
  storedKeys,
  suiteFrom,
  type TaggedHeader,
} from './header.ts';
import type { BodyPlace, HeaderPlace } from './places.ts';
import { lengthPrefixed, uint32 } from './uint32.ts';

export function encodeStreamHeader(header: TaggedHeader): Uint8Array {
  const keys = storedKeys(header.encryptedDataKeys);
  return concat(
    uint32(formatVersion),
    uint32(header.suite.id),
    lengthPrefixed(serializeContext(header.context)),
    uint32(keys.length),
    ...keys.flatMap(keyFields),
    lengthPrefixed(header.iv),
    lengthPrefixed(header.tag),
  );
}

/** What stands between header and ciphertext. This one length is little-endian, unlike all others. */
export function encodeStreamBodyStart(iv: Uint8Array): Uint8Array {
  return concat(uint32(iv.length).reverse(), iv);
}

/**
 * The long sections of a header that an attempt on too few bytes has read, so that the next, on the same bytes and more,
 * goes on there.
 */
export interface HeaderProgress {
  context?: EncryptionContext;
  keys?: { readonly found: FoundKey[]; end: number };
}

/** Read a message up to its body. */
export function readStreamMessageHeader(
  cursor: Cursor,
  maxEncryptedDataKeys: number,
  progress: HeaderProgress = {},
): HeaderPlace {
  const headerStart = cursor.offset;
  const header = readStreamHeader(cursor, maxEncryptedDataKeys, progress);
  return { encoding: 'stream', header, headerStart, headerEnd: cursor.offset, end: undefined };
}

/** Read a body up to its ciphertext. */
export function readStreamBodyStart(cursor: Cursor, suite: AlgorithmSuite): BodyPlace {
  const start = cursor.offset;
  const length = take(cursor, 4, 'the length of the body IV');
  const ivLength = new DataView(length.buffer, length.byteOffset).getUint32(0, true);
  checkLength(ivLength, suite.ivLength, 'the body IV', start);
  const iv = take(cursor, ivLength, 'the body IV', start).slice();
  return { iv, ciphertextStart: cursor.offset, ciphertextLength: undefined, trailerLength: suite.tagLength };
}

function readStreamHeader(
  cursor: Cursor,
  maxEncryptedDataKeys: number,
  progress: HeaderProgress,
): TaggedHeader {
  checkVersion(takeUint32(cursor, 'the version'), cursor.offset - 4);
  const suite = suiteFrom(takeUint32(cursor, 'the algorithm'), cursor.offset - 4);
  const contextAt = cursor.offset;
  const contextLength = takeUint32(cursor, 'the length of the encryption context');
  checkContextLength(contextLength, contextAt);
  const contextBytes = enter(cursor, contextLength, 'the encryption context', contextAt);
  progress.context ??= readContext(contextBytes);
  const context = progress.context;
  const encryptedDataKeys = readKeys(cursor, maxEncryptedDataKeys, progress);
  const iv = takeField(cursor, headerIvLength, 'the header IV');
  const tag = takeField(cursor, headerTagLength, 'the header tag');
  return { suite, encryptedDataKeys, context, iv, tag };
}

function readKeys(
  cursor: Cursor,
  maxEncryptedDataKeys: number,
  progress: HeaderProgress,
): TaggedHeader['encryptedDataKeys'] {
  const start = cursor.offset;
  const count = takeUint32(cursor, 'the number of encrypted data keys');
  checkKeyCount(count, maxEncryptedDataKeys, start);
  // Two empty fields are the least a key can be: a count that lies is refused before the loop.
  checkHeaderEnd(cursor.offset + count * 8, `a count of ${count} encrypted data keys`, start);
  progress.keys ??= { found: [], end: cursor.offset };
  const { found } = progress.keys;
  cursor.offset = progress.keys.end;
  while (found.length < count) {
    const offset = cursor.offset;
    const id = takeLengthPrefixed(cursor, 'a key ARN');
    const blobAt = cursor.offset;
    const text = decodeUtf8(takeLengthPrefixed(cursor, 'a ciphertext blob'));
    const ciphertext = text === undefined ? undefined : decodeBase64(text);
    if (ciphertext === undefined) {
      throw new MalformedMessageError('a ciphertext blob is not canonical Base64', blobAt);
    }
    // A copy: by the next attempt the bytes may stand elsewhere.
    found.push({ id: id.slice(), ciphertext, offset });
    progress.keys.end = cursor.offset;
  }
  return keysFrom(found, start);
}

function takeField(cursor: Cursor, expected: number, what: string): Uint8Array {
  const start = cursor.offset;
  checkLength(takeUint32(cursor, `the length of ${what}`), expected, what, start);
  return take(cursor, expected, what, start).slice();
}
