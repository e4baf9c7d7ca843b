import { InvalidArgumentError } from '@yunseal/crypto-core';
import { StoreServiceError } from '../errors.ts';
import type { ClosedRange, ReadOptions, StoredObject, WriteOptions } from './object-store.ts';

const META = 'x-oss-meta-';
/** OSS allows 8 KB of user metadata, names and values together (PutObject, "Object Meta"). */
export const MAX_METADATA_BYTES = 8192;

/** One character per byte, as `node:http` sends and receives header values. */
export function toHeaderValue(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function fromHeaderValue(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8');
}

/** What a request says of itself, its bytes and its signature is not the caller's to say. */
const ownHeaders = new Set([
  'authorization',
  'connection',
  'content-length',
  'host',
  'transfer-encoding',
  'x-oss-content-sha256',
  'x-oss-date',
  'x-oss-security-token',
]);

/** Refuse what HTTP cannot carry before a request is made: on the wire it would look like a broken connection. */
function checkHeader(name: string, value: string): void {
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/i.test(name)) {
    throw new InvalidArgumentError(`${JSON.stringify(name)} is not the name of a header`);
  }
  for (const character of value) {
    const code = character.charCodeAt(0);
    if ((code < 0x20 && character !== '\t') || code === 0x7f) {
      throw new InvalidArgumentError(
        `${name}: a value cannot hold line breaks or other control characters; this one has U+${code.toString(16).padStart(4, '0')}`,
      );
    }
  }
}

/** The request headers for what is stored beside an object. Values are Unicode; the stores encode them. */
export function writeHeaders(options: WriteOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (ownHeaders.has(name.toLowerCase())) {
      throw new InvalidArgumentError(`header ${name} is set by the request itself`);
    }
    headers[name.toLowerCase()] = value;
  }
  headers['content-type'] = options.contentType ?? headers['content-type'] ?? 'application/octet-stream';
  if (options.ifAbsent === true) headers['x-oss-forbid-overwrite'] = 'true';
  let bytes = 0;
  for (const [name, value] of Object.entries(options.metadata ?? {})) {
    if (!/^[a-z0-9-]+$/.test(name)) {
      throw new InvalidArgumentError(
        `metadata name ${JSON.stringify(name)}: OSS takes lower-case letters, digits and hyphens`,
      );
    }
    bytes += name.length + Buffer.byteLength(value);
    headers[META + name] = value;
  }
  if (bytes > MAX_METADATA_BYTES) {
    throw new InvalidArgumentError(`metadata of ${bytes} bytes: OSS takes at most ${MAX_METADATA_BYTES}`);
  }
  const sse = options.serverSideEncryption;
  if (sse !== undefined) {
    headers['x-oss-server-side-encryption'] = sse.algorithm;
    if (sse.algorithm === 'KMS') {
      if (sse.keyId !== undefined) headers['x-oss-server-side-encryption-key-id'] = sse.keyId;
      if (sse.dataAlgorithm !== undefined) {
        headers['x-oss-server-side-data-encryption'] = sse.dataAlgorithm;
      }
    }
  }
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  return headers;
}

/** The request headers of a read. */
export function readHeaders(options: ReadOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  if (options.ifMatch !== undefined) {
    checkHeader('if-match', options.ifMatch);
    headers['if-match'] = options.ifMatch;
  }
  if (options.range !== undefined) {
    headers.range =
      'suffix' in options.range
        ? `bytes=-${options.range.suffix}`
        : `bytes=${options.range.first}-${options.range.last}`;
    // Without this OSS answers an impossible range with the whole object and status 200.
    headers['x-oss-range-behavior'] = 'standard';
  }
  return headers;
}

/** What response headers say of an object; the error names the header that is missing or makes no sense. */
export function storedObject(
  key: string,
  raw: Readonly<Record<string, string | string[] | undefined>>,
  facts: { action: string; bucket: string; statusCode?: number | undefined },
): StoredObject & { readonly range: ClosedRange | undefined } {
  const headers: Record<string, string> = {};
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined) continue;
    const text = Array.isArray(value) ? value.join(', ') : value;
    const lower = name.toLowerCase();
    headers[lower] = text;
    if (lower.startsWith(META)) metadata[lower.slice(META.length)] = fromHeaderValue(text);
  }
  const refuse = (what: string) =>
    new StoreServiceError(
      `the answer ${what}`,
      { ...facts, key, requestId: headers['x-oss-request-id'] },
      true,
    );
  const contentLength = parseCount(headers['content-length']);
  const contentRange = headers['content-range'];
  let length: number;
  let range: ClosedRange | undefined;
  if (contentRange === undefined) {
    if (contentLength === undefined) throw refuse('has no Content-Length');
    length = contentLength;
    range = length === 0 ? undefined : { first: 0, last: length - 1 };
  } else {
    const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange);
    const [first, last, whole] = (match ?? []).slice(1).map(Number);
    if (first === undefined || last === undefined || whole === undefined || first > last || last >= whole) {
      throw refuse('has a Content-Range that makes no sense');
    }
    if (contentLength !== undefined && contentLength !== last - first + 1) {
      throw refuse('has a Content-Length that differs from its Content-Range');
    }
    length = whole;
    range = { first, last };
  }
  const { etag } = headers;
  if (etag === undefined) throw refuse('has no ETag');
  const modified = Date.parse(headers['last-modified'] ?? '');
  return {
    key,
    length,
    range,
    etag,
    metadata,
    headers,
    contentType: headers['content-type'],
    lastModified: Number.isNaN(modified) ? undefined : new Date(modified),
    crc64: parseCrc64(headers['x-oss-hash-crc64ecma']),
    versionId: headers['x-oss-version-id'],
    objectType: headers['x-oss-object-type'],
  };
}

/** The service writes a CRC-64 as a decimal number. */
export function parseCrc64(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
}

function parseCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
