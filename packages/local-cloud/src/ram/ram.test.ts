import * as Ram from '@alicloud/ram20150501';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Account, LocalCloud } from '../local-cloud.ts';
import { startLocalCloud } from '../start.ts';
import { codeOf, kmsCaller, ramClient } from '../test-support/official-clients.ts';

const document = (Action: string | string[], Resource = '*', Effect = 'Allow') =>
  JSON.stringify({ Version: '1', Statement: [{ Effect, Action, Resource }] });
const trust = JSON.stringify({
  Version: '1',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: ['ecs.aliyuncs.com'] } }],
});

describe('RAM, by the official client', () => {
  let cloud: LocalCloud;
  let account: Account;
  let ram: ReturnType<typeof ramClient>;
  beforeAll(async () => {
    cloud = await startLocalCloud({ explainRefusals: true });
  });
  beforeEach(() => {
    account = cloud.createAccount();
    ram = ramClient(cloud, account);
  });
  afterAll(() => cloud.close());

  const createUser = async (userName: string) => {
    await ram.createUser(new Ram.CreateUserRequest({ userName }));
    const { body } = await ram.createAccessKey(new Ram.CreateAccessKeyRequest({ userName }));
    return body?.accessKey as { accessKeyId: string; accessKeySecret: string };
  };
  const createPolicy = (policyName: string, policyDocument: string) =>
    ram.createPolicy(new Ram.CreatePolicyRequest({ policyName, policyDocument }));

  it('lets a new user do what is attached, directly and through groups, at once', async () => {
    const kms = kmsCaller(cloud, await createUser('alice'));
    expect(await codeOf(kms('ListKeys'))).toBe('Forbidden.NoPermission');
    await createPolicy('list-keys', document('kms:ListKeys'));
    await createPolicy('list-aliases', document('kms:ListAliases'));
    const attachment = { policyType: 'Custom', userName: 'alice' };
    await ram.attachPolicyToUser(
      new Ram.AttachPolicyToUserRequest({ ...attachment, policyName: 'list-keys' }),
    );
    await kms('ListKeys');
    expect(await codeOf(kms('ListAliases'))).toBe('Forbidden.NoPermission');
    await ram.createGroup(new Ram.CreateGroupRequest({ groupName: 'readers' }));
    await ram.addUserToGroup(new Ram.AddUserToGroupRequest({ groupName: 'readers', userName: 'alice' }));
    await ram.attachPolicyToGroup(
      new Ram.AttachPolicyToGroupRequest({
        policyType: 'Custom',
        policyName: 'list-aliases',
        groupName: 'readers',
      }),
    );
    await kms('ListAliases');
    await ram.removeUserFromGroup(
      new Ram.RemoveUserFromGroupRequest({ groupName: 'readers', userName: 'alice' }),
    );
    expect(await codeOf(kms('ListAliases'))).toBe('Forbidden.NoPermission');
    await ram.detachPolicyFromUser(
      new Ram.DetachPolicyFromUserRequest({ ...attachment, policyName: 'list-keys' }),
    );
    expect(await codeOf(kms('ListKeys'))).toBe('Forbidden.NoPermission');
  });

  it('has a deny win over every allow', async () => {
    const kms = kmsCaller(cloud, await createUser('alice'));
    await createPolicy('deny', document('kms:ListKeys', '*', 'Deny'));
    for (const [policyName, policyType] of [
      ['AdministratorAccess', 'System'],
      ['deny', 'Custom'],
    ])
      await ram.attachPolicyToUser(
        new Ram.AttachPolicyToUserRequest({
          policyType: policyType as string,
          policyName: policyName as string,
          userName: 'alice',
        }),
      );
    await kms('ListAliases');
    const { data } = (await kms('ListKeys').catch((error) => error)) as { data: Record<string, never> };
    expect(data).toMatchObject({
      Code: 'Forbidden.NoPermission',
      AccessDeniedDetail: { NoPermissionType: 'ExplicitDeny' },
    });
    expect(data.Message).toContain('deny');
  });

  it('decides by tags and by where a request comes from', async () => {
    const kms = kmsCaller(cloud, await createUser('alice'));
    const admin = kmsCaller(cloud, account);
    const { KeyId } = (await admin('CreateKey')).KeyMetadata as unknown as { KeyId: string };
    const Condition = {
      StringEquals: { 'kms:tag/team': 'a' },
      IpAddress: { 'acs:SourceIp': '127.0.0.0/8' },
      Bool: { 'acs:SecureTransport': 'false' },
    };
    await createPolicy(
      'tagged',
      JSON.stringify({
        Version: '1',
        Statement: [{ Effect: 'Allow', Action: 'kms:*', Resource: '*', Condition }],
      }),
    );
    await ram.attachPolicyToUser(
      new Ram.AttachPolicyToUserRequest({ policyType: 'Custom', policyName: 'tagged', userName: 'alice' }),
    );
    expect(await codeOf(kms('GenerateDataKey', { KeyId }))).toBe('Forbidden.NoPermission');
    await admin('TagResource', { KeyId, Tags: '[{"TagKey":"team","TagValue":"a"}]' });
    await kms('GenerateDataKey', { KeyId });
  });

  it('keeps versions of a policy, and decides by the default one', async () => {
    const kms = kmsCaller(cloud, await createUser('alice'));
    await createPolicy('p', document('kms:ListKeys'));
    await ram.attachPolicyToUser(
      new Ram.AttachPolicyToUserRequest({ policyType: 'Custom', policyName: 'p', userName: 'alice' }),
    );
    const newVersion = (policyDocument: string, setAsDefault: boolean) =>
      ram.createPolicyVersion(
        new Ram.CreatePolicyVersionRequest({ policyName: 'p', policyDocument, setAsDefault }),
      );
    const { body } = await newVersion(document('kms:ListAliases'), true);
    expect(body?.policyVersion?.versionId).toBe('v2');
    await kms('ListAliases');
    expect(await codeOf(kms('ListKeys'))).toBe('Forbidden.NoPermission');
    await ram.setDefaultPolicyVersion(
      new Ram.SetDefaultPolicyVersionRequest({ policyName: 'p', versionId: 'v1' }),
    );
    await kms('ListKeys');
    expect(
      await codeOf(
        ram.deletePolicyVersion(new Ram.DeletePolicyVersionRequest({ policyName: 'p', versionId: 'v1' })),
      ),
    ).toBe('DeleteConflict.Policy.Version.Default');
    for (let version = 3; version <= 5; version++) await newVersion(document('kms:*'), false);
    expect(await codeOf(newVersion(document('kms:*'), false))).toBe('LimitExceeded.Policy.Version');
    const got = await ram.getPolicy(new Ram.GetPolicyRequest({ policyName: 'p', policyType: 'Custom' }));
    expect(got.body?.defaultPolicyVersion?.policyDocument).toBe(document('kms:ListKeys'));
    expect(got.body?.policy?.attachmentCount).toBe(1);
  });

  it('refuses what it documents, with its codes', async () => {
    const role = (roleName: string, assumeRolePolicyDocument = trust) =>
      ram.createRole(new Ram.CreateRoleRequest({ roleName, assumeRolePolicyDocument }));
    await role('r');
    expect(await codeOf(role('R'))).toBe('EntityAlreadyExist.Role');
    expect(await codeOf(role('bad name'))).toBe('InvalidParameter.RoleName');
    expect(await codeOf(role('x', document('sts:AssumeRole')))).toBe('MalformedPolicyDocument');
    expect(await codeOf(role('x', '{'))).toBe('MalformedPolicyDocument');
    const message = await createPolicy('p', document('kms:ListKeys', '*', 'Allwo')).catch(
      (error: Error) => error.message,
    );
    expect(message).toMatch(/Effect.*Allwo.*Allow/);
    expect(await codeOf(createPolicy('p', trust))).toBe('MalformedPolicyDocument');
    await createPolicy('p', document('kms:ListKeys'));
    expect(await codeOf(createPolicy('p', document('kms:ListKeys')))).toBe('EntityAlreadyExist.Policy');
    const attach = (policyName: string, roleName = 'r') =>
      ram.attachPolicyToRole(
        new Ram.AttachPolicyToRoleRequest({ policyType: 'Custom', policyName, roleName }),
      );
    expect(await codeOf(attach('none'))).toBe('EntityNotExist.Policy');
    expect(await codeOf(attach('p', 'none'))).toBe('EntityNotExist.Role');
    await attach('p');
    expect(await codeOf(attach('p'))).toBe('EntityAlreadyExist.Role.Policy');
    expect(await codeOf(ram.deletePolicy(new Ram.DeletePolicyRequest({ policyName: 'p' })))).toBe(
      'DeleteConflict.Policy.Role',
    );
    expect(await codeOf(ram.deleteRole(new Ram.DeleteRoleRequest({ roleName: 'r' })))).toBe(
      'DeleteConflict.Role.Policy',
    );
    await ram.detachPolicyFromRole(
      new Ram.DetachPolicyFromRoleRequest({ policyType: 'Custom', policyName: 'p', roleName: 'r' }),
    );
    await ram.deletePolicy(new Ram.DeletePolicyRequest({ policyName: 'p' }));
    await ram.deleteRole(new Ram.DeleteRoleRequest({ roleName: 'r' }));
    expect(await codeOf(ram.getRole(new Ram.GetRoleRequest({ roleName: 'r' })))).toBe('EntityNotExist.Role');
  });

  it('keeps its limits', async () => {
    await ram.createRole(new Ram.CreateRoleRequest({ roleName: 'r', assumeRolePolicyDocument: trust }));
    for (let n = 1; n <= 6; n++) {
      await createPolicy(`p${n}`, document('kms:ListKeys'));
      const attached = ram.attachPolicyToRole(
        new Ram.AttachPolicyToRoleRequest({ policyType: 'Custom', policyName: `p${n}`, roleName: 'r' }),
      );
      if (n <= 5) await attached;
      else expect(await codeOf(attached)).toBe('LimitExceeded.Role.Policy');
    }
    await createUser('alice');
    await ram.createAccessKey(new Ram.CreateAccessKeyRequest({ userName: 'alice' }));
    expect(await codeOf(ram.createAccessKey(new Ram.CreateAccessKeyRequest({ userName: 'alice' })))).toBe(
      'LimitExceeded.User.AccessKey',
    );
    expect(await codeOf(createPolicy('long', document('kms:ListKeys', `acs:${'x'.repeat(6200)}`)))).toBe(
      'InvalidParameter.PolicyDocument.Length',
    );
  });

  it('deletes a user only when nothing hangs on it', async () => {
    const { accessKeyId } = await createUser('alice');
    const remove = () => ram.deleteUser(new Ram.DeleteUserRequest({ userName: 'alice' }));
    expect(await codeOf(remove())).toBe('DeleteConflict.User.AccessKey');
    await ram.deleteAccessKey(
      new Ram.DeleteAccessKeyRequest({ userName: 'alice', userAccessKeyId: accessKeyId }),
    );
    await remove();
    expect(await codeOf(ram.getUser(new Ram.GetUserRequest({ userName: 'alice' })))).toBe(
      'EntityNotExist.User',
    );
  });

  it('carries everything along when a user is renamed', async () => {
    const kms = kmsCaller(cloud, await createUser('alice'));
    await ram.attachPolicyToUser(
      new Ram.AttachPolicyToUserRequest({
        policyType: 'System',
        policyName: 'AliyunKMSReadOnlyAccess',
        userName: 'alice',
      }),
    );
    await ram.updateUser(new Ram.UpdateUserRequest({ userName: 'alice', newUserName: 'alicia' }));
    await kms('ListKeys');
    const { body } = await ram.listPoliciesForUser(
      new Ram.ListPoliciesForUserRequest({ userName: 'alicia' }),
    );
    expect(body?.policies?.policy?.map(({ policyName }) => policyName)).toEqual(['AliyunKMSReadOnlyAccess']);
  });

  it('lists in pages, each name once', async () => {
    for (const n of [3, 1, 5, 2, 4])
      await ram.createUser(new Ram.CreateUserRequest({ userName: `user${n}` }));
    const seen: string[] = [];
    for (let marker: string | undefined; ; ) {
      const { body } = await ram.listUsers(
        new Ram.ListUsersRequest({ maxItems: 2, ...(marker === undefined ? {} : { marker }) }),
      );
      seen.push(...(body?.users?.user ?? []).map(({ userName }) => userName as string));
      if (body?.isTruncated !== true) break;
      marker = body.marker;
    }
    expect(seen).toEqual(['administrator', 'user1', 'user2', 'user3', 'user4', 'user5']);
  });

  it('does not show one account to another', async () => {
    await ram.createRole(new Ram.CreateRoleRequest({ roleName: 'mine', assumeRolePolicyDocument: trust }));
    const stranger = ramClient(cloud, cloud.createAccount());
    expect(await codeOf(stranger.getRole(new Ram.GetRoleRequest({ roleName: 'mine' })))).toBe(
      'EntityNotExist.Role',
    );
    const { KeyId } = (await kmsCaller(cloud, account)('CreateKey')).KeyMetadata as unknown as {
      KeyId: string;
    };
    expect(await codeOf(kmsCaller(cloud, cloud.createAccount())('DescribeKey', { KeyId }))).toBe(
      'Forbidden.KeyNotFound',
    );
  });
});
