import {
  AttachInstanceRamRoleRequest,
  DescribeInstanceRamRoleRequest,
  DetachInstanceRamRoleRequest,
} from '@alicloud/ecs20140526';
import { AttachPolicyToRoleRequest, CreatePolicyRequest, CreateRoleRequest } from '@alicloud/ram20150501';
import { leastPrivilege } from '@yunseal/policy-builder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalCloud } from './local-cloud.ts';
import { startLocalCloud } from './start.ts';
import {
  codeOf,
  ecsClient,
  instanceCredentials,
  kmsCaller,
  officialCredential,
  ramClient,
  stsClient,
} from './test-support/official-clients.ts';

const ecsTrust = JSON.stringify({
  Version: '1',
  Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: ['ecs.aliyuncs.com'] } }],
});

describe('an instance that reads its role and uses KMS, as the documents tell it', () => {
  let cloud: LocalCloud;
  let keyArn: string;
  const security = () => `${cloud.endpoints.imds}/latest/meta-data/ram/security-credentials/`;
  beforeAll(async () => {
    cloud = await startLocalCloud();
    const kms = kmsCaller(cloud);
    keyArn = ((await kms('CreateKey')).KeyMetadata as unknown as { Arn: string }).Arn;
  });
  afterAll(() => cloud.close());

  it('has no role at first', async () => {
    expect((await fetch(security())).status).toBe(404);
    expect(await fetch(`${cloud.endpoints.imds}/latest/meta-data/instance-id`).then((r) => r.text())).toBe(
      cloud.instanceId,
    );
    expect(
      await fetch(`${cloud.endpoints.imds}/latest/meta-data/owner-account-id`).then((r) => r.text()),
    ).toBe(cloud.administrator.accountId);
    expect(await fetch(`${cloud.endpoints.imds}/latest/meta-data/region-id`).then((r) => r.text())).toBe(
      'cn-hangzhou',
    );
  });

  it('is given one by the administrator', async () => {
    const ram = ramClient(cloud);
    const { body } = await ram.createRole(
      new CreateRoleRequest({ roleName: 'EcsRamRoleTest', assumeRolePolicyDocument: ecsTrust }),
    );
    expect(body?.role?.arn).toBe(`acs:ram::${cloud.administrator.accountId}:role/ecsramroletest`);
    const policyDocument = JSON.stringify({
      Version: '1',
      Statement: [{ Effect: 'Allow', Action: ['kms:GenerateDataKey', 'kms:Decrypt'], Resource: keyArn }],
    });
    await ram.createPolicy(new CreatePolicyRequest({ policyName: 'UseOneKey', policyDocument }));
    await ram.attachPolicyToRole(
      new AttachPolicyToRoleRequest({
        policyType: 'Custom',
        policyName: 'UseOneKey',
        roleName: 'EcsRamRoleTest',
      }),
    );
    const ecs = ecsClient(cloud);
    const named = {
      regionId: cloud.region,
      ramRoleName: 'EcsRamRoleTest',
      instanceIds: JSON.stringify([cloud.instanceId]),
    };
    const attached = await ecs.attachInstanceRamRole(new AttachInstanceRamRoleRequest(named));
    expect(attached.body?.failCount).toBe(0);
    const described = await ecs.describeInstanceRamRole(
      new DescribeInstanceRamRoleRequest({ regionId: cloud.region, instanceIds: named.instanceIds }),
    );
    expect(described.body?.instanceRamRoleSets?.instanceRamRoleSet?.[0]?.ramRoleName).toBe('EcsRamRoleTest');
  });

  it('may do what the role may, and nothing else', async () => {
    const credentials = await instanceCredentials(cloud.endpoints.imds);
    const kms = kmsCaller(cloud, credentials);
    const { CiphertextBlob, Plaintext } = await kms('GenerateDataKey', { KeyId: keyArn });
    expect(await kms('Decrypt', { CiphertextBlob: CiphertextBlob as never })).toMatchObject({ Plaintext });
    const error = await kms('CreateKey').catch((caught: { data: Record<string, never> }) => caught.data);
    expect(error).toMatchObject({
      Code: 'Forbidden.NoPermission',
      RequestId: expect.stringMatching(/^[0-9A-F-]{36}$/),
      AccessDeniedDetail: { AuthAction: 'kms:CreateKey', NoPermissionType: 'ImplicitDeny' },
    });
    expect(await codeOf(kms('Encrypt', { KeyId: keyArn, Plaintext: 'QUJD' }))).toBe('Forbidden.NoPermission');
    const { body } = await stsClient(cloud, credentials).getCallerIdentity();
    expect(body?.arn).toBe(
      `acs:ram::${cloud.administrator.accountId}:assumed-role/EcsRamRoleTest/${cloud.instanceId}`,
    );
  });

  it('is read by the official credentials client as well', async () => {
    const role = await (await fetch(security())).text();
    const client = officialCredential({ type: 'credentials_uri', credentialsURI: `${security()}${role}` });
    const { accessKeyId, accessKeySecret, securityToken } = await client.getCredential();
    const kms = kmsCaller(cloud, { accessKeyId, accessKeySecret, securityToken } as never);
    await kms('GenerateDataKey', { KeyId: keyArn });
  });

  it('leaves a trace in the shape of ActionTrail, without secrets', async () => {
    const event = cloud.auditLog().find(({ eventName }) => eventName === 'Decrypt');
    expect(event).toMatchObject({
      eventSource: 'kms.cn-hangzhou.aliyuncs.com',
      serviceName: 'Kms',
      acsRegion: 'cn-hangzhou',
      userIdentity: { type: 'assumed-role', userName: `EcsRamRoleTest:${cloud.instanceId}` },
      resourceName: keyArn,
      additionalEventData: { decisions: [{ action: 'kms:Decrypt', resource: keyArn, decision: 'Allow' }] },
    });
    const refused = cloud.auditLog().find(({ errorCode }) => errorCode === 'Forbidden.NoPermission');
    expect(refused?.additionalEventData.explanation).toMatch(/kms:CreateKey/);
    const { securityToken } = await instanceCredentials(cloud.endpoints.imds);
    expect(JSON.stringify(cloud.auditLog())).not.toContain(securityToken);
  });

  it('leaves a trace that makes the policy it needs, and no more', async () => {
    const calls = cloud
      .auditLog()
      .filter(
        ({ serviceName, userIdentity }) => serviceName === 'Kms' && userIdentity.type === 'assumed-role',
      );
    expect(leastPrivilege(calls).toJSON()).toEqual({
      Version: '1',
      Statement: [{ Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: keyArn }],
    });
  });

  it('gets new credentials 30 minutes before the old ones end, and both work meanwhile', async () => {
    const first = await instanceCredentials(cloud.endpoints.imds);
    expect(await instanceCredentials(cloud.endpoints.imds)).toEqual(first);
    cloud.clock.advance(31 * 60_000);
    const second = await instanceCredentials(cloud.endpoints.imds);
    expect(second.accessKeyId).not.toBe(first.accessKeyId);
    expect(second.expiration.getTime() - cloud.clock.now()).toBeGreaterThan(3_500_000);
    await kmsCaller(cloud, first)('GenerateDataKey', { KeyId: keyArn });
    await kmsCaller(cloud, second)('GenerateDataKey', { KeyId: keyArn });
    cloud.clock.advance(30 * 60_000);
    expect(await codeOf(kmsCaller(cloud, first)('GenerateDataKey', { KeyId: keyArn }))).toBe(
      'InvalidSecurityToken.Expired',
    );
    await kmsCaller(cloud, second)('GenerateDataKey', { KeyId: keyArn });
    const { headers } = await fetch(cloud.endpoints.kms);
    expect(Math.abs(Date.parse(headers.get('date') as string) - cloud.clock.now())).toBeLessThan(5_000);
    cloud.clock.set(Date.now());
  });

  it('loses its role when it is detached', async () => {
    const named = {
      regionId: cloud.region,
      ramRoleName: 'EcsRamRoleTest',
      instanceIds: JSON.stringify([cloud.instanceId]),
    };
    await ecsClient(cloud).detachInstanceRamRole(new DetachInstanceRamRoleRequest(named));
    expect((await fetch(security())).status).toBe(404);
  });
});

describe('the metadata service in hardened mode', () => {
  let cloud: LocalCloud;
  beforeAll(async () => {
    cloud = await startLocalCloud({
      seed: {
        accounts: [
          {
            id: '1000000000000009',
            users: [
              { name: 'a', accessKeys: [{ id: 'LTAIa', secret: 's' }], policies: ['AdministratorAccess'] },
            ],
            instances: [{ id: 'i-hard', imds: { hardened: true } }],
          },
        ],
      },
    });
  });
  afterAll(() => cloud.close());
  const read = (headers: Record<string, string> = {}) =>
    fetch(`${cloud.endpoints.imds}/latest/meta-data/instance-id`, { headers });
  const token = (ttl?: string) =>
    fetch(`${cloud.endpoints.imds}/latest/api/token`, {
      method: 'PUT',
      headers: ttl === undefined ? {} : { 'X-aliyun-ecs-metadata-token-ttl-seconds': ttl },
    });

  it('insists on a token, which lives as long as was asked for', async () => {
    expect((await read()).status).toBe(403);
    const good = await (await token('60')).text();
    const headers = { 'X-aliyun-ecs-metadata-token': good };
    expect(await (await read(headers)).text()).toBe('i-hard');
    cloud.clock.advance(61_000);
    expect((await read(headers)).status).toBe(403);
    expect((await read({ 'X-aliyun-ecs-metadata-token': `${good.slice(0, -4)}AAA=` })).status).toBe(403);
  });

  it.each(['0', '21601', '-1', 'x', undefined])('gives no token for a TTL of %s', async (ttl) => {
    expect((await token(ttl)).status).toBe(400);
  });

  it('says whose metadata it is for other instances at endpoints of their own', async () => {
    const account = cloud.createAccount();
    const url = await cloud.metadataEndpointOf(account.instanceId as string);
    expect(await (await fetch(`${url}/latest/meta-data/instance-id`)).text()).toBe(account.instanceId);
  });
});
