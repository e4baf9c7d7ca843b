import { createHash, createHmac } from 'node:crypto';
import { percentEncode } from '../../signatures/percent-encoding.ts';
import { percentEncodePath } from '../text.ts';
import { byCodeUnit, canonicalHeaders, type SignedRequest } from './canonical.ts';

/** `<AccessKeyId>/<day>/<region>/oss/aliyun_v4_request` */
export interface CredentialScope {
  readonly accessKeyId: string;
  /** `20261121` */
  readonly day: string;
  readonly region: string;
  readonly product: string;
}

export const algorithmV4 = 'OSS4-HMAC-SHA256';
const terminator = 'aliyun_v4_request';

/** @returns undefined where the text has not this form */
export function parseCredentialScope(text: string): CredentialScope | undefined {
  const match = /^([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aliyun_v4_request$/.exec(text);
  if (match === null) return undefined;
  const [, accessKeyId = '', day = '', region = '', product = ''] = match;
  return { accessKeyId, day, region, product };
}

/**
 * The string that version 4 signs ("Include a V4 signature in the Authorization header", "… in a URL").
 *
 * @param timestamp `20261121T222400Z`
 * @param additionalHeaders lower-case names of the further signed headers, sorted
 */
export function stringToSignV4(
  { method, address, headers }: SignedRequest,
  scope: CredentialScope,
  timestamp: string,
  additionalHeaders: readonly string[],
): string {
  const { bucket, key, query } = address;
  const pairs = query.entries
    .filter(({ name }) => name !== 'x-oss-signature')
    .map(({ name, value }) => [percentEncode(name), percentEncode(value)] as const)
    .sort(([a], [b]) => byCodeUnit(a, b))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  const additional = new Set(additionalHeaders);
  const canonicalRequest = [
    method,
    percentEncodePath(`/${bucket === undefined ? '' : `${bucket}/`}${key ?? ''}`),
    pairs.join('&'),
    canonicalHeaders(
      headers,
      (name) =>
        name === 'content-type' ||
        name === 'content-md5' ||
        name.startsWith('x-oss-') ||
        additional.has(name),
    ),
    additionalHeaders.join(';'),
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  return [
    algorithmV4,
    timestamp,
    `${scope.day}/${scope.region}/${scope.product}/${terminator}`,
    createHash('sha256').update(canonicalRequest, 'utf8').digest('hex'),
  ].join('\n');
}

/** @returns the signature in lower-case hexadecimal */
export function signV4(secret: string, scope: CredentialScope, stringToSign: string): string {
  let key: string | Buffer = `aliyun_v4${secret}`;
  for (const part of [scope.day, scope.region, scope.product, terminator]) {
    key = createHmac('sha256', key).update(part, 'utf8').digest();
  }
  return createHmac('sha256', key).update(stringToSign, 'utf8').digest('hex');
}
