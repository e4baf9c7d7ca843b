import { ServiceError } from '../http/service-error.ts';
import { type Caller, identifyCaller, type UnknownCaller } from '../identities/caller.ts';
import type { Platform } from '../platform.ts';
import { invalidArgument } from './errors.ts';
import type { Claim } from './signature/authentication.ts';
import type { BucketRecord } from './storage/records.ts';

/** @throws ServiceError `InvalidAccessKeyId`, `InvalidSecurityToken`, `SecurityTokenExpired`, `SignatureDoesNotMatch` */
export function authenticate({ directory, clock }: Platform, claim: Claim): Caller {
  const caller = identifyCaller(directory, clock, claim.accessKeyId, claim.securityToken);
  if (typeof caller === 'string') throw unknownCaller(caller, claim.accessKeyId);
  claim.verify(caller.accessKeySecret);
  return caller;
}

function unknownCaller(reason: UnknownCaller, accessKeyId: string): ServiceError {
  const details = { OSSAccessKeyId: accessKeyId };
  switch (reason) {
    case 'access-key-not-found':
      return new ServiceError(
        403,
        'InvalidAccessKeyId',
        'The OSS Access Key Id you provided does not exist in our records.',
        details,
      );
    case 'access-key-inactive':
      return new ServiceError(
        403,
        'InvalidAccessKeyId',
        'The OSS Access Key Id you provided is disabled.',
        details,
      );
    case 'token-missing':
      return new ServiceError(
        403,
        'InvalidAccessKeyId',
        'The OSS Access Key Id you provided is temporary and needs its security token.',
        details,
      );
    case 'token-expired':
      return new ServiceError(
        403,
        'SecurityTokenExpired',
        'The security token you provided has expired.',
        details,
      );
    case 'token-mismatch':
    case 'token-malformed':
      return new ServiceError(
        403,
        'InvalidSecurityToken',
        'The security token you provided is invalid.',
        details,
      );
  }
}

/**
 * An endpoint is for one region or all of them, and a version 4 signature is for one.
 *
 * @param region that the call is served in
 */
export function checkRegion(
  bucket: BucketRecord | undefined,
  region: string,
  claim: Claim | undefined,
): void {
  if (bucket !== undefined && bucket.region !== region) {
    throw new ServiceError(
      403,
      'AccessDenied',
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
      { Bucket: bucket.name, Endpoint: `oss-${bucket.region}.aliyuncs.com` },
    );
  }
  if (claim?.region !== undefined && claim.region !== region) {
    throw invalidArgument(
      'Credential',
      claim.region,
      `Invalid signing region in Authorization header: expected ${region}.`,
    );
  }
}
