import { AttachInstanceRamRoleRequest } from '@alicloud/ecs20140526';
import { CreateKeyRequest } from '@alicloud/kms20160120';
import {
  PutBucketRequest,
  PutBucketRequestBody,
  PutBucketRequestBodyCreateBucketConfiguration,
} from '@alicloud/oss-client';
import { RuntimeOptions } from '@alicloud/oss-util';
import { AttachPolicyToRoleRequest, CreatePolicyRequest, CreateRoleRequest } from '@alicloud/ram20150501';
import { accessKey } from '@yunseal/credentials';
import type { LocalCloud } from '@yunseal/local-cloud';
import { allow, policy, service, trustPolicy } from '@yunseal/policy-builder';
import { BUCKET, POLICY_NAME, ROLE_NAME } from './names.ts';
import { officialClients } from './official-clients.ts';

export interface Grant {
  readonly keyArn: `acs:kms:${string}:${string}:key/${string}`;
  readonly trust: string;
  readonly permissions: string;
}

/**
 * Step 2: an administrator creates a key and a bucket, a role that ECS may assume, and a policy that allows just what
 * the application needs; then gives the role to an instance.
 */
export async function grantARole(cloud: LocalCloud): Promise<Grant> {
  const { ram, ecs, kms, oss } = officialClients(cloud, accessKey(cloud.administrator));

  const { keyMetadata } = await kms.createKey(new CreateKeyRequest({ description: 'wraps data keys' }));
  const keyArn = keyMetadata.arn as Grant['keyArn'];
  const body = new PutBucketRequestBody({
    createBucketConfiguration: new PutBucketRequestBodyCreateBucketConfiguration({
      storageClass: 'Standard',
    }),
  });
  await oss.putBucket(new PutBucketRequest({ bucketName: BUCKET, body }), new RuntimeOptions({}));

  const trust = trustPolicy(allow('sts:AssumeRole').to(service('ecs.aliyuncs.com')));
  const permissions = policy(
    allow('kms:GenerateDataKey', 'kms:Decrypt').on(keyArn),
    allow('oss:PutObject', 'oss:GetObject').on(`acs:oss:*:*:${BUCKET}/*`),
    allow('oss:ListObjects').on(`acs:oss:*:*:${BUCKET}`),
  );
  await ram.createRole(
    new CreateRoleRequest({ roleName: ROLE_NAME, assumeRolePolicyDocument: JSON.stringify(trust) }),
  );
  await ram.createPolicy(
    new CreatePolicyRequest({ policyName: POLICY_NAME, policyDocument: JSON.stringify(permissions) }),
  );
  await ram.attachPolicyToRole(
    new AttachPolicyToRoleRequest({ policyType: 'Custom', policyName: POLICY_NAME, roleName: ROLE_NAME }),
  );
  await ecs.attachInstanceRamRole(
    new AttachInstanceRamRoleRequest({
      regionId: cloud.region,
      ramRoleName: ROLE_NAME,
      instanceIds: JSON.stringify([cloud.instanceId]),
    }),
  );
  return { keyArn, trust: `${trust}`, permissions: `${permissions}` };
}
