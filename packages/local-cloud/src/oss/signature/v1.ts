import { createHmac } from 'node:crypto';
import { byCodeUnit, canonicalHeaders, headerValue, type SignedRequest } from './canonical.ts';

/** The query parameters that version 1 signs ("Include a V1 signature in the Authorization header", CanonicalizedResource). */
const subResources = new Set(
  `acl append asyncFetch bucketInfo callback callback-var cname comp continuation-token cors delete encryption endTime
  img inventory inventoryId lifecycle live location logging metaQuery objectMeta partNumber policy policyStatus position
  qos qosInfo referer regionList replication replicationLocation replicationProgress requestPayment resourceGroup
  response-cache-control response-content-disposition response-content-encoding response-content-language
  response-content-type response-expires restore security-token sequential startTime stat status style styleName symlink
  tagging transferAcceleration udf udfApplication udfApplicationLog udfId udfImage udfImageDesc udfName uploadId uploads
  versionId versioning versions vod website worm wormExtend wormId x-oss-ac-forward-allow x-oss-ac-source-ip
  x-oss-ac-subnet-mask x-oss-ac-vpc-id x-oss-async-process x-oss-process x-oss-request-payer x-oss-traffic-limit`.split(
    /\s+/,
  ),
);

/**
 * The string that version 1 signs.
 *
 * @param date the Date header's text, or for a presigned URL the seconds in `Expires`
 */
export function stringToSignV1({ method, address, headers }: SignedRequest, date: string): string {
  const { bucket, key, query } = address;
  const signed = query.entries
    .filter(({ name }) => subResources.has(name))
    .sort((a, b) => byCodeUnit(a.name, b.name))
    .map(({ name, value }) => (value === '' ? name : `${name}=${value}`));
  const resource = `/${bucket === undefined ? '' : `${bucket}/`}${key ?? ''}`;
  return [
    method,
    headerValue(headers, 'content-md5'),
    headerValue(headers, 'content-type'),
    date,
    canonicalHeaders(headers, (name) => name.startsWith('x-oss-')) +
      resource +
      (signed.length === 0 ? '' : `?${signed.join('&')}`),
  ].join('\n');
}

/** @returns the signature in Base64 */
export function signV1(secret: string, stringToSign: string): string {
  return createHmac('sha1', secret).update(stringToSign, 'utf8').digest('base64');
}
