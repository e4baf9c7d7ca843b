import { addressedBucket, authorize } from '../access.ts';
import { type Call, type Operation, xmlAnswer } from '../call.ts';
import { invalidArgument } from '../errors.ts';
import { listPage, nameEncoding, readLimit } from '../listing.ts';
import type { BucketRecord, ObjectRecord } from '../storage/records.ts';
import { wholeSeconds } from '../text.ts';
import type { XmlContent } from '../xml.ts';

/** `GET /`: pages by marker. */
export const listObjects: Operation = (call) => {
  const { query } = call.address;
  const marker = query.get('marker') ?? '';
  const listing = list(call, marker);
  const { bucket, prefix, delimiter, limit, encoding, page } = listing;
  return xmlAnswer('ListBucketResult', {
    Name: bucket.name,
    Prefix: encoding.encode(prefix),
    Marker: encoding.encode(marker),
    MaxKeys: limit,
    Delimiter: encoding.encode(delimiter),
    EncodingType: encoding.type,
    IsTruncated: page.next !== undefined,
    NextMarker: page.next === undefined ? undefined : encoding.encode(page.next),
    Contents: page.items.map((object) => contents(object, encoding.encode, bucket)),
    CommonPrefixes: page.commonPrefixes.map((group) => ({ Prefix: encoding.encode(group) })),
  });
};

/** `GET /?list-type=2`: pages by an opaque token. */
export const listObjectsV2: Operation = (call) => {
  const { query } = call.address;
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after') ?? '';
  const listing = list(call, token === undefined || token === '' ? startAfter : decodeToken(token));
  const { bucket, prefix, delimiter, limit, encoding, page } = listing;
  const withOwner = query.get('fetch-owner') === 'true';
  return xmlAnswer('ListBucketResult', {
    Name: bucket.name,
    Prefix: encoding.encode(prefix),
    StartAfter: startAfter === '' ? undefined : encoding.encode(startAfter),
    ContinuationToken: token,
    MaxKeys: limit,
    Delimiter: encoding.encode(delimiter),
    EncodingType: encoding.type,
    IsTruncated: page.next !== undefined,
    NextContinuationToken: page.next === undefined ? undefined : encodeToken(page.next),
    KeyCount: page.items.length + page.commonPrefixes.length,
    Contents: page.items.map((object) => contents(object, encoding.encode, withOwner ? bucket : undefined)),
    CommonPrefixes: page.commonPrefixes.map((group) => ({ Prefix: encoding.encode(group) })),
  });
};

function list(call: Call, after: string) {
  const { query } = call.address;
  const bucket = addressedBucket(call);
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  authorize(call, {
    action: 'oss:ListObjects',
    bucket,
    context: { 'oss:Prefix': prefix, 'oss:Delimiter': delimiter },
  });
  const limit = readLimit(query, 'max-keys', 100, 1000);
  const page = listPage((name) => call.state.objectsFrom(bucket.name, name), {
    prefix,
    delimiter,
    after,
    limit,
  });
  return { bucket, prefix, delimiter, limit, encoding: nameEncoding(query.get('encoding-type')), page };
}

/** @param owner the bucket whose owner is told */
function contents(
  object: ObjectRecord,
  encode: (name: string) => string,
  owner: BucketRecord | undefined,
): XmlContent {
  return {
    Key: encode(object.key),
    LastModified: wholeSeconds(object.lastModified),
    ETag: `"${object.etag}"`,
    Type: object.type,
    Size: object.size,
    StorageClass: object.storageClass,
    Owner: owner === undefined ? undefined : { ID: owner.accountId, DisplayName: owner.accountId },
  };
}

const encodeToken = (name: string) => Buffer.from(name, 'utf8').toString('base64url');

function decodeToken(token: string): string {
  const name = Buffer.from(token, 'base64url').toString('utf8');
  if (encodeToken(name) !== token) {
    throw invalidArgument('continuation-token', token, 'The continuation token provided is incorrect.');
  }
  return name;
}
