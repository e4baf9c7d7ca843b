import { describe, expect, it } from 'vitest';
import { parseRange } from './ranges.ts';

describe('parseRange', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=0-9', { start: 0, end: 9 }],
    ['bytes=3-', { start: 3, end: 9 }],
    ['bytes=-4', { start: 6, end: 9 }],
    ['bytes=-40', { start: 0, end: 9 }],
  ])('%s of ten bytes', (header, range) => {
    expect(parseRange(header, 10, false)).toEqual(range);
    expect(parseRange(header, 10, true)).toEqual(range);
  });

  it.each([undefined, '', 'bytes=', 'bytes=-', 'bytes=a-b', 'items=0-1', 'bytes=5-3', 'bytes=0-1,3-4'])(
    '%s is no range: the whole object',
    (header) => {
      expect(parseRange(header, 10, false)).toBe('whole');
      expect(parseRange(header, 10, true)).toBe('whole');
    },
  );

  it('goes past the end: the whole object, or by the standard what there is', () => {
    expect(parseRange('bytes=5-20', 10, false)).toBe('whole');
    expect(parseRange('bytes=5-20', 10, true)).toEqual({ start: 5, end: 9 });
  });

  it.each(['bytes=10-', 'bytes=10-20', 'bytes=-0'])(
    '%s is outside: the whole object, or by the standard an error',
    (header) => {
      expect(parseRange(header, 10, false)).toBe('whole');
      expect(parseRange(header, 10, true)).toBe('unsatisfiable');
    },
  );

  it('finds no byte in an empty object', () => {
    expect(parseRange('bytes=0-0', 0, false)).toBe('whole');
    expect(parseRange('bytes=-1', 0, true)).toBe('unsatisfiable');
  });
});
