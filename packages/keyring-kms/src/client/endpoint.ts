import { InvalidArgumentError } from '@yunseal/crypto-core';
import { isRegion } from '../key-identifier.ts';

/** Where a region's KMS is reached. */
export interface KmsEndpoint {
  readonly protocol: 'http' | 'https';
  /** Host, with the port where it is not the protocol's own. */
  readonly host: string;
  /** Whether this is a dedicated instance's own gateway, which has no ReEncrypt. */
  readonly dedicated: boolean;
}

export interface KmsEndpointOptions {
  /** A host, or a URL without a path such as `http://127.0.0.1:8080`. Wins over `network`. */
  readonly endpoint?: string | undefined;
  /** The region's public gateway (the default) or the one inside a VPC. */
  readonly network?: 'public' | 'vpc' | undefined;
  /** Consent to an `http:` endpoint on another machine: plaintext data keys travel in the clear. Default `false`. */
  readonly allowPlainHttp?: boolean | undefined;
}

const dedicatedSuffix = '.cryptoservice.kms.aliyuncs.com';

/**
 * The gateway's address: `kms.<region>.aliyuncs.com`, `kms-vpc.<region>.aliyuncs.com`, or the one given.
 *
 * @throws InvalidArgumentError when the region is no region id, or the endpoint no host, no http or https URL,
 * or plain HTTP to another machine.
 */
export function resolveKmsEndpoint(region: string, options: KmsEndpointOptions): KmsEndpoint {
  if (!isRegion(region)) {
    throw new InvalidArgumentError(`${JSON.stringify(region)} is no region id such as cn-hangzhou`);
  }
  if (options.endpoint === undefined) {
    const product = options.network === 'vpc' ? 'kms-vpc' : 'kms';
    return { protocol: 'https', host: `${product}.${region}.aliyuncs.com`, dedicated: false };
  }
  const text = options.endpoint.includes('://') ? options.endpoint : `https://${options.endpoint}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined ||
    (url.protocol !== 'http:' && url.protocol !== 'https:') ||
    url.hostname === '' ||
    url.username !== '' ||
    url.password !== '' ||
    url.pathname !== '/' ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new InvalidArgumentError(
      'the KMS endpoint must be a host or an http(s) URL with nothing after the port, such as https://kms.cn-hangzhou.aliyuncs.com',
    );
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && options.allowPlainHttp !== true) {
    throw new InvalidArgumentError(
      `${url.host} would be reached over plain HTTP, with data keys in the clear: use https, or set allowPlainHttp`,
    );
  }
  return {
    protocol: url.protocol === 'http:' ? 'http' : 'https',
    host: url.host,
    dedicated: url.hostname.endsWith(dedicatedSuffix),
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
