import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeKey, percentEncode } from '../percent-encoding.ts';
import { authorizationV4, signatureTime } from './signature.ts';

/** The signer of ali-oss, written by others from the same description. */
const peer = createRequire(import.meta.url)('ali-oss/lib/common/signUtils') as {
  authorizationV4(
    accessKeyId: string,
    accessKeySecret: string,
    region: string,
    method: string,
    request: { headers: Record<string, string>; queries: Record<string, string | null> },
    bucket: string,
    key: string,
  ): string;
};

const key = { accessKeyId: 'LTAI-example', accessKeySecret: 'secret', region: 'cn-hangzhou' };

describe('signature version 4', () => {
  it('is what ali-oss computes', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .filter((text) => Buffer.from(text).toString() === text);
    const query = fc.dictionary(fc.stringMatching(/^[a-z][a-z-]{0,10}$/), fc.option(name), { maxKeys: 4 });
    fc.assert(
      fc.property(name, query, fc.stringMatching(/^[ -~]{0,30}$/), (objectName, queries, value) => {
        const headers = {
          'x-oss-date': signatureTime(Date.UTC(2026, 0, 2, 3, 4, 5)),
          'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
          'x-oss-meta-value': value,
          'content-type': 'text/plain',
          'user-agent': 'not signed',
        };
        const text = Object.entries(queries)
          .map(([part, content]) =>
            content === null ? percentEncode(part) : `${percentEncode(part)}=${percentEncode(content)}`,
          )
          .join('&');
        const ours = authorizationV4(
          { method: 'PUT', canonicalPath: `/bucket/${encodeKey(objectName)}`, query: text, headers },
          key,
        );
        const theirs = peer.authorizationV4(
          key.accessKeyId,
          key.accessKeySecret,
          key.region,
          'PUT',
          { headers, queries },
          'bucket',
          objectName,
        );
        expect(ours).toBe(theirs);
      }),
    );
  });

  it('has its own way to write the time', () => {
    expect(signatureTime(Date.UTC(2026, 0, 2, 3, 4, 5, 678))).toBe('20260102T030405Z');
  });
});

describe('percent-encoding', () => {
  it('leaves what RFC 3986 does not reserve, and in keys the slash', () => {
    expect(percentEncode("a-b_c.d~e!'()*/+ é")).toBe('a-b_c.d~e%21%27%28%29%2A%2F%2B%20%C3%A9');
    expect(encodeKey('a/b c/?#')).toBe('a/b%20c/%3F%23');
  });
});
