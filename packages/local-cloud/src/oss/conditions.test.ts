import { describe, expect, it } from 'vitest';
import { type Conditions, checkConditions } from './conditions.ts';

const object = { etag: 'ABC123', lastModified: Date.parse('2026-11-21T22:00:00.750Z') };
const none: Conditions = {
  ifMatch: undefined,
  ifNoneMatch: undefined,
  ifModifiedSince: undefined,
  ifUnmodifiedSince: undefined,
};
const check = (conditions: Partial<Conditions>) => checkConditions({ ...none, ...conditions }, object);
const same = 'Sat, 21 Nov 2026 22:00:00 GMT';
const earlier = 'Sat, 21 Nov 2026 21:59:59 GMT';
const failed = expect.objectContaining({ code: 'PreconditionFailed', status: 412 });

describe('checkConditions', () => {
  it('proceeds without any', () => expect(check({})).toBe('proceed'));

  it.each(['"ABC123"', 'abc123', '*', '"other", "ABC123"', 'W/"ABC123"'])('knows %s for its ETag', (etag) => {
    expect(check({ ifMatch: etag })).toBe('proceed');
    expect(check({ ifNoneMatch: etag })).toBe('not-modified');
  });

  it('refuses another ETag, and proceeds unless it is the excluded one', () => {
    expect(() => check({ ifMatch: '"other"' })).toThrow(failed);
    expect(check({ ifNoneMatch: '"other"' })).toBe('proceed');
  });

  it('compares dates by the second', () => {
    expect(check({ ifModifiedSince: same })).toBe('not-modified');
    expect(check({ ifModifiedSince: earlier })).toBe('proceed');
    expect(check({ ifUnmodifiedSince: same })).toBe('proceed');
    expect(() => check({ ifUnmodifiedSince: earlier })).toThrow(failed);
  });

  it('lets ETags outrank dates', () => {
    expect(check({ ifMatch: '"ABC123"', ifUnmodifiedSince: earlier })).toBe('proceed');
    expect(check({ ifNoneMatch: '"other"', ifModifiedSince: same })).toBe('proceed');
  });

  it('passes over a date that is none', () => {
    expect(check({ ifModifiedSince: 'yesterday', ifUnmodifiedSince: 'yesterday' })).toBe('proceed');
  });
});
