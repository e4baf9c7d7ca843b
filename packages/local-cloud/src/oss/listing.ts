import { percentEncode } from '../signatures/percent-encoding.ts';
import type { Query } from './address.ts';
import { invalidArgument } from './errors.ts';
import { compareUtf8 } from './text.ts';

/** Something with a name that listings are made of: an object, or an upload. */
interface Named {
  readonly key: string;
}

export interface Page<T extends Named> {
  readonly items: readonly T[];
  readonly commonPrefixes: readonly string[];
  /** The last name on the page; listing goes on after it. Undefined where nothing is left. */
  readonly next: string | undefined;
}

/**
 * One page of a listing ("ListObjects"): names that start with `prefix`, in order, after `after`. Where a delimiter
 * comes after the prefix, all names alike up to its first occurrence are one common prefix, which counts as one.
 *
 * @param from gives the items at and after a name, in order
 */
export function listPage<T extends Named>(
  from: (name: string) => IterableIterator<T>,
  { prefix, delimiter, after, limit }: { prefix: string; delimiter: string; after: string; limit: number },
): Page<T> {
  const items: T[] = [];
  const commonPrefixes: string[] = [];
  let last: string | undefined;
  let position = compareUtf8(after, prefix) > 0 ? after : prefix;
  for (;;) {
    let skipTo: string | undefined;
    for (const item of from(position)) {
      const { key } = item;
      if (!key.startsWith(prefix)) return { items, commonPrefixes, next: undefined };
      if (key === after) continue;
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      const group = cut === -1 ? undefined : key.slice(0, cut + delimiter.length);
      if (group !== undefined && (group === after || group === last)) {
        skipTo = group;
        break;
      }
      if (items.length + commonPrefixes.length === limit) return { items, commonPrefixes, next: last };
      if (group === undefined) {
        items.push(item);
        last = key;
      } else {
        commonPrefixes.push(group);
        last = group;
      }
    }
    if (skipTo === undefined) return { items, commonPrefixes, next: undefined };
    // Past everything that starts with the group: no UTF-8 text sorts after U+10FFFF but by more of the same.
    position = `${skipTo}\u{10ffff}`;
  }
}

/**
 * @param most the largest allowed value
 * @throws ServiceError `InvalidArgument`
 */
export function readLimit(query: Query, name: string, usual: number, most: number): number {
  const text = query.get(name);
  if (text === undefined || text === '') return usual;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(limit >= 1 && limit <= most)) {
    throw invalidArgument(name, text, `Argument ${name} must be an integer between 1 and ${most}.`);
  }
  return limit;
}

/**
 * How names are written in a listing: `encoding-type=url` percent-encodes them, for XML cannot hold all of them.
 *
 * @throws ServiceError `InvalidArgument` for another encoding
 */
export function nameEncoding(encodingType: string | undefined): {
  type: 'url' | undefined;
  encode: (name: string) => string;
} {
  if (encodingType === undefined || encodingType === '') return { type: undefined, encode: (name) => name };
  if (encodingType.toLowerCase() === 'url') return { type: 'url', encode: percentEncode };
  throw invalidArgument('encoding-type', encodingType, 'Invalid Encoding Method specified in Request.');
}
