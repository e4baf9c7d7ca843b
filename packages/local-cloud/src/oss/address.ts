import { isIP } from 'node:net';
import { ServiceError } from '../http/service-error.ts';
import { percentDecode } from './text.ts';

/** What a request is about: the service as a whole, a bucket, or an object in one. */
export interface Address {
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly query: Query;
}

/** One `name=value` of a query, decoded. `bare` when it came without `=`: the V2 signature tells the two apart. */
export interface QueryEntry {
  readonly name: string;
  readonly value: string;
  readonly bare: boolean;
}

export interface Query {
  readonly entries: readonly QueryEntry[];
  has(name: string): boolean;
  /** The first value under this name. */
  get(name: string): string | undefined;
}

/**
 * Reads bucket and key from a request in any of the three ways clients write them ("Access OSS resources by
 * endpoint"): bucket in the host name (`bucket.oss-cn-hangzhou.aliyuncs.com/key`), bucket first in the path
 * (`127.0.0.1:1234/bucket/key`), or the odd form of `@alicloud/oss-client` in its `ip` host model, which writes
 * `127.0.0.1:1234/bucket` into the Host header too.
 *
 * @param target the request line's target as it came
 * @throws ServiceError `InvalidURI` where path or query do not decode
 */
export function parseAddress(target: string, host: string | undefined): Address {
  const origin = /^https?:\/\/([^/?#]*)/i.exec(target);
  const rest = origin === null ? target : target.slice(origin[0].length);
  const [path, search] = split(rest, '?');
  const decoded = percentDecode(path);
  if (decoded === undefined) {
    throw new ServiceError(400, 'InvalidURI', 'The path is not percent-encoded UTF-8.', { URI: path });
  }
  const query = parseQuery(search);
  const withoutSlash = decoded.startsWith('/') ? decoded.slice(1) : decoded;
  const hosted = bucketOfHost(origin?.[1] ?? host ?? '');
  if (hosted !== undefined) return { bucket: hosted, key: withoutSlash || undefined, query };
  const [bucket, key] = split(withoutSlash, '/');
  return { bucket: bucket || undefined, key: key || undefined, query };
}

/** Names that stand for OSS itself, with the bucket before them: public, internal and accelerated endpoints. */
const endpoint =
  /^(?:(?<bucket>[^.]*)\.)?(?:oss(?:-[a-z0-9-]+)?\.aliyuncs\.com|[a-z0-9-]+\.oss\.aliyuncs\.com|localhost)$/;

function bucketOfHost(host: string): string | undefined {
  const name = split(host.toLowerCase(), '/')[0].replace(/:\d*$/, '');
  if (name.startsWith('[') || isIP(name) !== 0) return undefined;
  const bucket = endpoint.exec(name)?.groups?.bucket;
  // ali-oss writes its missing bucket into the host name when it lists buckets through an IP address.
  return bucket === '' || bucket === 'undefined' || bucket === 'null' ? undefined : bucket;
}

function parseQuery(search: string): Query {
  const entries = search
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): QueryEntry => {
      const bare = !pair.includes('=');
      const [name, value] = split(pair, '=').map((part) => percentDecode(part.replaceAll('+', ' ')));
      if (name === undefined || value === undefined) {
        throw new ServiceError(400, 'InvalidURI', 'The query is not percent-encoded UTF-8.', { URI: pair });
      }
      return { name, value, bare };
    });
  const first = new Map<string, string>();
  for (const { name, value } of entries) if (!first.has(name)) first.set(name, value);
  return { entries, has: (name) => first.has(name), get: (name) => first.get(name) };
}

/** The text before and after the first separator; the second is empty where there is none. */
function split(text: string, separator: string): [before: string, after: string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
