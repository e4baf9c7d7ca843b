import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { ServiceError } from '../http/service-error.ts';
import { entityKey } from '../identities/directory.ts';
import type { OidcProviderRecord } from '../identities/records.ts';
import { issueSession } from '../identities/sessions.ts';
import {
  describeSession,
  namedRole,
  readDuration,
  readSessionName,
  readSessionPolicy,
} from './assume-role.ts';
import { decideTrust } from './trust.ts';

/**
 * AssumeRoleWithOIDC (STS 2015-04-01): called without a signature; the token speaks for the caller. It must be signed
 * by one of the provider's keys, be for one of its clients, and be current; then the role's trust policy decides.
 */
export async function assumeRoleWithOidc(call: RpcCall): Promise<Answer> {
  const { platform, parameters } = call;
  const role = namedRole(call);
  const providerArn = parameters.required('OIDCProviderArn');
  const provider = namedProvider(call, providerArn);
  const sessionName = readSessionName(call);
  const claims = await verifyToken(call, provider, parameters.required('OIDCToken'));
  const { decision } = decideTrust(
    platform,
    role,
    { federated: providerArn },
    { 'oidc:iss': claims.issuer, 'oidc:aud': claims.audience, 'oidc:sub': claims.subject },
    'sts:AssumeRole',
  );
  if (decision !== 'Allow')
    throw new ServiceError(
      403,
      'AuthenticationFail.NoPermission',
      'This operation is forbidden by permission system: the trust policy of the role does not let this token assume it.',
    );
  const session = issueSession(platform, role, {
    sessionName,
    durationSeconds: readDuration(call, role),
    issuedTo: `${providerArn} ${claims.subject}`,
    sessionPolicy: readSessionPolicy(call),
  });
  return {
    ...describeSession(session),
    OIDCTokenInfo: {
      Issuer: claims.issuer,
      Subject: claims.subject,
      ClientIds: claims.audience.join(','),
      VerificationInfo: 'Success',
    },
  };
}

function namedProvider({ platform }: RpcCall, providerArn: string): OidcProviderRecord {
  const match = /^acs:ram::(\d{16}):oidc-provider\/([\w.-]{1,128})$/.exec(providerArn);
  if (match === null)
    throw new ServiceError(
      400,
      'InvalidParameter.OIDCProviderArn',
      'The parameter OIDCProviderArn is wrongly formed.',
    );
  const provider = platform.directory.oidcProviders.get(entityKey(match[1] as string, match[2] as string));
  if (provider === undefined)
    throw new ServiceError(
      404,
      'EntityNotExist.OIDCProvider',
      `The specified OIDC provider ${providerArn} does not exist.`,
    );
  return provider;
}

interface Claims {
  readonly issuer: string;
  readonly audience: string[];
  readonly subject: string;
}

/** Tokens in the wild are signed with public keys: a MAC or no signature at all is never accepted. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'];

async function verifyToken(
  { platform }: RpcCall,
  provider: OidcProviderRecord,
  token: string,
): Promise<Claims> {
  const { createLocalJWKSet, errors, jwtVerify } = await import('jose');
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(JSON.parse(provider.jwks)), {
      issuer: provider.issuer,
      audience: [...provider.clientIds],
      algorithms,
      currentDate: new Date(platform.clock.now()),
      requiredClaims: ['sub', 'exp'],
    });
    const audience = typeof payload.aud === 'string' ? [payload.aud] : (payload.aud ?? []);
    return { issuer: provider.issuer, audience, subject: payload.sub as string };
  } catch (error) {
    if (error instanceof errors.JWTExpired)
      throw new ServiceError(400, 'AuthenticationFail.OIDCToken.Expired', 'This JWT has expired.');
    if (error instanceof errors.JWTClaimValidationFailed)
      throw new ServiceError(
        400,
        'AuthenticationFail.OIDCToken.InvalidClaim',
        `The claim ${error.claim} of the OIDC token is not what the provider allows.`,
      );
    if (error instanceof errors.JOSEError)
      throw new ServiceError(
        400,
        'AuthenticationFail.OIDCToken.Invalid',
        'The OIDC token cannot be verified with the keys of the provider.',
      );
    throw error;
  }
}
