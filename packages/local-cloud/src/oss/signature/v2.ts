import { createHmac } from 'node:crypto';
import { percentEncode } from '../../signatures/percent-encoding.ts';
import { byCodeUnit, canonicalHeaders, headerValue, type SignedRequest } from './canonical.ts';

/**
 * The string that version 2 signs. `@alicloud/oss-client` signs so unless told otherwise; no document on the service
 * tells it any more. All query parameters are covered; one that came without `=` stays bare.
 *
 * @param additionalHeaders the further signed headers, as the request named them
 * @param encode how the client percent-encodes: clients differ on `!'()*`
 */
export function stringToSignV2(
  { method, address, headers }: SignedRequest,
  date: string,
  additionalHeaders: readonly string[],
  encode: (text: string) => string = percentEncode,
): string {
  const { bucket, key, query } = address;
  const pairs = query.entries
    .map(({ name, value, bare }) => [encode(name), bare ? '' : `=${encode(value)}`] as const)
    .sort(([a], [b]) => byCodeUnit(a, b))
    .map((pair) => pair.join(''));
  // Without a bucket the JavaScript client signs no path at all.
  const path = bucket === undefined ? '' : encode(`/${bucket}/${key ?? ''}`);
  const additional = new Set(additionalHeaders.map((name) => name.toLowerCase()));
  return [
    method,
    headerValue(headers, 'content-md5'),
    headerValue(headers, 'content-type'),
    date,
    `${canonicalHeaders(headers, (name) => name.startsWith('x-oss-') || additional.has(name))}${additionalHeaders.join(';')}`,
    pairs.length === 0 ? path : `${path}?${pairs.join('&')}`,
  ].join('\n');
}

/** @returns the signature in Base64 */
export function signV2(secret: string, stringToSign: string): string {
  return createHmac('sha256', secret).update(stringToSign, 'utf8').digest('base64');
}
