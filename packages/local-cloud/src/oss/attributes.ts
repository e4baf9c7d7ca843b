import type { IncomingHttpHeaders } from 'node:http';
import { ServiceError } from '../http/service-error.ts';
import { invalidArgument } from './errors.ts';
import { parseObjectAcl, parseStorageClass } from './names.ts';
import { headerValue } from './signature/canonical.ts';
import type { BucketRecord, ObjectAttributes, ObjectRecord } from './storage/records.ts';

/** Headers that are kept with an object and come back with it ("PutObject", request headers). */
const keptHeaders = [
  'content-type',
  'content-encoding',
  'content-language',
  'content-disposition',
  'cache-control',
  'expires',
] as const;

const metadataPrefix = 'x-oss-meta-';
const maxMetadataBytes = 8 * 1024;

/**
 * What the headers of a request that writes an object say of it.
 *
 * @throws ServiceError `InvalidArgument`, `MetadataTooLarge`, `InvalidTag`
 */
export function readAttributes(headers: IncomingHttpHeaders, bucket: BucketRecord): ObjectAttributes {
  const acl = headerValue(headers, 'x-oss-object-acl');
  const storageClass = headerValue(headers, 'x-oss-storage-class');
  return {
    headers: readKeptHeaders(headers),
    userMetadata: readUserMetadata(headers),
    acl: acl === '' ? 'default' : parseObjectAcl(acl),
    storageClass: storageClass === '' ? bucket.storageClass : parseStorageClass(storageClass),
    tags: parseTagging(headerValue(headers, 'x-oss-tagging')),
  };
}

export function readKeptHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = { 'content-type': 'application/octet-stream' };
  for (const name of keptHeaders) {
    const value = headerValue(headers, name);
    if (value !== '') kept[name] = value;
  }
  return kept;
}

export function readUserMetadata(headers: IncomingHttpHeaders): Record<string, string> {
  const metadata: Record<string, string> = {};
  let bytes = 0;
  for (const name of Object.keys(headers)) {
    if (!name.startsWith(metadataPrefix)) continue;
    const value = headerValue(headers, name);
    metadata[name.slice(metadataPrefix.length)] = value;
    bytes += Buffer.byteLength(name) - metadataPrefix.length + Buffer.byteLength(value);
  }
  if (bytes > maxMetadataBytes) {
    throw new ServiceError(
      400,
      'MetadataTooLarge',
      'The metadata headers exceed the maximum allowed size of 8 KB.',
      {
        MaxSizeAllowed: String(maxMetadataBytes),
        Size: String(bytes),
      },
    );
  }
  return metadata;
}

/** The headers with which an object's attributes come back. */
export function attributeHeaders(object: ObjectRecord): Record<string, string> {
  const { encryption } = object;
  return {
    ...object.headers,
    ...Object.fromEntries(
      Object.entries(object.userMetadata).map(([name, value]) => [metadataPrefix + name, value]),
    ),
    'last-modified': new Date(object.lastModified).toUTCString(),
    etag: `"${object.etag}"`,
    'x-oss-object-type': object.type,
    'x-oss-storage-class': object.storageClass,
    'x-oss-hash-crc64ecma': object.crc64,
    // The ETag of an object put at once is its MD5; that of any other is not.
    ...(object.type === 'Normal' && /^[0-9A-F]{32}$/.test(object.etag)
      ? { 'content-md5': Buffer.from(object.etag, 'hex').toString('base64') }
      : {}),
    ...(object.type === 'Appendable' ? { 'x-oss-next-append-position': String(object.size) } : {}),
    ...(Object.keys(object.tags).length > 0
      ? { 'x-oss-tagging-count': String(Object.keys(object.tags).length) }
      : {}),
    ...(encryption === undefined ? {} : encryptionHeaders(encryption)),
  };
}

export function encryptionHeaders(encryption: {
  readonly algorithm: string;
  readonly keyId?: string | undefined;
}) {
  return {
    'x-oss-server-side-encryption': encryption.algorithm,
    ...(encryption.keyId === undefined ? {} : { 'x-oss-server-side-encryption-key-id': encryption.keyId }),
  };
}

/**
 * Tags as a header has them: `key1=value1&key2=value2`, percent-encoded.
 *
 * @throws ServiceError `InvalidArgument`, `InvalidTag`
 */
export function parseTagging(header: string): Record<string, string> {
  if (header === '') return {};
  let pairs: [string, string][];
  try {
    pairs = header.split('&').map((pair) => {
      const [name = '', value = ''] = pair
        .split('=', 2)
        .map((part) => decodeURIComponent(part.replaceAll('+', ' ')));
      return [name, value];
    });
  } catch {
    throw invalidArgument('x-oss-tagging', header, 'The tags are not percent-encoded.');
  }
  return checkTags(pairs);
}

/** At most 10 tags, keys up to 128 bytes and values up to 256 ("PutObjectTagging"). */
export function checkTags(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const tags = Object.fromEntries(pairs);
  const invalid = (reason: string) =>
    new ServiceError(400, 'InvalidTag', `The tag set you provided is invalid: ${reason}`);
  if (pairs.length > 10) throw invalid('there are more than 10 tags.');
  if (Object.keys(tags).length !== pairs.length) throw invalid('a key comes twice.');
  for (const [name, value] of pairs) {
    if (name === '' || Buffer.byteLength(name) > 128)
      throw invalid('a key is empty or longer than 128 bytes.');
    if (Buffer.byteLength(value) > 256) throw invalid('a value is longer than 256 bytes.');
  }
  return tags;
}
