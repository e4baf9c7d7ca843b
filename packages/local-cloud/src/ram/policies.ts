import { systemPolicies } from '../authorization/system-policies.ts';
import { isoSeconds } from '../clock/clock.ts';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { arn, entityKey } from '../identities/directory.ts';
import type { PolicyRecord, PolicyType, PolicyVersionRecord } from '../identities/records.ts';
import { entitiesWith, policyUse } from './attachments.ts';
import { ramError } from './errors.ts';
import { limits } from './limits.ts';
import { readList } from './listing.ts';
import { checkPolicy } from './policy-documents.ts';
import { countOf } from './roles.ts';

/** CreatePolicy (RAM 2015-05-01). */
export function createPolicy(call: RpcCall): Answer {
  const { platform, parameters, caller } = call;
  const { directory, clock } = platform;
  const policyName = parameters.required('PolicyName');
  if (!/^[A-Za-z0-9-]{1,128}$/.test(policyName))
    throw ramError.invalid('PolicyName', '1 to 128 letters, digits and hyphens');
  call.authorize('ram:CreatePolicy', arn.policy(caller.accountId, policyName));
  const document = checkPolicy(parameters.required('PolicyDocument'));
  const description = parameters.optional('Description') ?? '';
  if (description.length > 1024) throw ramError.invalid('Description', 'at most 1024 characters');
  const key = entityKey(caller.accountId, policyName);
  if (directory.policies.has(key) || systemPolicies.has(policyName.toLowerCase()))
    throw ramError.exists('Policy', policyName);
  if (countOf(directory.policies.values(), caller.accountId) >= limits.customPolicies)
    throw ramError.limit('Policy', limits.customPolicies);
  const now = clock.now();
  const policy: PolicyRecord = {
    accountId: caller.accountId,
    policyName,
    description,
    createDate: now,
    updateDate: now,
    defaultVersion: 'v1',
    nextVersion: 2,
    versions: [{ versionId: 'v1', document, createDate: now }],
    tags: parameters.tags('Tag') ?? {},
  };
  directory.policies.put(key, policy);
  return {
    Policy: {
      PolicyName: policyName,
      PolicyType: 'Custom',
      Description: description,
      DefaultVersion: 'v1',
      CreateDate: isoSeconds(now),
      Tags: { Tag: tagList(policy) },
    },
  };
}

/** GetPolicy (RAM 2015-05-01), with the document of its default version. */
export function getPolicy(call: RpcCall): Answer {
  const policy = authorizedPolicy(call);
  const version = policy.versions.find(({ versionId }) => versionId === policy.defaultVersion);
  return {
    Policy: { ...describePolicy(call, policy), PolicyDocument: version?.document ?? '' },
    DefaultPolicyVersion: version === undefined ? {} : describeVersion(policy, version),
  };
}

/** DeletePolicy (RAM 2015-05-01): neither attached, nor with further versions unless `CascadingDelete`. */
export function deletePolicy(call: RpcCall): Answer {
  const { platform, parameters } = call;
  const policy = customPolicy(authorizedPolicy(call));
  const used = entitiesWith(platform, policy.accountId, 'Custom', policy.policyName);
  for (const [kind, name] of [
    ['User', 'user'],
    ['Group', 'group'],
    ['Role', 'role'],
  ] as const)
    if (used.some((entity) => entity.kind === name))
      throw ramError.deleteConflict(
        'Policy',
        kind,
        `${policy.policyName} is attached to a ${name}; detach it first`,
      );
  if (policy.versions.length > 1 && parameters.boolean('CascadingDelete') !== true)
    throw ramError.deleteConflict(
      'Policy',
      'Version',
      `${policy.policyName} has more than its default version`,
    );
  platform.directory.policies.delete(entityKey(policy.accountId, policy.policyName));
  return {};
}

/** ListPolicies (RAM 2015-05-01): custom ones, then those of the system. */
export function listPolicies(call: RpcCall): Answer {
  const { platform, parameters, caller } = call;
  call.authorize('ram:ListPolicies', arn.policy(caller.accountId, '*'));
  const type = parameters.oneOf('PolicyType', ['System', 'Custom']);
  const custom = Array.from(platform.directory.policies.values())
    .filter((policy) => policy.accountId === caller.accountId)
    .sort((a, b) => (a.policyName < b.policyName ? -1 : 1));
  const system = Array.from(systemPolicies.values(), (policy) => asRecord(policy.policyName));
  const all = [...(type === 'System' ? [] : custom), ...(type === 'Custom' ? [] : system)] as ListedPolicy[];
  const { page, answer } = readList(call, all, (policy) => `${typeOf(policy)}/${policy.policyName}`);
  return { ...answer, Policies: { Policy: page.map((policy) => describePolicy(call, policy)) } };
}

/** CreatePolicyVersion (RAM 2015-05-01). */
export function createPolicyVersion(call: RpcCall): Answer {
  const { platform, parameters } = call;
  const policy = customPolicy(authorizedPolicy(call));
  const document = checkPolicy(parameters.required('PolicyDocument'));
  const strategy = parameters.oneOf('RotateStrategy', [
    'None',
    'DeleteOldestNonDefaultVersionWhenLimitExceeded',
  ]);
  let { versions } = policy;
  if (versions.length >= limits.policyVersions) {
    if (strategy !== 'DeleteOldestNonDefaultVersionWhenLimitExceeded')
      throw ramError.limit('Policy.Version', limits.policyVersions);
    const oldest = versions.find(({ versionId }) => versionId !== policy.defaultVersion);
    versions = versions.filter((version) => version !== oldest);
  }
  const now = platform.clock.now();
  const version: PolicyVersionRecord = { versionId: `v${policy.nextVersion}`, document, createDate: now };
  const updated: PolicyRecord = {
    ...policy,
    versions: [...versions, version],
    nextVersion: policy.nextVersion + 1,
    defaultVersion: parameters.boolean('SetAsDefault') === true ? version.versionId : policy.defaultVersion,
    updateDate: now,
  };
  put(call, updated);
  return { PolicyVersion: describeVersion(updated, version) };
}

/** GetPolicyVersion (RAM 2015-05-01). */
export function getPolicyVersion(call: RpcCall): Answer {
  const policy = authorizedPolicy(call);
  return { PolicyVersion: describeVersion(policy, namedVersion(call, policy)) };
}

/** ListPolicyVersions (RAM 2015-05-01). */
export function listPolicyVersions(call: RpcCall): Answer {
  const policy = authorizedPolicy(call);
  return {
    PolicyVersions: { PolicyVersion: policy.versions.map((version) => describeVersion(policy, version)) },
  };
}

/** DeletePolicyVersion (RAM 2015-05-01): any but the default one. */
export function deletePolicyVersion(call: RpcCall): Answer {
  const policy = customPolicy(authorizedPolicy(call));
  const version = namedVersion(call, policy);
  if (version.versionId === policy.defaultVersion)
    throw ramError.deleteConflict(
      'Policy',
      'Version.Default',
      `${version.versionId} is the default version of ${policy.policyName}`,
    );
  put(call, {
    ...policy,
    versions: policy.versions.filter((other) => other !== version),
    updateDate: call.platform.clock.now(),
  });
  return {};
}

/** SetDefaultPolicyVersion (RAM 2015-05-01). */
export function setDefaultPolicyVersion(call: RpcCall): Answer {
  const policy = customPolicy(authorizedPolicy(call));
  const { versionId } = namedVersion(call, policy);
  put(call, { ...policy, defaultVersion: versionId, updateDate: call.platform.clock.now() });
  return {};
}

/** UpdatePolicyDescription (RAM 2015-05-01). */
export function updatePolicyDescription(call: RpcCall): Answer {
  const policy = customPolicy(authorizedPolicy(call));
  const description = call.parameters.required('NewDescription');
  const updated = { ...policy, description, updateDate: call.platform.clock.now() };
  put(call, updated);
  return { Policy: describePolicy(call, updated) };
}

/** ListEntitiesForPolicy (RAM 2015-05-01). */
export function listEntitiesForPolicy(call: RpcCall): Answer {
  const { platform } = call;
  const { directory } = platform;
  const policy = authorizedPolicy(call);
  const used = entitiesWith(platform, call.caller.accountId, typeOf(policy), policy.policyName);
  const named = (kind: 'user' | 'group' | 'role') => used.filter((entity) => entity.kind === kind);
  const at = (name: string) => entityKey(call.caller.accountId, name);
  return {
    Users: {
      User: named('user').map(({ name, attachDate }) => {
        const user = directory.users.get(at(name));
        return {
          UserName: name,
          UserId: user?.userId,
          DisplayName: user?.displayName,
          AttachDate: isoSeconds(attachDate),
        };
      }),
    },
    Groups: {
      Group: named('group').map(({ name, attachDate }) => ({
        GroupName: name,
        Comments: directory.groups.get(at(name))?.comments ?? '',
        AttachDate: isoSeconds(attachDate),
      })),
    },
    Roles: {
      Role: named('role').map(({ name, attachDate }) => {
        const role = directory.roles.get(at(name));
        return {
          RoleName: name,
          RoleId: role?.roleId,
          Arn: arn.role(call.caller.accountId, name),
          Description: role?.description,
          AttachDate: isoSeconds(attachDate),
        };
      }),
    },
  };
}

type ListedPolicy = PolicyRecord & { readonly system?: true };

function typeOf(policy: ListedPolicy): PolicyType {
  return policy.system === true ? 'System' : 'Custom';
}

/** System policies have one version, and are as old as RAM. */
const ramBegan = Date.UTC(2015, 3, 28);

function asRecord(policyName: string): ListedPolicy {
  const { description, document, ...names } = systemPolicies.get(policyName.toLowerCase()) as {
    policyName: string;
    description: string;
    document: string;
  };
  return {
    accountId: '',
    policyName: names.policyName,
    description,
    createDate: ramBegan,
    updateDate: ramBegan,
    defaultVersion: 'v1',
    nextVersion: 2,
    versions: [{ versionId: 'v1', document, createDate: ramBegan }],
    tags: {},
    system: true,
  };
}

/** The policy of the parameters PolicyName and PolicyType, once RAM has allowed the operation on it. */
function authorizedPolicy(call: RpcCall): ListedPolicy {
  const { platform, parameters, caller, operation } = call;
  const policyName = parameters.required('PolicyName');
  const type = parameters.oneOf('PolicyType', ['System', 'Custom']) ?? 'Custom';
  call.authorize(`ram:${operation}`, arn.policy(caller.accountId, policyName));
  const policy =
    type === 'Custom'
      ? platform.directory.policies.get(entityKey(caller.accountId, policyName))
      : systemPolicies.has(policyName.toLowerCase())
        ? asRecord(policyName)
        : undefined;
  if (policy === undefined) throw ramError.notFound('Policy', policyName);
  return policy;
}

function customPolicy(policy: ListedPolicy): PolicyRecord {
  if (policy.system === true) throw ramError.invalid('PolicyType', 'system policies cannot be changed');
  return policy;
}

function namedVersion({ parameters }: RpcCall, policy: PolicyRecord): PolicyVersionRecord {
  const id = parameters.required('VersionId');
  const version = policy.versions.find(({ versionId }) => versionId === id);
  if (version === undefined) throw ramError.notFound('Policy.Version', `${policy.policyName} ${id}`);
  return version;
}

function put({ platform }: RpcCall, policy: PolicyRecord): void {
  platform.directory.policies.put(entityKey(policy.accountId, policy.policyName), policy);
}

function describePolicy({ platform, caller }: RpcCall, policy: ListedPolicy): Answer {
  return {
    PolicyName: policy.policyName,
    PolicyType: typeOf(policy),
    Description: policy.description,
    DefaultVersion: policy.defaultVersion,
    CreateDate: isoSeconds(policy.createDate),
    UpdateDate: isoSeconds(policy.updateDate),
    AttachmentCount: policyUse(platform, caller.accountId, typeOf(policy), policy.policyName),
    Tags: { Tag: tagList(policy) },
  };
}

function describeVersion(policy: PolicyRecord, version: PolicyVersionRecord): Answer {
  return {
    VersionId: version.versionId,
    IsDefaultVersion: version.versionId === policy.defaultVersion,
    PolicyDocument: version.document,
    CreateDate: isoSeconds(version.createDate),
  };
}

function tagList({ tags }: PolicyRecord): Answer[] {
  return Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
}
