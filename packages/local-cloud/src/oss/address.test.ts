import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress } from './address.ts';

const where = (target: string, host: string) => {
  const { bucket, key } = parseAddress(target, host);
  return { bucket, key };
};

describe('parseAddress', () => {
  it('reads bucket and key from the path at an IP address, localhost and the bare endpoint', () => {
    for (const host of ['127.0.0.1:1234', '[::1]:1234', 'localhost:80', 'oss-cn-hangzhou.aliyuncs.com', '']) {
      expect(where('/b/k/1', host)).toEqual({ bucket: 'b', key: 'k/1' });
      expect(where('/b/', host)).toEqual({ bucket: 'b', key: undefined });
      expect(where('/b?acl', host)).toEqual({ bucket: 'b', key: undefined });
      expect(where('/', host)).toEqual({ bucket: undefined, key: undefined });
    }
  });

  it('reads the bucket from the host name', () => {
    for (const host of [
      'b.oss-cn-hangzhou.aliyuncs.com',
      'b.oss-cn-hangzhou-internal.aliyuncs.com:80',
      'b.localhost:1234',
      'B.OSS-cn-hangzhou.aliyuncs.com',
    ]) {
      expect(where('/k/1', host)).toEqual({ bucket: 'b', key: 'k/1' });
      expect(where('/', host)).toEqual({ bucket: 'b', key: undefined });
    }
  });

  it('reads the bucket from the path where the Host header repeats it after a slash', () => {
    expect(where('/b/k', '127.0.0.1:1234/b')).toEqual({ bucket: 'b', key: 'k' });
  });

  it('reads a request line that names the host itself', () => {
    expect(where('http://b.oss-cn-hangzhou.aliyuncs.com/k?x=1', '127.0.0.1')).toEqual({
      bucket: 'b',
      key: 'k',
    });
  });

  it('takes what ali-oss writes for a missing bucket as none', () => {
    expect(where('/', 'undefined.oss-cn-hangzhou.aliyuncs.com')).toEqual({
      bucket: undefined,
      key: undefined,
    });
    expect(where('/', '.oss-cn-hangzhou.aliyuncs.com')).toEqual({ bucket: undefined, key: undefined });
  });

  it('tells parameters without a value from those with an empty one', () => {
    const { query } = parseAddress('/b?acl&prefix=&x=a%20b+c%2B', '127.0.0.1');
    expect(query.entries).toEqual([
      { name: 'acl', value: '', bare: true },
      { name: 'prefix', value: '', bare: false },
      { name: 'x', value: 'a b c+', bare: false },
    ]);
  });

  it('gives back every key that was percent-encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (key) => {
        expect(where(`/b/${encodeURIComponent(key)}`, '127.0.0.1').key).toBe(key);
      }),
    );
  });

  it.each(['/b/%', '/b/%zz', '/b/%ff', '/b?a=%e9'])('refuses %s', (target) => {
    expect(() => parseAddress(target, '127.0.0.1')).toThrow(expect.objectContaining({ code: 'InvalidURI' }));
  });
});
