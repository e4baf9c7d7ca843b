import { systemPolicies } from '../authorization/system-policies.ts';
import { isoSeconds } from '../clock/clock.ts';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { arn, attachmentsKey, entityKey } from '../identities/directory.ts';
import type { Attachment, EntityKind, PolicyType } from '../identities/records.ts';
import type { Platform } from '../platform.ts';
import { ramError } from './errors.ts';
import { limits } from './limits.ts';

/** AttachPolicyToUser, AttachPolicyToGroup and AttachPolicyToRole (RAM 2015-05-01). */
export function attachPolicyTo(kind: EntityKind): (call: RpcCall) => Answer {
  return (call) => {
    const { platform } = call;
    const { entity, policyType, policyName } = readAttachment(call, kind);
    const { name, attachments, put } = attachmentsOf(call, kind, entity);
    if (attachments.some((one) => isSame(one, policyType, policyName)))
      throw ramError.exists(`${title(kind)}.Policy`, `${policyName} at ${name}`);
    const limit = limits.attachments[kind][policyType];
    if (attachments.filter((one) => one.policyType === policyType).length >= limit)
      throw ramError.limit(`${title(kind)}.Policy`, limit);
    put([...attachments, { policyType, policyName, attachDate: platform.clock.now() }]);
    return {};
  };
}

/** DetachPolicyFromUser, DetachPolicyFromGroup and DetachPolicyFromRole (RAM 2015-05-01). */
export function detachPolicyFrom(kind: EntityKind): (call: RpcCall) => Answer {
  return (call) => {
    const { entity, policyType, policyName } = readAttachment(call, kind);
    const { name, attachments, put } = attachmentsOf(call, kind, entity);
    const left = attachments.filter((one) => !isSame(one, policyType, policyName));
    if (left.length === attachments.length)
      throw ramError.notFound(`${title(kind)}.Policy`, `${policyName} at ${name}`);
    put(left);
    return {};
  };
}

/** ListPoliciesForUser, ListPoliciesForGroup and ListPoliciesForRole (RAM 2015-05-01). */
export function listPoliciesFor(kind: EntityKind): (call: RpcCall) => Answer {
  return (call) => {
    const { platform, caller } = call;
    const entity = call.parameters.required(`${title(kind)}Name`);
    call.authorize(`ram:${call.operation}`, entityArn(kind, caller.accountId, entity));
    const { attachments } = attachmentsOf(call, kind, entity);
    return {
      Policies: {
        Policy: attachments.map(({ policyType, policyName, attachDate }) => {
          const custom =
            policyType === 'Custom'
              ? platform.directory.policies.get(entityKey(caller.accountId, policyName))
              : undefined;
          return {
            PolicyName: policyName,
            PolicyType: policyType,
            Description:
              custom?.description ?? systemPolicies.get(policyName.toLowerCase())?.description ?? '',
            DefaultVersion: custom?.defaultVersion ?? 'v1',
            AttachDate: isoSeconds(attachDate),
          };
        }),
      },
    };
  };
}

/** RAM is asked about the policy and about whom it is for. */
function readAttachment(
  call: RpcCall,
  kind: EntityKind,
): { entity: string; policyType: PolicyType; policyName: string } {
  const { platform, parameters, caller, operation } = call;
  const entity = parameters.required(`${title(kind)}Name`);
  const policyName = parameters.required('PolicyName');
  parameters.required('PolicyType');
  const policyType = parameters.oneOf('PolicyType', ['System', 'Custom']) as PolicyType;
  call.authorize(`ram:${operation}`, entityArn(kind, caller.accountId, entity));
  call.authorize(`ram:${operation}`, arn.policy(caller.accountId, policyName));
  const named =
    policyType === 'System'
      ? systemPolicies.get(policyName.toLowerCase())
      : platform.directory.policies.get(entityKey(caller.accountId, policyName));
  if (named === undefined) throw ramError.notFound('Policy', policyName);
  return { entity, policyType, policyName: named.policyName };
}

function attachmentsOf(
  { platform, caller }: RpcCall,
  kind: EntityKind,
  entity: string,
): { name: string; attachments: readonly Attachment[]; put: (attachments: readonly Attachment[]) => void } {
  const { directory } = platform;
  const { accountId } = caller;
  const at = entityKey(accountId, entity);
  const name =
    kind === 'user'
      ? directory.users.get(at)?.userName
      : kind === 'group'
        ? directory.groups.get(at)?.groupName
        : directory.roles.get(at)?.roleName;
  if (name === undefined) throw ramError.notFound(title(kind), entity);
  const key = attachmentsKey(accountId, kind, name);
  return {
    name,
    attachments: directory.attachments.get(key)?.attachments ?? [],
    put: (attachments) => directory.attachments.put(key, { accountId, kind, name, attachments }),
  };
}

function isSame(attachment: Attachment, type: PolicyType, name: string): boolean {
  return attachment.policyType === type && attachment.policyName.toLowerCase() === name.toLowerCase();
}

function title(kind: EntityKind): 'User' | 'Group' | 'Role' {
  return kind === 'user' ? 'User' : kind === 'group' ? 'Group' : 'Role';
}

function entityArn(kind: EntityKind, accountId: string, name: string): string {
  return arn[kind](accountId, name);
}

/** Whoever a policy is attached to, by name. */
export function entitiesWith(
  { directory }: Platform,
  accountId: string,
  type: PolicyType,
  policyName: string,
): { kind: EntityKind; name: string; attachDate: number }[] {
  const found: { kind: EntityKind; name: string; attachDate: number }[] = [];
  for (const record of directory.attachments.values()) {
    if (record.accountId !== accountId) continue;
    const attachment = record.attachments.find((one) => isSame(one, type, policyName));
    if (attachment !== undefined)
      found.push({ kind: record.kind, name: record.name, attachDate: attachment.attachDate });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function policyUse(
  platform: Platform,
  accountId: string,
  type: PolicyType,
  policyName: string,
): number {
  return entitiesWith(platform, accountId, type, policyName).length;
}
