import { InvalidArgumentError } from '@yunseal/crypto-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseByteRange, resolveByteRange } from './byte-range.ts';
import { RangeNotSatisfiableError } from './errors.ts';

describe('parseByteRange', () => {
  it.each([
    ['bytes=0-99', { first: 0, last: 99 }],
    ['bytes=7-', { first: 7 }],
    ['bytes=-5', { suffix: 5 }],
  ] as const)('reads %s', (header, range) => {
    expect(parseByteRange(header)).toEqual(range);
  });

  it.each([
    'bytes=',
    'bytes=-',
    'bytes=5-4',
    'bytes=1-2,4-5',
    'bytes=a-b',
    'bytes=0x1-2',
    'bytes=99999999999999999-',
  ] as const)('refuses %s', (header) => {
    expect(() => parseByteRange(header)).toThrow(InvalidArgumentError);
  });

  it.each([{ first: -1 }, { first: 0.5 }, { suffix: Number.NaN }, { first: 3, last: 2 }])(
    'refuses %j',
    (range) => {
      expect(() => parseByteRange(range)).toThrow(InvalidArgumentError);
    },
  );
});

describe('resolveByteRange', () => {
  it('selects what slicing selects, and nothing else is satisfiable', () => {
    fc.assert(
      fc.property(
        fc.nat(20),
        fc.nat(25),
        fc.option(fc.nat(25), { nil: undefined }),
        (length, first, extra) => {
          const bytes = Array.from({ length }, (_, index) => index);
          const last = extra === undefined ? undefined : first + extra;
          const expected = bytes.slice(first, last === undefined ? undefined : last + 1);
          if (expected.length === 0) {
            expect(() => resolveByteRange({ first, last }, length)).toThrow(RangeNotSatisfiableError);
          } else {
            const range = resolveByteRange({ first, last }, length);
            expect(bytes.slice(range.first, range.last + 1)).toEqual(expected);
          }
        },
      ),
    );
  });

  it('takes a suffix longer than the object for the whole, and an empty one for nothing', () => {
    expect(resolveByteRange({ suffix: 100 }, 10)).toEqual({ first: 0, last: 9 });
    expect(resolveByteRange({ suffix: 3 }, 10)).toEqual({ first: 7, last: 9 });
    expect(() => resolveByteRange({ suffix: 0 }, 10)).toThrow(RangeNotSatisfiableError);
    expect(() => resolveByteRange({ suffix: 1 }, 0)).toThrow(RangeNotSatisfiableError);
  });
});
