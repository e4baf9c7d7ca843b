import type { FastifyRequest } from 'fastify';
import { type Caller, equalSecrets, identifyCaller, type UnknownCaller } from '../identities/caller.ts';
import type { Platform } from '../platform.ts';
import { acs3Hash, acs3Signature, acs3StringToSign, parseAcs3Authorization } from '../signatures/acs3.ts';
import { type RpcSignatureMethod, rpcSignature, rpcStringToSign } from '../signatures/rpc.ts';
import { isTimely, parseTimestamp } from '../signatures/timestamp.ts';
import { ServiceError } from './service-error.ts';

/** A request as the RPC services get it: parameters of query and body, decoded, and the body's bytes. */
export interface RpcRequest {
  readonly raw: FastifyRequest;
  readonly query: ReadonlyMap<string, string>;
  /** Those of the query and of a form body. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly body: Buffer | undefined;
}

/**
 * Who signed this request, by either of the two styles: signature version 1.0 in the parameters, or ACS3 in the
 * headers.
 *
 * @throws ServiceError for a request that is unsigned, wrongly signed, stale or replayed
 */
export function authenticateRpc(platform: Platform, request: RpcRequest): Caller {
  const { authorization } = request.raw.headers;
  return authorization?.startsWith('ACS3-') === true
    ? authenticateAcs3(platform, request, authorization)
    : authenticateVersion1(platform, request);
}

function authenticateVersion1(platform: Platform, { raw, parameters }: RpcRequest): Caller {
  const required = (name: string) => {
    const value = parameters.get(name);
    if (value === undefined || value === '')
      throw new ServiceError(400, `Missing${name}`, `${name} is mandatory for this action.`);
    return value;
  };
  const accessKeyId = required('AccessKeyId');
  const signature = required('Signature');
  const method = parameters.get('SignatureMethod') ?? 'HMAC-SHA1';
  if (method !== 'HMAC-SHA1' && method !== 'HMAC-SHA256')
    throw new ServiceError(
      400,
      'InvalidSignatureMethod',
      `Specified signature method ${method} is not supported.`,
    );
  if ((parameters.get('SignatureVersion') ?? '1.0') !== '1.0')
    throw new ServiceError(
      400,
      'InvalidSignatureVersion',
      'Specified signature version is not supported; use 1.0.',
    );
  const timestamp = required('Timestamp');
  const nonce = required('SignatureNonce');
  return accept(platform, {
    accessKeyId,
    securityToken: parameters.get('SecurityToken'),
    timestamp,
    nonce,
    signature,
    stringToSign: () => rpcStringToSign(raw.method, parameters),
    sign: (stringToSign, secret) => rpcSignature(stringToSign, secret, method as RpcSignatureMethod),
  });
}

function authenticateAcs3(platform: Platform, { raw, query, body }: RpcRequest, header: string): Caller {
  const { headers } = raw;
  const authorization = parseAcs3Authorization(header);
  if (authorization === undefined)
    throw new ServiceError(
      400,
      'IncompleteSignature',
      'The Authorization header is not of the form ACS3-HMAC-SHA256 Credential=…,SignedHeaders=…,Signature=… .',
    );
  const text = (name: string) => {
    const value = headers[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const required = (name: string) => {
    const value = text(name);
    if (value === undefined)
      throw new ServiceError(400, 'MissingParameter', `The header ${name} is mandatory for this action.`);
    return value;
  };
  const contentHash = required('x-acs-content-sha256');
  const timestamp = required('x-acs-date');
  const nonce = required('x-acs-signature-nonce');
  const securityToken = text('x-acs-security-token');
  for (const name of [
    'host',
    'x-acs-content-sha256',
    'x-acs-date',
    'x-acs-signature-nonce',
    'x-acs-action',
    'x-acs-version',
    'x-acs-security-token',
  ])
    if (headers[name] !== undefined && !authorization.signedHeaders.includes(name))
      throw new ServiceError(
        400,
        'IncompleteSignature',
        `The header ${name} must be among the signed headers.`,
      );
  if (!equalSecrets(contentHash.toLowerCase(), acs3Hash(body ?? '', authorization.algorithm)))
    throw new ServiceError(
      400,
      'SignatureDoesNotMatch',
      'The header x-acs-content-sha256 is not the hash of the body.',
    );
  const question = raw.url.indexOf('?');
  return accept(platform, {
    accessKeyId: authorization.accessKeyId,
    securityToken,
    timestamp,
    nonce,
    signature: authorization.signature,
    stringToSign: () =>
      acs3StringToSign(
        {
          method: raw.method,
          path: question < 0 ? raw.url : raw.url.slice(0, question),
          query,
          headers,
          contentHash,
        },
        authorization,
      ),
    sign: (stringToSign, secret) => acs3Signature(stringToSign, secret, authorization.algorithm),
  });
}

interface Claim {
  readonly accessKeyId: string;
  readonly securityToken: string | undefined;
  readonly timestamp: string;
  readonly nonce: string;
  readonly signature: string;
  readonly stringToSign: () => string;
  readonly sign: (stringToSign: string, secret: string) => string;
}

function accept(platform: Platform, claim: Claim): Caller {
  const { directory, clock, nonces } = platform;
  const instant = parseTimestamp(claim.timestamp);
  if (instant === undefined)
    throw new ServiceError(
      400,
      'InvalidTimeStamp.Format',
      'Specified time stamp or date value is not well formatted; the form is 2016-03-28T03:13:08Z, in UTC.',
    );
  if (!isTimely(instant, clock))
    throw new ServiceError(
      400,
      'InvalidTimeStamp.Expired',
      `Specified time stamp or date value is expired: ${claim.timestamp} is more than 15 minutes from ${new Date(clock.now()).toISOString()}.`,
    );
  const caller = identifyCaller(directory, clock, claim.accessKeyId, claim.securityToken);
  if (typeof caller === 'string') throw unknownCaller(caller);
  const stringToSign = claim.stringToSign();
  if (!equalSecrets(claim.signature, claim.sign(stringToSign, caller.accessKeySecret)))
    throw new ServiceError(
      400,
      'SignatureDoesNotMatch',
      `Specified signature is not matched with our calculation. server string to sign is:${withoutSecrets(stringToSign)}`,
    );
  if (claim.nonce.length > 128 || !nonces.use(claim.accessKeyId, claim.nonce))
    throw new ServiceError(400, 'SignatureNonceUsed', 'Specified signature nonce was used already.');
  return caller;
}

/** Tokens and plaintexts are parameters too, and an error ends up in logs. The string is encoded twice. */
function withoutSecrets(stringToSign: string): string {
  return stringToSign.replace(
    /(%26|&%2F&)((?:SecurityToken|Plaintext|SecretData|Password)%3D)(?:(?!%26).)*/g,
    '$1$2***',
  );
}

const unknownCallers: Readonly<Record<UnknownCaller, readonly [number, string, string]>> = {
  'access-key-not-found': [404, 'InvalidAccessKeyId.NotFound', 'Specified access key is not found.'],
  'access-key-inactive': [400, 'InvalidAccessKeyId.Inactive', 'Specified access key is disabled.'],
  'token-missing': [400, 'MissingSecurityToken', 'SecurityToken is mandatory for this action.'],
  'token-mismatch': [
    400,
    'InvalidSecurityToken.MismatchWithAccessKey',
    'Specified SecurityToken mismatch with the AccessKey.',
  ],
  'token-malformed': [400, 'InvalidSecurityToken.Malformed', 'Specified SecurityToken is malformed.'],
  'token-expired': [400, 'InvalidSecurityToken.Expired', 'Specified SecurityToken is expired.'],
};

export function unknownCaller(reason: UnknownCaller): ServiceError {
  return new ServiceError(...unknownCallers[reason]);
}
