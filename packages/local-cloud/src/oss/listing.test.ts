import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listPage } from './listing.ts';
import { compareUtf8 } from './text.ts';

interface Request {
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
}

/** All pages, as a client goes through them. */
function listAll(keys: readonly string[], request: Request) {
  const sorted = [...new Set(keys)].sort(compareUtf8).map((key) => ({ key }));
  const items: string[] = [];
  const commonPrefixes: string[] = [];
  for (let after = '', page = 0; ; page++) {
    expect(page).toBeLessThan(1000);
    const found = listPage((from) => sorted.filter(({ key }) => compareUtf8(key, from) >= 0).values(), {
      ...request,
      after,
    });
    expect(found.items.length + found.commonPrefixes.length).toBeLessThanOrEqual(request.limit);
    items.push(...found.items.map(({ key }) => key));
    commonPrefixes.push(...found.commonPrefixes);
    if (found.next === undefined) return { items, commonPrefixes };
    after = found.next;
  }
}

/** What the listing must come to, said in another way. */
function expected(keys: readonly string[], { prefix, delimiter }: Request) {
  const items: string[] = [];
  const commonPrefixes = new Set<string>();
  for (const key of [...new Set(keys)].sort(compareUtf8)) {
    if (!key.startsWith(prefix)) continue;
    const rest = key.slice(prefix.length);
    if (delimiter !== '' && rest.includes(delimiter)) {
      commonPrefixes.add(prefix + rest.slice(0, rest.indexOf(delimiter)) + delimiter);
    } else items.push(key);
  }
  return { items, commonPrefixes: [...commonPrefixes] };
}

describe('listPage', () => {
  it('groups by delimiter and counts a group once', () => {
    const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'd'];
    expect(listAll(keys, { prefix: '', delimiter: '/', limit: 2 })).toEqual({
      items: ['a', 'd'],
      commonPrefixes: ['b/'],
    });
    expect(listAll(keys, { prefix: 'b/', delimiter: '/', limit: 1 })).toEqual({
      items: ['b/1', 'b/2'],
      commonPrefixes: ['b/c/'],
    });
  });

  it('comes to the same in pages of any size', () => {
    const key = fc.string({
      unit: fc.constantFrom('a', 'b', '/', '-', 'é', '\u{1f600}', '\uff5e'),
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(
        fc.array(key, { maxLength: 40 }),
        fc.record({
          prefix: fc.string({ unit: fc.constantFrom('a', '/', 'é'), maxLength: 2 }),
          delimiter: fc.constantFrom('', '/', 'a/', '-'),
          limit: fc.integer({ min: 1, max: 5 }),
        }),
        (keys, request) => {
          expect(listAll(keys, request)).toEqual(expected(keys, request));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('sorts by UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(
          Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8')),
        );
      }),
    );
  });
});
