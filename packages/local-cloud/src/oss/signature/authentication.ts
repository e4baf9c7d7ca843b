import type { Clock } from '../../clock/clock.ts';
import { ServiceError } from '../../http/service-error.ts';
import { equalSecrets } from '../../identities/caller.ts';
import { isTimely, signatureWindowMs } from '../../signatures/timestamp.ts';
import { accessDenied, invalidArgument } from '../errors.ts';
import { headerValue, type SignedRequest } from './canonical.ts';
import { signV1, stringToSignV1 } from './v1.ts';
import { signV2, stringToSignV2 } from './v2.ts';
import { algorithmV4, type CredentialScope, parseCredentialScope, signV4, stringToSignV4 } from './v4.ts';

/** A request's claim to come from the owner of an AccessKey; `verify` puts it to the test. */
export interface Claim {
  readonly accessKeyId: string;
  readonly securityToken: string | undefined;
  /** The region that a version 4 signature was made for. */
  readonly region: string | undefined;
  /** @throws ServiceError `SignatureDoesNotMatch` */
  verify(accessKeySecret: string): void;
}

/**
 * Reads the signature of a request: versions 1, 2 and 4, in the Authorization header or in the URL.
 *
 * @returns undefined for an anonymous request
 * @throws ServiceError `RequestTimeTooSkewed`, `AccessDenied` (expired URL), `InvalidArgument` (malformed)
 */
export function readClaim(request: SignedRequest, clock: Clock): Claim | undefined {
  const authorization = headerValue(request.headers, 'authorization');
  if (authorization.startsWith(algorithmV4)) return headerV4(request, authorization, clock);
  if (authorization.startsWith('OSS2 ')) return headerV2(request, authorization, clock);
  if (authorization.startsWith('OSS ')) return headerV1(request, authorization, clock);
  if (authorization !== '')
    throw invalidArgument('Authorization', '', 'The authorization header is not in a known form.');
  const { query } = request.address;
  if (query.get('x-oss-signature-version') === 'OSS2') return urlV2(request, clock);
  if (query.has('x-oss-signature') || query.get('x-oss-signature-version') === algorithmV4)
    return urlV4(request, clock);
  if (query.has('Signature') || query.has('OSSAccessKeyId')) return urlV1(request, clock);
  return undefined;
}

function headerV1(request: SignedRequest, authorization: string, clock: Clock): Claim {
  const match = /^OSS\s+([^\s:]+):(\S+)$/.exec(authorization);
  if (match === null) throw malformedAuthorization('OSS AccessKeyId:Signature');
  const [, accessKeyId = '', signature = ''] = match;
  const stringToSign = stringToSignV1(request, requestDate(request, clock));
  return {
    accessKeyId,
    securityToken: headerToken(request),
    region: undefined,
    verify: (secret) => verify(signature, stringToSign, accessKeyId, [signV1(secret, stringToSign)]),
  };
}

function headerV2(request: SignedRequest, authorization: string, clock: Clock): Claim {
  const match = /^OSS2\s+AccessKeyId:([^,\s]+)(?:,AdditionalHeaders:([^,\s]*))?,Signature:(\S+)$/.exec(
    authorization,
  );
  if (match === null) throw malformedAuthorization('OSS2 AccessKeyId:…,AdditionalHeaders:…,Signature:…');
  const [, accessKeyId = '', names = '', signature = ''] = match;
  return claimV2(request, requestDate(request, clock), names, accessKeyId, signature, headerToken(request));
}

function urlV2(request: SignedRequest, clock: Clock): Claim {
  const { query } = request.address;
  const [accessKeyId, signature, expires] = ['x-oss-access-key-id', 'x-oss-signature', 'x-oss-expires'].map(
    (name) => query.get(name),
  );
  if (
    accessKeyId === undefined ||
    signature === undefined ||
    expires === undefined ||
    !/^\d{1,15}$/.test(expires)
  ) {
    throw malformedAuthorization(
      'x-oss-access-key-id, x-oss-expires (seconds since 1970) and x-oss-signature',
    );
  }
  checkUnexpired(Number(expires) * 1000, clock);
  const names = query.get('x-oss-additional-headers') ?? '';
  return claimV2(
    request,
    expires,
    names,
    accessKeyId,
    signature,
    query.get('security-token') ?? headerToken(request),
  );
}

function claimV2(
  request: SignedRequest,
  date: string,
  additionalHeaders: string,
  accessKeyId: string,
  signature: string,
  securityToken: string | undefined,
): Claim {
  const names = additionalHeaders === '' ? [] : additionalHeaders.split(';');
  const strict = stringToSignV2(request, date, names, 'strict');
  const javascript = stringToSignV2(request, date, names, 'javascript');
  return {
    accessKeyId,
    securityToken,
    region: undefined,
    verify: (secret) =>
      verify(signature, strict, accessKeyId, [signV2(secret, strict), signV2(secret, javascript)]),
  };
}

function headerV4(request: SignedRequest, authorization: string, clock: Clock): Claim {
  const fields = new Map(
    authorization
      .slice(algorithmV4.length)
      .split(',')
      .map((field) => field.trim())
      .map((field) => [field.slice(0, field.indexOf('=')), field.slice(field.indexOf('=') + 1)] as const),
  );
  const scope = parseCredentialScope(fields.get('Credential') ?? '');
  const signature = fields.get('Signature');
  if (scope === undefined || signature === undefined) {
    throw malformedAuthorization(`${algorithmV4} Credential=…,AdditionalHeaders=…,Signature=…`);
  }
  if (headerValue(request.headers, 'x-oss-content-sha256') !== 'UNSIGNED-PAYLOAD') {
    throw invalidArgument(
      'x-oss-content-sha256',
      headerValue(request.headers, 'x-oss-content-sha256'),
      'A version 4 signature needs the header x-oss-content-sha256 with the value UNSIGNED-PAYLOAD.',
    );
  }
  const timestamp = headerValue(request.headers, 'x-oss-date');
  const instant = parseCompactTimestamp(timestamp);
  if (instant === undefined) {
    throw accessDenied('OSS authentication requires a valid x-oss-date, such as 20261121T222400Z.');
  }
  checkTimely(instant, clock);
  return claimV4(request, scope, timestamp, fields.get('AdditionalHeaders'), signature, headerToken(request));
}

function urlV4(request: SignedRequest, clock: Clock): Claim {
  const { query } = request.address;
  const scope = parseCredentialScope(query.get('x-oss-credential') ?? '');
  const signature = query.get('x-oss-signature');
  const timestamp = query.get('x-oss-date') ?? '';
  const instant = parseCompactTimestamp(timestamp);
  const lifetime = Number(query.get('x-oss-expires') ?? Number.NaN);
  if (
    query.get('x-oss-signature-version') !== algorithmV4 ||
    scope === undefined ||
    signature === undefined
  ) {
    throw malformedAuthorization(
      'x-oss-signature-version, x-oss-credential, x-oss-date, x-oss-expires, x-oss-signature',
    );
  }
  // A presigned URL of version 4 lives a week at most.
  if (!Number.isInteger(lifetime) || lifetime < 1 || lifetime > 604_800) {
    throw invalidArgument(
      'x-oss-expires',
      String(query.get('x-oss-expires')),
      'x-oss-expires must be 1 to 604800 seconds.',
    );
  }
  if (instant === undefined) throw accessDenied('OSS authentication requires a valid x-oss-date.');
  // The URL is not good before it was made, clocks being what they are.
  if (instant > clock.now()) checkTimely(instant, clock);
  checkUnexpired(instant + lifetime * 1000, clock);
  return claimV4(
    request,
    scope,
    timestamp,
    query.get('x-oss-additional-headers'),
    signature,
    query.get('x-oss-security-token'),
  );
}

function claimV4(
  request: SignedRequest,
  scope: CredentialScope,
  timestamp: string,
  additionalHeaders: string | undefined,
  signature: string,
  securityToken: string | undefined,
): Claim {
  if (scope.product !== 'oss' || scope.day !== timestamp.slice(0, 8)) {
    throw invalidArgument(
      'Credential',
      `${scope.day}/${scope.region}/${scope.product}`,
      `The credential scope must be the day of x-oss-date, a region, and the product oss.`,
    );
  }
  const additional = (additionalHeaders ?? '').split(';').filter((name) => name !== '');
  const missing = additional.find((name) => request.headers[name] === undefined);
  if (missing !== undefined)
    throw invalidArgument('AdditionalHeaders', missing, 'A signed header is not in the request.');
  const stringToSign = stringToSignV4(request, scope, timestamp, additional);
  return {
    accessKeyId: scope.accessKeyId,
    securityToken,
    region: scope.region,
    verify: (secret) =>
      verify(signature, stringToSign, scope.accessKeyId, [signV4(secret, scope, stringToSign)]),
  };
}

function urlV1(request: SignedRequest, clock: Clock): Claim {
  const { query } = request.address;
  const [accessKeyId, signature, expires] = ['OSSAccessKeyId', 'Signature', 'Expires'].map((name) =>
    query.get(name),
  );
  if (
    accessKeyId === undefined ||
    signature === undefined ||
    expires === undefined ||
    !/^\d{1,15}$/.test(expires)
  ) {
    throw malformedAuthorization('OSSAccessKeyId, Expires (seconds since 1970) and Signature');
  }
  checkUnexpired(Number(expires) * 1000, clock);
  const stringToSign = stringToSignV1(request, expires);
  return {
    accessKeyId,
    securityToken: query.get('security-token') ?? headerToken(request),
    region: undefined,
    verify: (secret) => verify(signature, stringToSign, accessKeyId, [signV1(secret, stringToSign)]),
  };
}

function verify(
  signature: string,
  stringToSign: string,
  accessKeyId: string,
  expected: readonly string[],
): void {
  if (expected.some((candidate) => equalSecrets(candidate, signature))) return;
  throw new ServiceError(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    {
      OSSAccessKeyId: accessKeyId,
      SignatureProvided: signature,
      StringToSign: stringToSign,
      StringToSignBytes: Buffer.from(stringToSign, 'utf8')
        .toString('hex')
        .toUpperCase()
        .replace(/..(?=.)/g, '$& '),
    },
  );
}

/** The text that stands for the time in versions 1 and 2, once the time is found to be right. */
function requestDate(request: SignedRequest, clock: Clock): string {
  const date = headerValue(request.headers, 'x-oss-date') || headerValue(request.headers, 'date');
  const instant = Date.parse(date);
  if (!/GMT$/.test(date) || Number.isNaN(instant))
    throw accessDenied('OSS authentication requires a valid Date.');
  checkTimely(instant, clock);
  return date;
}

function checkTimely(instant: number, clock: Clock): void {
  if (isTimely(instant, clock)) return;
  throw new ServiceError(
    403,
    'RequestTimeTooSkewed',
    'The difference between the request time and the current time is too large.',
    {
      RequestTime: isoMilliseconds(instant),
      ServerTime: isoMilliseconds(clock.now()),
      MaxAllowedSkewMilliseconds: String(signatureWindowMs),
    },
  );
}

function checkUnexpired(expires: number, clock: Clock): void {
  if (expires > clock.now()) return;
  throw accessDenied('Request has expired.', {
    Expires: isoMilliseconds(expires),
    ServerTime: isoMilliseconds(clock.now()),
  });
}

const isoMilliseconds = (instant: number) =>
  Math.abs(instant) <= 8.64e15 ? new Date(instant).toISOString() : String(instant);

function parseCompactTimestamp(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const instant = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(instant) ? undefined : instant;
}

function headerToken(request: SignedRequest): string | undefined {
  return headerValue(request.headers, 'x-oss-security-token') || undefined;
}

const malformedAuthorization = (form: string) =>
  new ServiceError(
    400,
    'InvalidArgument',
    `The authorization of the request is malformed; it takes the form: ${form}.`,
  );
