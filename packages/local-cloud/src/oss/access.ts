import { evaluate, type Policy } from '@yunseal/policy-builder';
import {
  type AccessDecision,
  decideAccess,
  originContext,
  parsedPolicy,
} from '../authorization/authorize.ts';
import type { ServiceError } from '../http/service-error.ts';
import type { Principal } from '../identities/caller.ts';
import type { Call } from './call.ts';
import { accessDenied, noSuchBucket } from './errors.ts';
import type { Acl } from './names.ts';
import type { BucketRecord } from './storage/records.ts';

/** What a caller wants to do, in RAM's terms. */
interface Attempt {
  /** `oss:GetObject` */
  readonly action: string;
  readonly bucket: BucketRecord;
  /** The object; absent when it is about the bucket. */
  readonly key?: string | undefined;
  /** Condition keys of this action, such as `oss:Prefix`. */
  readonly context?: Readonly<Record<string, string>> | undefined;
}

/**
 * The bucket that the call addresses.
 *
 * @throws ServiceError `NoSuchBucket`
 */
export function addressedBucket(call: Call): BucketRecord {
  return bucketNamed(call, call.address.bucket ?? '');
}

/** @throws ServiceError `NoSuchBucket` */
export function bucketNamed(call: Call, name: string): BucketRecord {
  const bucket = call.state.buckets.get(name);
  if (bucket === undefined) throw noSuchBucket(name);
  return bucket;
}

/**
 * Lets the call go on if its caller may do this. RAM policies, the bucket's policy and the ACL have a say, in this
 * order ("Access control", authentication process): a Deny of either policy is final; an Allow of either is enough,
 * but a RAM policy speaks for the buckets of its own account only; the ACL decides where the policies are silent.
 *
 * @throws ServiceError `AccessDenied`
 */
export function authorize(call: Call, attempt: Attempt): void {
  const { action, bucket, key } = attempt;
  const resource = `acs:oss:oss-${bucket.region}:${bucket.accountId}:${bucket.name}${key === undefined ? '' : `/${key}`}`;
  let { decision, explanation } = decide(call, attempt, resource);
  if (decision === 'ImplicitDeny' && aclAllows(effectiveAcl(call, attempt), action)) {
    decision = 'Allow';
    explanation = 'the ACL allows it';
  }
  call.trail.decisions.push({ action, resource, decision });
  if (decision !== 'Allow') throw refusal(call, attempt, resource, decision, explanation);
}

/**
 * Lets the call go on if its caller may do this in the caller's own account: list buckets, or make one.
 *
 * @returns the caller
 * @throws ServiceError `AccessDenied`
 */
export function authorizeInAccount(call: Call, action: string, bucket?: string): Principal {
  const principal = call.caller?.principal;
  if (principal === undefined)
    throw accessDenied('You are forbidden to list buckets or to create one anonymously.');
  const region = bucket === undefined ? '*' : `oss-${call.region}`;
  const resource = `acs:oss:${region}:${principal.accountId}:${bucket ?? '*'}`;
  const { decision, explanation } = decideAccess(call.platform, call.origin, {
    caller: principal,
    action,
    resource,
    context: {},
  });
  call.trail.decisions.push({ action, resource, decision });
  if (decision !== 'Allow') throw refusal(call, { action }, resource, decision, explanation);
  return principal;
}

function decide(call: Call, { action, bucket, context = {} }: Attempt, resource: string): AccessDecision {
  const caller = call.caller?.principal;
  const resourcePolicies: Policy[] = bucket.policy === undefined ? [] : [parsedPolicy(bucket.policy)];
  if (caller === undefined || caller.accountId !== bucket.accountId) {
    const own =
      caller === undefined
        ? undefined
        : decideAccess(call.platform, call.origin, { caller, action, resource, context });
    if (own?.decision === 'ExplicitDeny') return own;
    const { decision, explain } = evaluate(
      { resource: resourcePolicies },
      {
        action,
        resource,
        ...(caller === undefined ? {} : { principal: { ram: caller.arn, id: uid(caller) } }),
        context: { ...originContext(call.platform, call.origin), ...context },
      },
    );
    return { decision, explanation: String(explain) };
  }
  return decideAccess(call.platform, call.origin, { caller, action, resource, context, resourcePolicies });
}

function uid(principal: Principal): string {
  if (principal.type === 'root') return principal.accountId;
  return principal.type === 'user' ? principal.userId : principal.roleId;
}

function effectiveAcl(call: Call, { bucket, key }: Attempt): Acl {
  const object = key === undefined ? undefined : call.state.object(bucket.name, key);
  return object === undefined || object.acl === 'default' ? bucket.acl : object.acl;
}

/** What an ACL gives to everybody. Listing a bucket is not in it. */
const publicActions: Readonly<Record<Acl, readonly string[]>> = {
  private: [],
  'public-read': ['oss:GetObject'],
  'public-read-write': [
    'oss:GetObject',
    'oss:PutObject',
    'oss:DeleteObject',
    'oss:AbortMultipartUpload',
    'oss:ListParts',
  ],
};

function aclAllows(acl: Acl, action: string): boolean {
  return publicActions[acl].includes(action);
}

function refusal(
  call: Call,
  { action, bucket, key }: Partial<Attempt> & { readonly action: string },
  resource: string,
  decision: 'ExplicitDeny' | 'ImplicitDeny',
  explanation: string,
): ServiceError {
  call.trail.explanation = explanation;
  const caller = call.caller?.principal;
  const message =
    caller !== undefined && bucket !== undefined && caller.accountId !== bucket.accountId
      ? 'The bucket you access does not belong to you.'
      : `You have no right to access this ${key === undefined ? 'bucket' : 'object'}${caller === undefined ? ' because of bucket acl' : ''}.`;
  const explained = call.platform.explainRefusals
    ? `${message} ${action} on ${resource}: ${explanation}`
    : message;
  return accessDenied(explained, {
    ...(bucket === undefined ? {} : { BucketName: bucket.name }),
    ...(key === undefined ? {} : { ObjectName: key }),
    AccessDeniedDetail: {
      AuthAction: action,
      AuthPrincipalType: principalType(caller),
      AuthPrincipalOwnerId: caller?.accountId ?? '',
      AuthPrincipalDisplayName: caller === undefined ? '' : principalName(caller),
      NoPermissionType: decision,
      PolicyType: bucket?.policy === undefined ? 'AccountLevelIdentityBasedPolicy' : 'ResourceBasedPolicy',
    },
  });
}

function principalType(caller: Principal | undefined): string {
  if (caller === undefined) return 'Anonymous';
  return { root: 'Account', user: 'SubUser', role: 'AssumedRoleUser' }[caller.type];
}

function principalName(caller: Principal): string {
  switch (caller.type) {
    case 'root':
      return caller.accountId;
    case 'user':
      return caller.userId;
    case 'role':
      return `${caller.roleName}:${caller.session.sessionName}`;
  }
}
