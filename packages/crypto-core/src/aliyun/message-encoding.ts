import { concat } from '../bytes/concat.ts';
import { compareBytes } from '../encryption-context.ts';
import { MalformedMessageError } from '../errors.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';
import { encodeUtf8 } from '../text.ts';
import { type Cursor, checkHeaderEnd, cursorOver, enter, expectEnd, take } from './cursor.ts';
import {
  derElement,
  derPrefix,
  derSmallInteger,
  enterDer,
  takeDerInteger,
  takeDerOctets,
  takeDerPrefix,
} from './der.ts';
import { contextFrom, type FoundEntry } from './encryption-context.ts';
import {
  checkContextLength,
  checkKeyCount,
  checkLength,
  checkVersion,
  type FoundKey,
  formatVersion,
  headerIvLength,
  headerTagLength,
  keysFrom,
  storedKeys,
  suiteFrom,
  type TaggedHeader,
} from './header.ts';
import type { BodyPlace, HeaderPlace } from './places.ts';

/** Write the header's SEQUENCE, which begins a message or stands alone (in a KMS secret, in object metadata). */
export function encodeDerHeader(header: TaggedHeader): Uint8Array {
  const keys = storedKeys(header.encryptedDataKeys).map(({ id, ciphertext }) =>
    derElement('sequence', derElement('octetString', id), derElement('octetString', ciphertext)),
  );
  const entries = Object.entries(header.context).map((entry) =>
    derElement('sequence', ...entry.map((text) => derElement('octetString', encodeUtf8(text)))),
  );
  return derElement(
    'sequence',
    derSmallInteger(formatVersion),
    derSmallInteger(header.suite.id),
    // X.690 section 11.6: DER sorts the encodings of a SET OF.
    derElement('set', ...keys.sort(compareBytes)),
    derElement('set', ...entries.sort(compareBytes)),
    derElement('octetString', header.iv),
    derElement('octetString', header.tag),
  );
}

/** Everything of a message that stands before its ciphertext, whose length must be known. */
export function encodeDerMessageStart(
  header: Uint8Array,
  iv: Uint8Array,
  ciphertextLength: number,
  tagLength: number,
): { readonly before: Uint8Array; readonly headerLength: number } {
  const body = encodeDerBodyStart(iv, ciphertextLength, tagLength);
  const length = header.length + body.length + ciphertextLength + derTrailerLength(tagLength);
  const prefix = derPrefix('sequence', length);
  return { before: concat(prefix, header, body), headerLength: prefix.length + header.length };
}

/** Everything of a body's SEQUENCE that stands before its ciphertext. */
export function encodeDerBodyStart(iv: Uint8Array, ciphertextLength: number, tagLength: number): Uint8Array {
  const fields = concat(derElement('octetString', iv), derPrefix('octetString', ciphertextLength));
  const length = fields.length + ciphertextLength + derTrailerLength(tagLength);
  return concat(derPrefix('sequence', length), fields);
}

/** What stands before the tag, which is at most 16 bytes long. */
export function encodeDerTrailerStart(tagLength: number): Uint8Array {
  return derPrefix('octetString', tagLength);
}

/** Length of the tag's OCTET STRING, in bytes. */
function derTrailerLength(tagLength: number): number {
  return encodeDerTrailerStart(tagLength).length + tagLength;
}

/** Read a message up to its body. */
export function readDerMessageHeader(
  cursor: Cursor,
  maxEncryptedDataKeys: number,
): HeaderPlace & { end: number } {
  const length = takeDerPrefix(cursor, 'sequence', 'the message');
  const end = cursor.offset + length;
  const headerStart = cursor.offset;
  const header = readDerHeader(cursor, maxEncryptedDataKeys, end);
  return { encoding: 'message', header, headerStart, headerEnd: cursor.offset, end };
}

/** Parse a header's SEQUENCE that stands alone. */
export function decodeDerHeader(
  bytes: Uint8Array,
  maxEncryptedDataKeys = Number.POSITIVE_INFINITY,
): TaggedHeader {
  const cursor = cursorOver(bytes);
  const header = readDerHeader(cursor, maxEncryptedDataKeys, Number.POSITIVE_INFINITY);
  expectEnd(cursor, 'the header');
  return header;
}

function readDerHeader(outer: Cursor, maxEncryptedDataKeys: number, messageEnd: number): TaggedHeader {
  const start = outer.offset;
  const length = takeDerPrefix(outer, 'sequence', 'the header');
  checkWithin(outer.offset + length, messageEnd, 'the header', start);
  checkHeaderEnd(outer.offset + length, 'the header', start);
  const cursor = enter(outer, length, 'the header', start);

  const versionAt = cursor.offset;
  checkVersion(takeDerInteger(cursor, 'the version'), versionAt);
  const algorithmAt = cursor.offset;
  const suite = suiteFrom(takeDerInteger(cursor, 'the algorithm'), algorithmAt);
  const encryptedDataKeys = readKeys(cursor, maxEncryptedDataKeys);
  const context = readContextEntries(cursor);
  const ivAt = cursor.offset;
  const iv = takeDerOctets(cursor, 'the header IV').slice();
  checkLength(iv.length, headerIvLength, 'the header IV', ivAt);
  const tagAt = cursor.offset;
  const tag = takeDerOctets(cursor, 'the header tag').slice();
  checkLength(tag.length, headerTagLength, 'the header tag', tagAt);
  expectEnd(cursor, 'the header');
  return { suite, encryptedDataKeys, context, iv, tag };
}

function readKeys(header: Cursor, maxEncryptedDataKeys: number): TaggedHeader['encryptedDataKeys'] {
  const start = header.offset;
  const found: FoundKey[] = [];
  const set = enterDer(header, 'set', 'the set of encrypted data keys');
  while (set.offset < set.end) {
    const offset = set.offset;
    checkKeyCount(found.length + 1, maxEncryptedDataKeys, offset);
    const pair = enterDer(set, 'sequence', 'an encrypted data key');
    const id = takeDerOctets(pair, 'a key ARN');
    const ciphertext = takeDerOctets(pair, 'a ciphertext blob');
    expectEnd(pair, 'an encrypted data key');
    found.push({ id, ciphertext, offset });
  }
  return keysFrom(found, start);
}

function readContextEntries(header: Cursor): TaggedHeader['context'] {
  const start = header.offset;
  const entries: FoundEntry[] = [];
  let length = 4;
  const set = enterDer(header, 'set', 'the set of encryption context entries');
  while (set.offset < set.end) {
    const offset = set.offset;
    const pair = enterDer(set, 'sequence', 'an encryption context entry');
    const key = takeDerOctets(pair, 'an encryption context key');
    const value = takeDerOctets(pair, 'an encryption context value');
    expectEnd(pair, 'an encryption context entry');
    entries.push({ key, value, offset });
    length += 8 + key.length + value.length;
  }
  checkContextLength(length, start);
  return contextFrom(entries);
}

/**
 * Read a body's SEQUENCE up to its ciphertext. All its lengths must add up, and end where the message does if that is
 * known, so that nothing is left to check once the ciphertext arrives.
 */
export function readDerBodyStart(
  cursor: Cursor,
  suite: AlgorithmSuite,
  messageEnd: number | undefined,
): BodyPlace & { readonly ciphertextLength: number } {
  const start = cursor.offset;
  const length = takeDerPrefix(cursor, 'sequence', 'the body');
  const end = cursor.offset + length;
  if (messageEnd !== undefined) {
    checkWithin(end, messageEnd, 'the body', start);
    if (end < messageEnd) {
      // Where lengths promise bytes that are not there, the body whose length does not add up is the place to look.
      const place = end <= cursor.end ? end : start;
      throw new MalformedMessageError(`trailing bytes after the body: ${messageEnd - end}`, place);
    }
  }
  const ivAt = cursor.offset;
  checkLength(takeDerPrefix(cursor, 'octetString', 'the body IV'), suite.ivLength, 'the body IV', ivAt);
  const iv = take(cursor, suite.ivLength, 'the body IV', ivAt).slice();
  const ciphertextAt = cursor.offset;
  const ciphertextLength = takeDerPrefix(cursor, 'octetString', 'the ciphertext');
  const trailerLength = derTrailerLength(suite.tagLength);
  const left = end - cursor.offset - ciphertextLength;
  if (left !== trailerLength) {
    throw new MalformedMessageError(
      `the ciphertext claims ${ciphertextLength} bytes, which leaves ${left} of the body for the tag's ${trailerLength}`,
      ciphertextAt,
    );
  }
  return { iv, ciphertextStart: cursor.offset, ciphertextLength, trailerLength };
}

/** Parse the tag's OCTET STRING, the last field of a body. `offset` is where it stands in the message. */
export function decodeDerTrailer(bytes: Uint8Array, tagLength: number, offset: number): Uint8Array {
  const [identifier, length] = bytes;
  const expected = encodeDerTrailerStart(tagLength);
  if (identifier !== expected[0] || length !== expected[1]) {
    throw new MalformedMessageError(`the body tag must be an OCTET STRING of ${tagLength} bytes`, offset);
  }
  return bytes.subarray(expected.length);
}

function checkWithin(end: number, limit: number, what: string, start: number): void {
  if (end > limit) {
    throw new MalformedMessageError(`${what} passes the end of the message around it`, start);
  }
}
