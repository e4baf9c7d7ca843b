import { describe, expect, it } from 'vitest';
import { readHeaders, writeHeaders } from './object-headers.ts';

const invalid = expect.objectContaining({ code: 'InvalidArgument' });

describe('values that HTTP cannot carry are refused before a request is made', () => {
  it.each(['a\rb', 'a\nb', 'a\0b', 'x\u0001y', 'x\u001fy', 'x\u007fy', 'v\r\nx-oss-object-acl: public-read'])(
    '%j',
    (value) => {
      expect(() => writeHeaders({ metadata: { name: value } })).toThrow(invalid);
      expect(() => writeHeaders({ headers: { 'x-oss-storage-class': value } })).toThrow(invalid);
      expect(() => writeHeaders({ headers: { 'Content-Type': value } })).toThrow(invalid);
      expect(() => writeHeaders({ contentType: value })).toThrow(invalid);
      expect(() => writeHeaders({ serverSideEncryption: { algorithm: 'KMS', keyId: value } })).toThrow(
        invalid,
      );
      expect(() => readHeaders({ ifMatch: value })).toThrow(invalid);
    },
  );

  it.each(['bad name', '', 'a:b', 'a\r\nb', 'é'])('a header named %j', (name) => {
    expect(() => writeHeaders({ headers: { [name]: 'x' } })).toThrow(invalid);
  });

  it.each([
    'Host',
    'authorization',
    'Content-Length',
    'transfer-encoding',
    'x-oss-date',
    'x-oss-security-token',
  ])('and %s is the own affair of the request', (name) => {
    expect(() => writeHeaders({ headers: { [name]: 'x' } })).toThrow(invalid);
  });

  it('others are taken', () => {
    const metadata = { a: 'tab\there', b: 'é😀', c: '' };
    expect(writeHeaders({ metadata, headers: { 'Cache-Control': 'no-store' } })).toMatchObject({
      'x-oss-meta-a': 'tab\there',
      'x-oss-meta-b': 'é😀',
      'x-oss-meta-c': '',
      'cache-control': 'no-store',
    });
    expect(readHeaders({ ifMatch: '"etag"' })).toEqual({ 'if-match': '"etag"' });
  });
});
