import { createHash, createHmac } from 'node:crypto';
import { percentEncode } from './percent-encoding.ts';

export type Acs3Algorithm = 'ACS3-HMAC-SHA256' | 'ACS3-HMAC-SM3';

/** What an `Authorization: ACS3-…` header says. */
export interface Acs3Authorization {
  readonly algorithm: Acs3Algorithm;
  readonly accessKeyId: string;
  /** Lower case, as listed. */
  readonly signedHeaders: readonly string[];
  /** Lower-case hex. */
  readonly signature: string;
}

const form =
  /^(ACS3-HMAC-SHA256|ACS3-HMAC-SM3) +Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{64})$/;

/** @returns undefined for what is no such header */
export function parseAcs3Authorization(header: string): Acs3Authorization | undefined {
  const match = form.exec(header);
  if (match === null) return undefined;
  const [, algorithm, accessKeyId, signedHeaders, signature] = match;
  return {
    algorithm: algorithm as Acs3Algorithm,
    accessKeyId: accessKeyId as string,
    signedHeaders: (signedHeaders as string).split(';'),
    signature: signature as string,
  };
}

export function acs3Hash(data: Uint8Array | string, algorithm: Acs3Algorithm): string {
  return createHash(algorithm === 'ACS3-HMAC-SM3' ? 'sm3' : 'sha256')
    .update(data)
    .digest('hex');
}

export interface Acs3Request {
  readonly method: string;
  /** Still percent-encoded, without the query. */
  readonly path: string;
  /** Decoded. */
  readonly query: ReadonlyMap<string, string>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The value of `x-acs-content-sha256`. */
  readonly contentHash: string;
}

/** The string to sign: the algorithm, and the hash of the canonical request. */
export function acs3StringToSign(
  request: Acs3Request,
  { algorithm, signedHeaders }: Acs3Authorization,
): string {
  const query = Array.from(request.query)
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const headers = signedHeaders.map((name) => `${name}:${headerValue(request.headers[name])}\n`).join('');
  const path = request.path === '' ? '/' : request.path;
  const canonical = [request.method, path, query, headers, signedHeaders.join(';'), request.contentHash].join(
    '\n',
  );
  return `${algorithm}\n${acs3Hash(canonical, algorithm)}`;
}

function headerValue(value: string | string[] | undefined): string {
  return Array.isArray(value)
    ? value
        .map((one) => one.trim())
        .sort()
        .join(',')
    : (value ?? '').trim();
}

/** The signature, in lower-case hex. */
export function acs3Signature(
  stringToSign: string,
  accessKeySecret: string,
  algorithm: Acs3Algorithm,
): string {
  return createHmac(algorithm === 'ACS3-HMAC-SM3' ? 'sm3' : 'sha256', accessKeySecret)
    .update(stringToSign, 'utf8')
    .digest('hex');
}
