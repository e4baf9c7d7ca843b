import * as Ecs from '@alicloud/ecs20140526';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalCloud } from '../local-cloud.ts';
import { startLocalCloud } from '../start.ts';
import { codeOf, ecsClient, instanceCredentials, kmsCaller } from '../test-support/official-clients.ts';

const trust = (service: string) => ({
  Version: '1',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: [service] } }],
});
const secret = 's';

describe('ECS, by the official client', () => {
  let cloud: LocalCloud;
  const regionId = 'cn-hangzhou';
  const operator = () => ecsClient(cloud, { accessKeyId: 'LTAIoperator', accessKeySecret: secret });
  beforeAll(async () => {
    cloud = await startLocalCloud({
      seed: {
        accounts: [
          {
            id: '1000000000000001',
            users: [
              { name: 'admin', accessKeys: [{ id: 'LTAIadmin', secret }], policies: ['AdministratorAccess'] },
              {
                name: 'operator',
                accessKeys: [{ id: 'LTAIoperator', secret }],
                policies: [
                  'AliyunECSFullAccess',
                  {
                    Version: '1',
                    Statement: [
                      {
                        Effect: 'Allow',
                        Action: 'ram:PassRole',
                        Resource: 'acs:ram::1000000000000001:role/passable',
                      },
                    ],
                  },
                ],
              },
            ],
            roles: [
              { name: 'Passable', trustPolicy: trust('ecs.aliyuncs.com') },
              { name: 'Forbidden', trustPolicy: trust('ecs.aliyuncs.com') },
              { name: 'ForFunctions', trustPolicy: trust('fc.aliyuncs.com') },
            ],
            instances: [{ id: 'i-1' }, { id: 'i-2', region: 'cn-beijing' }],
          },
        ],
      },
    });
  });
  afterAll(() => cloud.close());

  const attach = (
    client: ReturnType<typeof ecsClient>,
    ramRoleName: string,
    ids: string[],
    region = regionId,
  ) =>
    client.attachInstanceRamRole(
      new Ecs.AttachInstanceRamRoleRequest({
        regionId: region,
        ramRoleName,
        instanceIds: JSON.stringify(ids),
      }),
    );

  it('attaches only roles that the caller may pass and that trust ECS', async () => {
    expect(await codeOf(attach(operator(), 'Forbidden', ['i-1']))).toBe('Forbidden.RAM');
    expect(await codeOf(attach(ecsClient(cloud), 'ForFunctions', ['i-1']))).toBe('InvalidRamRole.NotEcsRole');
    expect(await codeOf(attach(ecsClient(cloud), 'Nobody', ['i-1']))).toBe('InvalidRamRole.NotFound');
    const { body } = await attach(operator(), 'Passable', ['i-1', 'i-none']);
    expect(body?.failCount).toBe(1);
    const again = await attach(ecsClient(cloud), 'Forbidden', ['i-1']);
    expect(again.body?.attachInstanceRamRoleResults?.attachInstanceRamRoleResult?.[0]?.code).toBe(
      'InvalidOperation.InstanceRamRoleExist',
    );
    expect((await attach(operator(), 'Passable', ['i-2'])).body?.failCount).toBe(1);
    expect((await attach(operator(), 'Passable', ['i-2'], 'cn-beijing')).body?.failCount).toBe(0);
  });

  it('narrows what an instance may do as its role by the policy it is attached with', async () => {
    const account = cloud.createAccount({
      roles: [{ name: 'Wide', trustPolicy: trust('ecs.aliyuncs.com'), policies: ['AliyunKMSFullAccess'] }],
      instances: [{ id: 'i-narrow' }],
    });
    const attachWith = (policy: string) =>
      ecsClient(cloud, account).attachInstanceRamRole(
        new Ecs.AttachInstanceRamRoleRequest({
          regionId,
          ramRoleName: 'Wide',
          instanceIds: '["i-narrow"]',
          policy,
        }),
      );
    expect(await codeOf(attachWith('{'))).toBe('InvalidParameter.PolicyGrammar');
    await attachWith(
      '{"Version":"1","Statement":[{"Effect":"Allow","Action":"kms:ListKeys","Resource":"*"}]}',
    );
    const kms = kmsCaller(cloud, await instanceCredentials(await cloud.metadataEndpointOf('i-narrow')));
    await kms('ListKeys');
    expect(await codeOf(kms('ListAliases'))).toBe('Forbidden.NoPermission');
  });

  it('creates instances with a role, if it may be passed, and describes them', async () => {
    const create = (ramRoleName: string) =>
      operator().createInstance(
        new Ecs.CreateInstanceRequest({
          regionId,
          instanceType: 'ecs.g7.large',
          ramRoleName,
          httpTokens: 'required',
          instanceName: 'made',
        }),
      );
    expect(await codeOf(create('Forbidden'))).toBe('Forbidden.RAM');
    const instanceId = (await create('Passable')).body?.instanceId as string;
    const { body } = await ecsClient(cloud).describeInstances(
      new Ecs.DescribeInstancesRequest({ regionId, instanceIds: JSON.stringify([instanceId]) }),
    );
    expect(body?.totalCount).toBe(1);
    expect(body?.instances?.instance?.[0]).toMatchObject({
      instanceId,
      instanceName: 'made',
      instanceNetworkType: 'vpc',
    });
    const url = await cloud.metadataEndpointOf(instanceId);
    expect((await fetch(`${url}/latest/meta-data/instance-id`)).status).toBe(403);
  });
});
