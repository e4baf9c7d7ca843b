import { PolicyError, parsePolicy } from '@yunseal/policy-builder';
import { systemPolicies } from '../authorization/system-policies.ts';
import { type InstanceRecord, openInstances } from '../ecs/records.ts';
import { arn, attachmentsKey, entityId, entityKey, randomName } from '../identities/directory.ts';
import type { Attachment, EntityKind, PolicyRecord } from '../identities/records.ts';
import { seedKey, seedSecret } from '../kms/seed.ts';
import { seedBucket } from '../oss/seed.ts';
import type { Platform } from '../platform.ts';
import type { Collection } from '../store/store.ts';
import { invalidSeed, type Seed, type SeedAccount, type SeedInstance } from './seed.ts';

/** Puts everything a seed names into an empty cloud, in one transaction. */
export function applySeed(platform: Platform, seed: Seed): void {
  platform.store.transaction(() => {
    for (const [index, account] of seed.accounts.entries())
      applyAccount(platform, account, `accounts.${index}`);
  });
}

function applyAccount(platform: Platform, account: SeedAccount, path: string): void {
  const { directory } = platform;
  const now = platform.clock.now();
  const { id: accountId } = account;
  if (directory.accounts.has(accountId)) throw invalidSeed(`${path}.id: account ${accountId} is there twice`);
  directory.accounts.put(accountId, { accountId });

  for (const [index, { name, document, description = '' }] of (account.policies ?? []).entries())
    putPolicy(platform, accountId, name, document, description, `${path}.policies.${index}.document`);

  if (account.rootAccessKey !== undefined)
    putAccessKey(platform, accountId, undefined, account.rootAccessKey);

  for (const [index, user] of (account.users ?? []).entries()) {
    putOnce(directory.users, accountId, user.name, `${path}.users.${index}.name`, {
      accountId,
      userName: user.name,
      userId: entityId('2', accountId, 'user', user.name, 0),
      displayName: user.name,
      mobilePhone: '',
      email: '',
      comments: '',
      createDate: now,
      updateDate: now,
    });
    for (const key of user.accessKeys ?? []) putAccessKey(platform, accountId, user.name, key);
    attach(platform, accountId, 'user', user.name, user.policies ?? [], `${path}.users.${index}.policies`);
  }

  for (const [index, group] of (account.groups ?? []).entries()) {
    for (const [at, member] of (group.members ?? []).entries())
      if (!directory.users.has(entityKey(accountId, member)))
        throw invalidSeed(`${path}.groups.${index}.members.${at}: there is no user ${member}`);
    putOnce(directory.groups, accountId, group.name, `${path}.groups.${index}.name`, {
      accountId,
      groupName: group.name,
      groupId: entityId('g-', accountId, 'group', group.name, 0),
      comments: '',
      createDate: now,
      updateDate: now,
      members: (group.members ?? []).map((userName) => ({ userName, joinDate: now })),
    });
    attach(
      platform,
      accountId,
      'group',
      group.name,
      group.policies ?? [],
      `${path}.groups.${index}.policies`,
    );
  }

  for (const [index, role] of (account.roles ?? []).entries()) {
    putOnce(directory.roles, accountId, role.name, `${path}.roles.${index}.name`, {
      accountId,
      roleName: role.name,
      roleId: entityId('3', accountId, 'role', role.name, 0),
      description: role.description ?? '',
      trustPolicy: checkedDocument(role.trustPolicy, `${path}.roles.${index}.trustPolicy`),
      maxSessionDuration: role.maxSessionDuration ?? 3600,
      createDate: now,
      updateDate: now,
      tags: {},
    });
    attach(platform, accountId, 'role', role.name, role.policies ?? [], `${path}.roles.${index}.policies`);
  }

  for (const provider of account.oidcProviders ?? [])
    directory.oidcProviders.put(entityKey(accountId, provider.name), {
      accountId,
      providerName: provider.name,
      issuer: provider.issuer,
      clientIds: provider.clientIds,
      jwks: JSON.stringify(provider.jwks),
    });

  for (const [index, key] of (account.keys ?? []).entries())
    seedKey(platform, accountId, key, `${path}.keys.${index}`);
  for (const [index, secret] of (account.secrets ?? []).entries())
    seedSecret(platform, accountId, secret, `${path}.secrets.${index}`);
  for (const bucket of account.buckets ?? []) seedBucket(platform, accountId, bucket);
  for (const [index, instance] of (account.instances ?? []).entries())
    putInstance(platform, accountId, instance, `${path}.instances.${index}`);
}

/** Names are compared without regard to case, and each is there once. */
function putOnce<T>(
  collection: Collection<T>,
  accountId: string,
  name: string,
  path: string,
  record: T,
): void {
  const key = entityKey(accountId, name);
  if (collection.has(key)) throw invalidSeed(`${path}: ${JSON.stringify(name)} is there twice`);
  collection.put(key, record);
}

function putAccessKey(
  { directory, clock }: Platform,
  accountId: string,
  userName: string | undefined,
  { id, secret }: { id: string; secret: string },
): void {
  if (directory.accessKeys.has(id)) throw invalidSeed(`the AccessKey ${id} is there twice`);
  directory.accessKeys.put(id, {
    accessKeyId: id,
    accessKeySecret: secret,
    accountId,
    userName,
    status: 'Active',
    createDate: clock.now(),
  });
}

function putPolicy(
  { directory, clock }: Platform,
  accountId: string,
  policyName: string,
  document: unknown,
  description: string,
  path: string,
): void {
  const now = clock.now();
  const policy: PolicyRecord = {
    accountId,
    policyName,
    description,
    createDate: now,
    updateDate: now,
    defaultVersion: 'v1',
    nextVersion: 2,
    versions: [{ versionId: 'v1', document: checkedDocument(document, path), createDate: now }],
    tags: {},
  };
  putOnce(directory.policies, accountId, policyName, path, policy);
}

/** Policies by name; a document becomes a custom policy named after the entity that has it. */
function attach(
  platform: Platform,
  accountId: string,
  kind: EntityKind,
  name: string,
  references: readonly (string | object)[],
  path: string,
): void {
  if (references.length === 0) return;
  const { directory, clock } = platform;
  const attachments = references.map((reference, index): Attachment => {
    const attachDate = clock.now();
    if (typeof reference !== 'string') {
      const policyName = `${kind}-${name}-${index + 1}`;
      putPolicy(platform, accountId, policyName, reference, `Of ${kind} ${name}`, `${path}.${index}`);
      return { policyType: 'Custom', policyName, attachDate };
    }
    const custom = directory.policies.get(entityKey(accountId, reference));
    if (custom !== undefined) return { policyType: 'Custom', policyName: custom.policyName, attachDate };
    const system = systemPolicies.get(reference.toLowerCase());
    if (system !== undefined) return { policyType: 'System', policyName: system.policyName, attachDate };
    throw invalidSeed(
      `${path}.${index}: there is no policy ${JSON.stringify(reference)} in account ${accountId}`,
    );
  });
  directory.attachments.put(attachmentsKey(accountId, kind, name), { accountId, kind, name, attachments });
}

function putInstance(platform: Platform, accountId: string, instance: SeedInstance, path: string): void {
  const instances = openInstances(platform.store);
  const region = instance.region ?? platform.region;
  const instanceId = instance.id ?? `i-bp1${randomName(17).toLowerCase()}`;
  if (instances.has(instanceId)) throw invalidSeed(`${path}.id: instance ${instanceId} is there twice`);
  if (instance.role !== undefined && !platform.directory.roles.has(entityKey(accountId, instance.role)))
    throw invalidSeed(`${path}.role: there is no role ${arn.role(accountId, instance.role)}`);
  const record: InstanceRecord = {
    instanceId,
    accountId,
    region,
    zone: instance.zone ?? `${region}-h`,
    instanceName: instance.name ?? instanceId,
    instanceType: 'ecs.g7.large',
    imageId: 'aliyun_3_x64_20G_alibase.vhd',
    privateIp: `192.168.0.${(instances.size % 250) + 2}`,
    createDate: platform.clock.now(),
    ramRoleName: instance.role,
    hardened: instance.imds?.hardened ?? false,
    tags: {},
  };
  instances.put(instanceId, record);
}

function checkedDocument(document: unknown, path: string): string {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  try {
    parsePolicy(text);
  } catch (error) {
    if (error instanceof PolicyError) throw invalidSeed(`${path}: ${error.message}`, error);
    throw error;
  }
  return text;
}
