import { isoSeconds } from '../clock/clock.ts';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { arn, attachmentsKey, entityId, entityKey } from '../identities/directory.ts';
import type { RoleRecord } from '../identities/records.ts';
import { ramError } from './errors.ts';
import { limits } from './limits.ts';
import { readList } from './listing.ts';
import { checkTrustPolicy } from './policy-documents.ts';

/** CreateRole (RAM 2015-05-01). */
export function createRole(call: RpcCall): Answer {
  const { platform, parameters, caller } = call;
  const { directory, clock } = platform;
  const roleName = parameters.required('RoleName');
  if (!/^[\w.-]{1,64}$/.test(roleName))
    throw ramError.invalid('RoleName', '1 to 64 letters, digits and . - _');
  call.authorize('ram:CreateRole', arn.role(caller.accountId, roleName));
  const trustPolicy = checkTrustPolicy(parameters.required('AssumeRolePolicyDocument'));
  const key = entityKey(caller.accountId, roleName);
  if (directory.roles.has(key)) throw ramError.exists('Role', roleName);
  if (countOf(directory.roles.values(), caller.accountId) >= limits.roles)
    throw ramError.limit('Role', limits.roles);
  const now = clock.now();
  const role: RoleRecord = {
    accountId: caller.accountId,
    roleName,
    roleId: entityId('3', caller.accountId, 'role', roleName, now),
    description: readDescription(call),
    trustPolicy,
    maxSessionDuration: parameters.integer('MaxSessionDuration', { min: 3600, max: 43_200, default: 3600 }),
    createDate: now,
    updateDate: now,
    tags: parameters.tags('Tag') ?? {},
  };
  directory.roles.put(key, role);
  return { Role: describeRole(role) };
}

/** GetRole (RAM 2015-05-01). */
export function getRole(call: RpcCall): Answer {
  return { Role: describeRole(authorizedRole(call)) };
}

/** UpdateRole (RAM 2015-05-01): trust policy, description, longest session. */
export function updateRole(call: RpcCall): Answer {
  const { platform, parameters } = call;
  const role = authorizedRole(call);
  const trustPolicy = parameters.optional('NewAssumeRolePolicyDocument');
  const description = parameters.optional('NewDescription');
  const updated: RoleRecord = {
    ...role,
    trustPolicy: trustPolicy === undefined ? role.trustPolicy : checkTrustPolicy(trustPolicy),
    description: description ?? role.description,
    maxSessionDuration: parameters.integer('NewMaxSessionDuration', {
      min: 3600,
      max: 43_200,
      default: role.maxSessionDuration,
    }),
    updateDate: platform.clock.now(),
  };
  platform.directory.roles.put(entityKey(role.accountId, role.roleName), updated);
  return { Role: describeRole(updated) };
}

/** DeleteRole (RAM 2015-05-01): only without policies. */
export function deleteRole(call: RpcCall): Answer {
  const { directory } = call.platform;
  const role = authorizedRole(call);
  const at = attachmentsKey(role.accountId, 'role', role.roleName);
  if ((directory.attachments.get(at)?.attachments.length ?? 0) > 0)
    throw ramError.deleteConflict(
      'Role',
      'Policy',
      `policies are attached to ${role.roleName}; detach them first`,
    );
  directory.attachments.delete(at);
  directory.roles.delete(entityKey(role.accountId, role.roleName));
  return {};
}

/** ListRoles (RAM 2015-05-01), by name. */
export function listRoles(call: RpcCall): Answer {
  const { platform, caller } = call;
  call.authorize('ram:ListRoles', arn.role(caller.accountId, '*'));
  const roles = Array.from(platform.directory.roles.values())
    .filter((role) => role.accountId === caller.accountId)
    .sort((a, b) => (a.roleName < b.roleName ? -1 : 1));
  const { page, answer } = readList(call, roles, (role) => role.roleName);
  return { ...answer, Roles: { Role: page.map((role) => withoutTrustPolicy(describeRole(role))) } };
}

/** The role of the parameter RoleName, once RAM has allowed the operation on it. */
export function authorizedRole(call: RpcCall): RoleRecord {
  const { platform, parameters, caller, operation } = call;
  const roleName = parameters.required('RoleName');
  call.authorize(`ram:${operation}`, arn.role(caller.accountId, roleName));
  const role = platform.directory.roles.get(entityKey(caller.accountId, roleName));
  if (role === undefined) throw ramError.notFound('Role', roleName);
  return role;
}

export function describeRole(role: RoleRecord): Record<string, unknown> {
  return {
    RoleId: role.roleId,
    RoleName: role.roleName,
    Arn: arn.role(role.accountId, role.roleName),
    Description: role.description,
    AssumeRolePolicyDocument: role.trustPolicy,
    MaxSessionDuration: role.maxSessionDuration,
    CreateDate: isoSeconds(role.createDate),
    UpdateDate: isoSeconds(role.updateDate),
    Tags: { Tag: Object.entries(role.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })) },
  };
}

function withoutTrustPolicy({ AssumeRolePolicyDocument: _, ...rest }: Record<string, unknown>): Answer {
  return rest;
}

function readDescription({ parameters }: RpcCall): string {
  const description = parameters.optional('Description') ?? '';
  if (description.length > 1024) throw ramError.invalid('Description', 'at most 1024 characters');
  return description;
}

export function countOf(records: Iterable<{ readonly accountId: string }>, accountId: string): number {
  let count = 0;
  for (const record of records) if (record.accountId === accountId) count++;
  return count;
}
