import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeProviderInfo, decodeUtf8, encodeProviderInfo, encodeUtf8 } from './text.ts';

describe('provider info', () => {
  test('any bytes have a text, and it encodes to the same bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect([...encodeProviderInfo(decodeProviderInfo(bytes))]).toEqual([...bytes]);
      }),
      { numRuns: 2000 },
    );
  });

  test('bytes that nearly are UTF-8', () => {
    const sequences = fc.constantFrom(
      [0xc3, 0xa9],
      [0xe2, 0x82, 0xac],
      [0xf0, 0x9f, 0x94, 0x92],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xe0, 0x80, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf5],
      [0x80],
      [0xe2, 0x82],
      [0xf0, 0x9f, 0x94],
      [0x41],
      [0xff],
      [0xed, 0xb2, 0x80],
    );
    fc.assert(
      fc.property(fc.array(sequences, { maxLength: 12 }), (parts) => {
        const bytes = Uint8Array.from(parts.flat());
        expect([...encodeProviderInfo(decodeProviderInfo(bytes))]).toEqual([...bytes]);
      }),
      { numRuns: 2000 },
    );
  });

  test('valid UTF-8 is its text, other bytes are lone surrogates', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
        (text) => {
          expect(decodeProviderInfo(new TextEncoder().encode(text))).toBe(text);
          expect([...encodeProviderInfo(text)]).toEqual([...new TextEncoder().encode(text)]);
        },
      ),
    );
    expect(decodeProviderInfo(Uint8Array.of(0x61, 0xff, 0x62))).toBe('a\udcffb');
  });
});

describe('UTF-8', () => {
  test('encodes and decodes as the platform does, and refuses what is not valid', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }).filter((text) => text.isWellFormed()),
        (text) => {
          expect([...encodeUtf8(text)]).toEqual([...new TextEncoder().encode(text)]);
          expect(decodeUtf8(encodeUtf8(text))).toBe(text);
        },
      ),
    );
    for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      expect(decodeUtf8(Uint8Array.from(bad))).toBeUndefined();
    }
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });
});
