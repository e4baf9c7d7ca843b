import { isIP } from 'node:net';
import { InvalidArgumentError } from '@yunseal/crypto-core';

/** Where OSS is, and how buckets are addressed there. */
export interface Endpoint {
  readonly protocol: 'http' | 'https';
  /** Host and port. */
  readonly host: string;
  /** `path`: the bucket is the path's first segment (IP addresses, localhost). `host`: it is part of the host name. `cname`: the host is the bucket's own. */
  readonly addressing: 'path' | 'host' | 'cname';
  readonly region: string;
}

export interface EndpointOptions {
  /** For example `cn-hangzhou`. By default what the endpoint's name says, else `cn-hangzhou`. */
  readonly region?: string | undefined;
  /** A host name or a URL; by default `https://oss-<region>.aliyuncs.com`. */
  readonly endpoint?: string | undefined;
  /** Use the region's internal endpoint, from inside a VPC. */
  readonly internal?: boolean | undefined;
  /** The endpoint is a domain name bound to the bucket. */
  readonly cname?: boolean | undefined;
}

/** Read the options of an endpoint; `InvalidArgumentError` for one that can never work. */
export function resolveEndpoint(options: EndpointOptions): Endpoint {
  const region = options.region?.replace(/^oss-/, '');
  if (region !== undefined && !/^[a-z0-9-]+$/.test(region)) {
    throw new InvalidArgumentError(`region ${JSON.stringify(options.region)}: write it as in cn-hangzhou`);
  }
  if (options.endpoint === undefined) {
    const name = region ?? 'cn-hangzhou';
    return {
      protocol: 'https',
      host: `oss-${name}${options.internal === true ? '-internal' : ''}.aliyuncs.com`,
      addressing: 'host',
      region: name,
    };
  }
  const text = options.endpoint.includes('://') ? options.endpoint : `https://${options.endpoint}`;
  if (!URL.canParse(text)) {
    throw new InvalidArgumentError('the endpoint is neither a host name nor a URL');
  }
  const url = new URL(text);
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.pathname !== '/' || /[?#@]/.test(text)) {
    throw new InvalidArgumentError('the endpoint must be http(s)://host[:port] and nothing more');
  }
  const named = /^oss-([a-z0-9-]+?)(-internal)?\.aliyuncs\.com$/.exec(url.hostname)?.[1];
  const bare = url.hostname.replace(/^\[|\]$/g, '');
  return {
    protocol: url.protocol === 'http:' ? 'http' : 'https',
    host: url.host,
    addressing: options.cname === true ? 'cname' : isIP(bare) !== 0 || bare === 'localhost' ? 'path' : 'host',
    region: region ?? named ?? 'cn-hangzhou',
  };
}

/** OSS's rule for object names: 1 to 1,023 bytes of UTF-8 that start with neither `/` nor `\`. */
export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes < 1 || bytes > 1023) {
    throw new InvalidArgumentError(`an object key has 1 to 1,023 bytes of UTF-8, this one ${bytes}`);
  }
  if (key.startsWith('/') || key.startsWith('\\')) {
    throw new InvalidArgumentError('an object key cannot start with / or \\');
  }
  if (key.includes('\0')) throw new InvalidArgumentError('an object key cannot hold a null');
  if (Buffer.from(key).toString() !== key) {
    throw new InvalidArgumentError(
      'an object key must be well-formed Unicode; this one has a lone surrogate',
    );
  }
}

/** OSS's rule for bucket names: 3 to 63 lower-case letters, digits and inner hyphens. */
export function checkBucket(bucket: string): void {
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw new InvalidArgumentError(
      `bucket ${JSON.stringify(bucket)}: OSS names have 3 to 63 lower-case letters, digits and inner hyphens`,
    );
  }
}
