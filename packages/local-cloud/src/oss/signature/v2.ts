import { createHmac } from 'node:crypto';
import { percentEncode } from '../../signatures/percent-encoding.ts';
import { byCodeUnit, canonicalHeaders, headerValue, type SignedRequest } from './canonical.ts';

/**
 * Clients do not agree on the details. `strict` is what the Python client signs; `javascript` is what
 * `@alicloud/oss-client` does: it leaves `!'()*` as they are, an empty value keeps its `=`, and there is no path
 * without a bucket.
 */
export type DialectV2 = 'strict' | 'javascript';

/**
 * The string that version 2 signs. `@alicloud/oss-client` signs so unless told otherwise; no document on the service
 * tells of it any more. All query parameters are covered.
 *
 * @param date the Date header's text, or for a presigned URL the seconds in `x-oss-expires`
 * @param additionalHeaders the further signed headers, as the request named them
 */
export function stringToSignV2(
  { method, address, headers }: SignedRequest,
  date: string,
  additionalHeaders: readonly string[],
  dialect: DialectV2,
): string {
  const { bucket, key, query } = address;
  const encode = dialect === 'strict' ? percentEncode : encodeURIComponent;
  const pairs = query.entries
    .filter(({ name }) => name !== 'x-oss-signature')
    .map(({ name, value, bare }) => {
      const valueless = dialect === 'strict' ? value === '' : bare;
      return [encode(name), valueless ? '' : `=${encode(value)}`] as const;
    })
    .sort(([a], [b]) => byCodeUnit(a, b))
    .map((pair) => pair.join(''));
  const servicePath = dialect === 'strict' ? encode('/') : '';
  const path = bucket === undefined ? servicePath : encode(`/${bucket}/${key ?? ''}`);
  const additional = new Set(additionalHeaders.map((name) => name.toLowerCase()));
  return [
    method,
    headerValue(headers, 'content-md5'),
    headerValue(headers, 'content-type'),
    date,
    canonicalHeaders(headers, (name) => name.startsWith('x-oss-') || additional.has(name)) +
      additionalHeaders.join(';'),
    pairs.length === 0 ? path : `${path}?${pairs.join('&')}`,
  ].join('\n');
}

/** @returns the signature in Base64 */
export function signV2(secret: string, stringToSign: string): string {
  return createHmac('sha256', secret).update(stringToSign, 'utf8').digest('base64');
}
