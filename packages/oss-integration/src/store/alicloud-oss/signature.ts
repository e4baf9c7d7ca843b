import { createHash, createHmac } from 'node:crypto';
import { percentEncode } from '../percent-encoding.ts';

/** What a signature is made with. */
export interface SigningKey {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** For example `cn-hangzhou`. */
  readonly region: string;
}

/** The parts of a request that OSS signature version 4 covers. */
export interface SignedRequest {
  readonly method: string;
  /** `/<bucket>/<key>`, percent-encoded, whatever the request line says. */
  readonly canonicalPath: string;
  /** The query as it is sent, without `?`. */
  readonly query: string;
  /** All headers of the request, names in lower case; values as HTTP carries them (one character, one byte). */
  readonly headers: Readonly<Record<string, string>>;
}

const ALGORITHM = 'OSS4-HMAC-SHA256';
const TERMINATOR = 'aliyun_v4_request';

/** The timestamp of signature version 4: `20260102T030405Z`. */
export function signatureTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().replace(/[-:]/g, '').slice(0, 15)}Z`;
}

/**
 * The `Authorization` header of OSS signature version 4 with an unsigned payload (OSS API reference, "Include
 * signatures in the Authorization header", version 4). The request must have `x-oss-date` and
 * `x-oss-content-sha256` already.
 */
export function authorizationV4(request: SignedRequest, key: SigningKey): string {
  const time = request.headers['x-oss-date'] ?? '';
  const scope = `${time.slice(0, 8)}/${key.region}/oss/${TERMINATOR}`;
  const signedHeaders = Object.keys(request.headers)
    .filter((name) => name === 'content-type' || name === 'content-md5' || name.startsWith('x-oss-'))
    .sort()
    .map((name) => `${name}:${(request.headers[name] ?? '').trim()}\n`)
    .join('');
  const canonicalRequest = [
    request.method,
    request.canonicalPath,
    canonicalQuery(request.query),
    signedHeaders,
    '',
    request.headers['x-oss-content-sha256'] ?? '',
  ].join('\n');
  // Header values carry UTF-8 as one character a byte, so the text is bytes already.
  const digest = createHash('sha256').update(canonicalRequest, 'latin1').digest('hex');
  const signingKey = [key.region, 'oss', TERMINATOR].reduce(
    (derived, part) => createHmac('sha256', derived).update(part).digest(),
    createHmac('sha256', `aliyun_v4${key.accessKeySecret}`).update(time.slice(0, 8)).digest(),
  );
  const signature = createHmac('sha256', signingKey)
    .update([ALGORITHM, time, scope, digest].join('\n'))
    .digest('hex');
  return `${ALGORITHM} Credential=${key.accessKeyId}/${scope},Signature=${signature}`;
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .map((pair) => {
      const [name = '', ...rest] = pair.split('=');
      return [name, rest.join('=')].map((part) => percentEncode(decodeURIComponent(part)));
    })
    .sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .join('&');
}
