import { PolicyError, parsePolicy } from '@yunseal/policy-builder';
import { parsedPolicy } from '../authorization/authorize.ts';
import { isoSeconds } from '../clock/clock.ts';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { ServiceError } from '../http/service-error.ts';
import { arn, entityKey } from '../identities/directory.ts';
import type { RoleRecord, SessionRecord } from '../identities/records.ts';
import { issueSession } from '../identities/sessions.ts';

/** Bytes that a session policy may have ("AssumeRole", parameter Policy). */
const maxSessionPolicy = 2048;

/** AssumeRole (STS 2015-04-01): the caller's policies and the role's trust policy both have to allow it. */
export function assumeRole(call: RpcCall): Answer {
  const { platform, parameters, caller } = call;
  const role = namedRole(call);
  const sessionName = readSessionName(call);
  const externalId = parameters.optional('ExternalId');
  const sourceIdentity = parameters.optional('SourceIdentity');
  if (caller.type === 'root')
    throw new ServiceError(403, 'NoPermission', 'Roles may not be assumed by root accounts.');
  call.authorize(
    'sts:AssumeRole',
    arn.role(role.accountId, role.roleName),
    {
      ...(externalId === undefined ? {} : { 'sts:ExternalId': externalId }),
      ...(sourceIdentity === undefined ? {} : { 'sts:SourceIdentity': sourceIdentity }),
    },
    [{ name: 'trust policy', document: parsedPolicy(role.trustPolicy) }],
  );
  const session = issueSession(platform, role, {
    sessionName,
    durationSeconds: readDuration(call, role),
    issuedTo: caller.arn,
    sessionPolicy: readSessionPolicy(call),
  });
  return {
    ...describeSession(session),
    ...(sourceIdentity === undefined ? {} : { SourceIdentity: sourceIdentity }),
  };
}

/** @throws ServiceError when the parameter is no role ARN, or names none there is */
export function namedRole({ platform, parameters }: RpcCall): RoleRecord {
  const roleArn = parameters.required('RoleArn');
  const match = /^acs:ram::(\d{16}):role\/([\w.-]{1,64})$/i.exec(roleArn);
  if (match === null)
    throw new ServiceError(400, 'InvalidParameter.RoleArn', 'The parameter RoleArn is wrongly formed.');
  const role = platform.directory.roles.get(entityKey(match[1] as string, match[2] as string));
  if (role === undefined)
    throw new ServiceError(404, 'EntityNotExist.Role', `The specified Role ${roleArn} does not exist.`);
  return role;
}

export function readSessionName({ parameters }: RpcCall): string {
  const name = parameters.required('RoleSessionName');
  if (!/^[\w.@-]{2,64}$/.test(name))
    throw new ServiceError(
      400,
      'InvalidParameter.RoleSessionName',
      'The parameter RoleSessionName is wrongly formed: it has 2 to 64 letters, digits and . @ - _',
    );
  return name;
}

export function readDuration({ parameters }: RpcCall, role: RoleRecord): number {
  const text = parameters.optional('DurationSeconds') ?? String(Math.min(3600, role.maxSessionDuration));
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= 900 && seconds <= role.maxSessionDuration))
    throw new ServiceError(
      400,
      'InvalidParameter.DurationSeconds',
      `The Min/Max value of DurationSeconds is 15min/${role.maxSessionDuration}s, the MaxSessionDuration of the role.`,
    );
  return seconds;
}

export function readSessionPolicy({ parameters }: RpcCall): string | undefined {
  const policy = parameters.optional('Policy');
  if (policy === undefined) return undefined;
  if (Buffer.byteLength(policy) > maxSessionPolicy)
    throw new ServiceError(
      400,
      'InvalidParameter.PolicySize',
      `The size of Policy must be at most ${maxSessionPolicy} bytes.`,
    );
  try {
    parsePolicy(policy);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new ServiceError(
      400,
      'InvalidParameter.PolicyGrammar',
      `The parameter Policy has not passed grammar check: ${error.message}`,
    );
  }
  return policy;
}

export function describeSession(session: SessionRecord): Answer {
  return {
    AssumedRoleUser: {
      Arn: arn.assumedRole(session.accountId, session.roleName, session.sessionName),
      AssumedRoleId: `${session.roleId}:${session.sessionName}`,
    },
    Credentials: {
      AccessKeyId: session.accessKeyId,
      AccessKeySecret: session.accessKeySecret,
      SecurityToken: session.securityToken,
      Expiration: isoSeconds(session.expiration),
    },
  };
}
