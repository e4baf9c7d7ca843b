import { InvalidArgumentError } from '@yunseal/crypto-core';
import { RangeNotSatisfiableError } from './errors.ts';
import type { ClosedRange } from './store/object-store.ts';

/**
 * A range of an object's decrypted bytes, as HTTP has it (RFC 9110, section 14.1.2): from `first` to `last`, both
 * included; from `first` to the end; the last `suffix` bytes; or a `Range` header with one such range.
 */
export type ByteRange =
  | { readonly first: number; readonly last?: number | undefined }
  | { readonly suffix: number }
  | `bytes=${string}`;

/** Check a range, and read it where it is a header; `InvalidArgumentError` when it can never be satisfied. */
export function parseByteRange(range: ByteRange): Exclude<ByteRange, string> {
  if (typeof range === 'string') {
    const match = /^bytes=(\d*)-(\d*)$/.exec(range);
    const [, first = '', last = ''] = match ?? [];
    if (match === null || (first === '' && last === '')) {
      throw new InvalidArgumentError(`${JSON.stringify(range.slice(0, 80))} is not one range of bytes`);
    }
    if (first === '') return parseByteRange({ suffix: Number(last) });
    return parseByteRange(
      last === '' ? { first: Number(first) } : { first: Number(first), last: Number(last) },
    );
  }
  const numbers = 'suffix' in range ? [range.suffix] : [range.first, range.last ?? range.first];
  if (numbers.some((value) => !Number.isSafeInteger(value) || value < 0)) {
    throw new InvalidArgumentError('the bounds of a range are whole numbers from 0');
  }
  if (!('suffix' in range) && range.last !== undefined && range.last < range.first) {
    throw new InvalidArgumentError(`the range ends at ${range.last}, before it starts at ${range.first}`);
  }
  return range;
}

/** The bytes a range selects of an object of `length` bytes; `RangeNotSatisfiableError` when there are none. */
export function resolveByteRange(range: Exclude<ByteRange, string>, length: number): ClosedRange {
  const first = 'suffix' in range ? Math.max(0, length - range.suffix) : range.first;
  const last = 'suffix' in range ? length - 1 : Math.min(range.last ?? length - 1, length - 1);
  if (first > last) {
    throw new RangeNotSatisfiableError(`no byte of the range is inside the object's ${length} bytes`, length);
  }
  return { first, last };
}
