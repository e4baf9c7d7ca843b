import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../bytes/concat.ts';
import { inspectMessage } from '../client/inspect.ts';
import { MalformedMessageError, TruncatedMessageError, YunsealError } from '../errors.ts';
import { suites } from '../suites/table.ts';
import { encodeUtf8 } from '../text.ts';
import { derElement, derSmallInteger } from './der.ts';
import {
  decodeAliyunBody,
  encodeAliyunBody,
  joinAliyunMessage,
  parseAliyunHeader,
  splitAliyunMessage,
} from './detached.ts';
import { encodeDerHeader } from './message-encoding.ts';
import { encodeStreamBodyStart, encodeStreamHeader } from './stream-encoding.ts';
import { lengthPrefixed, uint32 } from './uint32.ts';

const octets = (content: Uint8Array | string) =>
  derElement('octetString', typeof content === 'string' ? encodeUtf8(content) : content);
const pair = (left: Uint8Array | string, right: Uint8Array | string) =>
  derElement('sequence', octets(left), octets(right));
const invalidUtf8 = Uint8Array.of(0xc3, 0x28);
const arn = 'acs:kms:cn-hangzhou:1:key/a';
const blob = Uint8Array.of(1, 2, 3);

/** The six fields of a DER header, all valid. */
const derFields = {
  version: derSmallInteger(1),
  algorithm: derSmallInteger(2),
  keys: derElement('set', pair(arn, blob)),
  context: derElement('set', pair('a', '1'), pair('b', '')),
  iv: octets(new Uint8Array(12)),
  tag: octets(new Uint8Array(16)),
};
const derHeader = (fields: Partial<typeof derFields> = {}, ...more: Uint8Array[]) =>
  derElement('sequence', ...Object.values({ ...derFields, ...fields }), ...more);

/** The fields of a stream header, all valid. */
const streamFields = {
  version: uint32(1),
  algorithm: uint32(2),
  context: lengthPrefixed(
    concat(uint32(2), ...['a', '1', 'b', ''].map((text) => lengthPrefixed(encodeUtf8(text)))),
  ),
  keys: concat(uint32(1), lengthPrefixed(encodeUtf8(arn)), lengthPrefixed(encodeUtf8('AQID'))),
  iv: lengthPrefixed(new Uint8Array(12)),
  tag: lengthPrefixed(new Uint8Array(16)),
};
const streamHeader = (fields: Partial<typeof streamFields> = {}) =>
  concat(...Object.values({ ...streamFields, ...fields }));

/** The error that reading these bytes ends in. */
function errorOf(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    return error;
  }
  return expect.fail('nothing was thrown');
}

const malformed = (offset: number, reason: string) => ({
  code: 'MalformedMessage',
  offset,
  reason: expect.stringContaining(reason),
});

describe('a DER header', () => {
  it('is read, in any order of its sets', () => {
    const expected = {
      suite: suites['0x0002'],
      context: { a: '1', b: '' },
      encryptedDataKeys: [{ providerId: 'acs-kms', providerInfo: arn, ciphertext: blob }],
    };
    expect(parseAliyunHeader(derHeader())).toMatchObject(expected);
    const backwards = derElement('set', pair('b', ''), pair('a', '1'));
    expect(parseAliyunHeader(derHeader({ context: backwards }))).toMatchObject(expected);
  });

  const empty = new Uint8Array(0);
  it.each<[string, Uint8Array, object]>([
    ['a version other than 1', derHeader({ version: derSmallInteger(2) }), malformed(2, 'version 2')],
    ['a negative version', derHeader({ version: Uint8Array.of(2, 1, 0xff) }), malformed(2, 'version -1')],
    ['a padded integer', derHeader({ version: Uint8Array.of(2, 2, 0, 1) }), malformed(2, 'shortest form')],
    [
      'a padded negative integer',
      derHeader({ version: Uint8Array.of(2, 2, 0xff, 0xff) }),
      malformed(2, 'shortest form'),
    ],
    ['an empty integer', derHeader({ version: Uint8Array.of(2, 0) }), malformed(2, 'without content')],
    ['a long integer', derHeader({ version: Uint8Array.of(2, 5, 1, 0, 0, 0, 1) }), malformed(2, '5 bytes')],
    ['algorithm 0', derHeader({ algorithm: derSmallInteger(0) }), { code: 'UnsupportedAlgorithm' }],
    [
      'algorithm 13',
      derHeader({ algorithm: derSmallInteger(13) }),
      { code: 'UnsupportedAlgorithm', offset: 5 },
    ],
    [
      "a framed suite's number",
      derHeader({ algorithm: Uint8Array.of(2, 2, 4, 0x78) }),
      { code: 'UnsupportedAlgorithm' },
    ],
    ['no keys', derHeader({ keys: derElement('set') }), malformed(8, 'no encrypted data key')],
    [
      'keys in a SEQUENCE',
      derHeader({ keys: derElement('sequence', pair(arn, blob)) }),
      malformed(8, 'must be a SET'),
    ],
    [
      'a key twice',
      derHeader({ keys: derElement('set', pair(arn, blob), pair(arn, empty)) }),
      malformed(46, 'stands twice'),
    ],
    [
      'an ARN that is not UTF-8',
      derHeader({ keys: derElement('set', pair(invalidUtf8, blob)) }),
      malformed(10, 'UTF-8'),
    ],
    [
      'a third field in a key',
      derHeader({ keys: derElement('set', derElement('sequence', octets(arn), octets(blob), octets(blob))) }),
      malformed(46, 'trailing bytes'),
    ],
    [
      'a key id of ours that is not well-formed',
      derHeader({ keys: derElement('set', pair('yunseal:p', blob)) }),
      malformed(10, 'not well-formed'),
    ],
    [
      'a context key twice',
      derHeader({ context: derElement('set', pair('a', '1'), pair('a', '2')) }),
      malformed(56, 'stands twice'),
    ],
    [
      'a context value that is not UTF-8',
      derHeader({ context: derElement('set', pair('a', invalidUtf8)) }),
      malformed(48, 'UTF-8'),
    ],
    [
      'a context that is too long',
      derHeader({ context: derElement('set', pair('a', 'x'.repeat(32_755))) }),
      malformed(48, '32768 bytes'),
    ],
    [
      'a short IV',
      derHeader({ iv: octets(new Uint8Array(11)) }),
      malformed(63, '11 bytes long instead of 12'),
    ],
    [
      'a long tag',
      derHeader({ tag: octets(new Uint8Array(17)) }),
      malformed(77, '17 bytes long instead of 16'),
    ],
    ['a seventh field', derHeader({}, octets(empty)), malformed(95, 'trailing bytes')],
    ['bytes after it', concat(derHeader(), Uint8Array.of(0)), malformed(95, 'trailing bytes')],
    [
      'an indefinite length',
      concat(Uint8Array.of(0x30, 0x80), derHeader().subarray(2)),
      malformed(0, 'indefinite'),
    ],
    [
      'a length in long form that fits the short',
      concat(Uint8Array.of(0x30, 0x81, 93), derHeader().subarray(2)),
      malformed(0, 'shortest form'),
    ],
    [
      'a length with a leading zero',
      concat(Uint8Array.of(0x30, 0x82, 0, 93), derHeader().subarray(2)),
      malformed(0, 'shortest form'),
    ],
    ['a length of seven octets', Uint8Array.of(0x30, 0x87, 1, 0, 0, 0, 0, 0, 0), malformed(0, '7 octets')],
    ['a length of 4 GiB', Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff), malformed(0, 'the most')],
    [
      'a field longer than what is around it',
      derHeader({ tag: Uint8Array.of(4, 0x84, 0xff, 0xff, 0xff, 0xff) }),
      malformed(77, 'has 0 left'),
    ],
  ])('with %s is refused', (_, header, error) => {
    expect(errorOf(() => parseAliyunHeader(header))).toMatchObject(error);
  });
});

describe('a stream header', () => {
  it('is read, with its keys in any order', () => {
    const keys = concat(uint32(2), ...['b', '', 'a', 'AQID'].map((text) => lengthPrefixed(encodeUtf8(text))));
    expect(inspectMessage(streamHeader({ keys }))).toMatchObject({
      encoding: 'stream',
      context: { a: '1', b: '' },
      encryptedDataKeys: [{ providerInfo: 'b' }, { providerInfo: 'a', ciphertext: blob }],
    });
  });

  const contextOf = (count: number, ...texts: (string | Uint8Array)[]) =>
    lengthPrefixed(
      concat(
        uint32(count),
        ...texts.map((text) => lengthPrefixed(typeof text === 'string' ? encodeUtf8(text) : text)),
      ),
    );
  const keysOf = (count: number, ...texts: string[]) =>
    concat(uint32(count), ...texts.map((text) => lengthPrefixed(encodeUtf8(text))));

  it.each<[string, Uint8Array, object]>([
    ['a version other than 1', streamHeader({ version: uint32(0x0000_0101) }), malformed(0, 'version 257')],
    ['algorithm 13', streamHeader({ algorithm: uint32(13) }), { code: 'UnsupportedAlgorithm', offset: 4 }],
    [
      'an empty context that is not zero bytes',
      streamHeader({ context: lengthPrefixed(uint32(0)) }),
      malformed(12, 'zero bytes'),
    ],
    [
      'a context out of order',
      streamHeader({ context: contextOf(2, 'b', '', 'a', '') }),
      malformed(25, 'order'),
    ],
    [
      'a context key twice',
      streamHeader({ context: contextOf(2, 'a', '', 'a', '') }),
      malformed(25, 'twice'),
    ],
    [
      'a context that is not UTF-8',
      streamHeader({ context: contextOf(1, invalidUtf8, '') }),
      malformed(16, 'UTF-8'),
    ],
    [
      'a context with fewer entries than it says',
      streamHeader({ context: contextOf(3, 'a', '', 'b', '') }),
      malformed(34, 'needs 4 bytes'),
    ],
    [
      'a context with more entries than it says',
      streamHeader({ context: contextOf(1, 'a', '', 'b', '') }),
      malformed(25, 'trailing bytes'),
    ],
    ['a context of 4 GiB', streamHeader({ context: uint32(0xffff_ffff) }), malformed(8, '32767 is the most')],
    [
      'an entry of 4 GiB',
      streamHeader({ context: lengthPrefixed(concat(uint32(1), uint32(0xffff_ffff))) }),
      malformed(16, 'the most'),
    ],
    ['no keys', streamHeader({ keys: keysOf(0) }), malformed(35, 'no encrypted data key')],
    ['2^32 - 1 keys', streamHeader({ keys: uint32(0xffff_ffff) }), { code: 'LimitExceeded' }],
    ['a key twice', streamHeader({ keys: keysOf(2, 'a', '', 'a', 'AQID') }), malformed(48, 'twice')],
    [
      'a key of 4 GiB',
      streamHeader({ keys: concat(uint32(1), uint32(0xffff_ffff)) }),
      malformed(39, 'the most'),
    ],
    ['Base64 without padding', streamHeader({ keys: keysOf(1, 'a', 'AQI') }), malformed(44, 'Base64')],
    ['Base64 with stray bits', streamHeader({ keys: keysOf(1, 'a', 'AQJ=') }), malformed(44, 'Base64')],
    ['Base64 with white space', streamHeader({ keys: keysOf(1, 'a', 'AQID\n') }), malformed(44, 'Base64')],
    [
      'a short IV',
      streamHeader({ iv: lengthPrefixed(new Uint8Array(11)) }),
      malformed(78, '11 bytes long instead of 12'),
    ],
    ['a tag of 4 GiB', streamHeader({ tag: uint32(0xffff_ffff) }), malformed(94, 'instead of 16')],
  ])('with %s is refused', (_, header, error) => {
    expect(errorOf(() => inspectMessage(header))).toMatchObject(error);
  });
});

describe('a body', () => {
  const parts = { iv: new Uint8Array(12), ciphertext: Uint8Array.of(1, 2, 3), tag: new Uint8Array(16) };
  const body = (...fields: Uint8Array[]) => derElement('sequence', ...fields);

  it.each<[string, Uint8Array, object]>([
    [
      'an IV of another length',
      body(octets(new Uint8Array(16)), octets('abc'), octets(parts.tag)),
      malformed(2, 'the body IV is 16'),
    ],
    ['no tag', body(octets(parts.iv), octets('abc'), octets('')), malformed(16, 'leaves 2 of the body')],
    [
      'a ciphertext longer than the body',
      body(octets(parts.iv), Uint8Array.of(4, 0x84, 0xff, 0xff, 0xff, 0xff)),
      malformed(16, 'claims 4294967295 bytes'),
    ],
    [
      'a tag that is no OCTET STRING',
      body(octets(parts.iv), octets('abc'), concat(Uint8Array.of(3, 16), parts.tag)),
      malformed(21, 'OCTET STRING of 16 bytes'),
    ],
    ['bytes after it', concat(encodeAliyunBody(parts), Uint8Array.of(0)), malformed(39, 'trailing bytes')],
  ])('with %s is refused', (_, bytes, error) => {
    expect(errorOf(() => decodeAliyunBody(bytes, suites['0x0002']))).toMatchObject(error);
  });

  it('whose length does not end the message is refused', () => {
    const header = derHeader();
    const whole = joinAliyunMessage({ header, ...parts });
    expect(splitAliyunMessage(whole)).toEqual({ header, ...parts });
    const inner = encodeAliyunBody(parts);
    const longer = derElement('sequence', header, inner, Uint8Array.of(5, 0));
    expect(errorOf(() => splitAliyunMessage(longer))).toMatchObject(
      malformed(longer.length - 2, 'trailing bytes after the body'),
    );
    const shorter = derElement('sequence', header, inner.subarray(0, -1));
    expect(errorOf(() => splitAliyunMessage(shorter))).toMatchObject(
      malformed(3 + header.length, 'passes the end'),
    );
    // A stream's IV length is the one little-endian number of the format.
    const stream = concat(streamHeader(), encodeStreamBodyStart(parts.iv), parts.ciphertext, parts.tag);
    expect(splitAliyunMessage(stream)).toMatchObject(parts);
    const bigEndian = concat(streamHeader(), lengthPrefixed(parts.iv), parts.tag);
    expect(errorOf(() => splitAliyunMessage(bigEndian))).toMatchObject(
      malformed(114, 'the body IV is 201326592 bytes'),
    );
  });
});

describe('any header', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((value) => value.isWellFormed());
  const fields = fc.record({
    suite: fc.constantFrom(...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => suites[`0x000${id}` as '0x0001'])),
    context: fc.dictionary(text, text, { maxKeys: 5 }),
    encryptedDataKeys: fc.uniqueArray(
      fc.record({
        providerId: fc.oneof(fc.constant('acs-kms'), text),
        providerInfo: text.filter((value) => !value.startsWith('yunseal:')),
        ciphertext: fc.uint8Array({ maxLength: 200 }),
      }),
      {
        minLength: 1,
        maxLength: 4,
        selector: ({ providerId, providerInfo }) => `${providerId}\0${providerInfo}`,
      },
    ),
    iv: fc.uint8Array({ minLength: 12, maxLength: 12 }),
    tag: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  });

  it('that is written is read as the same, and said to be cut off wherever it is cut', () => {
    fc.assert(
      fc.property(fields, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (header, cut) => {
        const der = encodeDerHeader(header);
        const stream = encodeStreamHeader(header);
        for (const read of [parseAliyunHeader(der), inspectMessage(stream)]) {
          expect(read.suite).toBe(header.suite);
          expect(read.context).toEqual({ ...header.context });
          expect(new Set(read.encryptedDataKeys)).toEqual(new Set(header.encryptedDataKeys));
        }
        expect(inspectMessage(stream).headerLength).toBe(stream.length);
        const errors = [
          [der, errorOf(() => parseAliyunHeader(der.subarray(0, Math.floor(cut * der.length))))],
          [stream, errorOf(() => inspectMessage(stream.subarray(0, Math.floor(cut * stream.length))))],
        ] as const;
        for (const [whole, error] of errors) {
          expect(error).toBeInstanceOf(TruncatedMessageError);
          const { needed } = error as TruncatedMessageError;
          expect(needed).toBeGreaterThan(Math.floor(cut * whole.length));
          expect(needed).toBeLessThanOrEqual(whole.length);
        }
      }),
    );
  });

  it('that is random, or valid but for a few bytes, ends in an error of ours or is read', () => {
    const edits = fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 4 });
    const start = fc.constantFrom(0x30, 0x00);
    const read = (bytes: Uint8Array) => {
      for (const parse of [inspectMessage, parseAliyunHeader, splitAliyunMessage]) {
        try {
          parse(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(YunsealError);
          if (error instanceof MalformedMessageError) expect(error.offset).toBeLessThanOrEqual(bytes.length);
        }
      }
    };
    fc.assert(
      fc.property(fields, edits, fc.boolean(), (header, edits, isDer) => {
        const parts = {
          iv: new Uint8Array(header.suite.ivLength),
          ciphertext: blob,
          tag: new Uint8Array(header.suite.tagLength),
        };
        const bytes = isDer
          ? joinAliyunMessage({ header: encodeDerHeader(header), ...parts })
          : concat(encodeStreamHeader(header), encodeStreamBodyStart(parts.iv), parts.ciphertext, parts.tag);
        for (const [at, value] of edits) bytes[at % bytes.length] = value;
        read(bytes);
      }),
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 100 }), (first, rest) =>
        read(concat(Uint8Array.of(first), rest)),
      ),
    );
  });
});
