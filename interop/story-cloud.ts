import { type LocalCloud, type LocalCloudOptions, startLocalCloud } from '@yunseal/local-cloud';
import { allow, policy, service, trustPolicy } from '@yunseal/policy-builder';
import AliOss from 'ali-oss';

export const account = '1000000000000001';
export const bucket = 'ramroletest';
export const roleName = 'EcsRamRoleTest';
export const keyId = '08c33a6f-4e0a-4a1b-a3fa-7ddfa1d4fb73';
/** Twelve, so that a list of ten is a choice. */
export const objectNames = Array.from(
  { length: 12 },
  (_, index) => `file-${String(index).padStart(2, '0')}.txt`,
);

/**
 * The documents' story, ready to be told: an instance with the role EcsRamRoleTest, which may use one KMS key and
 * read and write one bucket of twelve files, and nothing else.
 */
export async function startStoryCloud(
  options: Pick<LocalCloudOptions, 'imdsAddress'> = {},
): Promise<LocalCloud> {
  const cloud = await startLocalCloud({
    ...options,
    seed: {
      accounts: [
        {
          id: account,
          users: [
            {
              name: 'administrator',
              accessKeys: [{ id: 'administrator-key', secret: 'administrator-secret' }],
              policies: ['AdministratorAccess'],
            },
          ],
          roles: [
            {
              name: roleName,
              trustPolicy: { ...trustPolicy(allow('sts:AssumeRole').to(service('ecs.aliyuncs.com'))) },
              policies: [
                {
                  ...policy(
                    allow('kms:GenerateDataKey', 'kms:Decrypt').on(
                      `acs:kms:cn-hangzhou:${account}:key/${keyId}`,
                    ),
                    allow('oss:GetObject', 'oss:PutObject', 'oss:ListObjects').on(
                      `acs:oss:*:${account}:${bucket}`,
                      `acs:oss:*:${account}:${bucket}/*`,
                    ),
                  ),
                },
              ],
            },
          ],
          keys: [{ id: keyId }],
          buckets: [{ name: bucket }],
          instances: [{ role: roleName }],
        },
      ],
    },
  });
  const oss = new AliOss({
    ...cloud.administrator,
    endpoint: cloud.endpoints.oss,
    region: 'oss-cn-hangzhou',
    bucket,
  });
  for (const name of objectNames) await oss.put(name, Buffer.from(name));
  return cloud;
}

/** What the programs read from their environment. */
export function programEnvironment(cloud: LocalCloud): Record<string, string> {
  return {
    ADMINISTRATOR_ACCESS_KEY_ID: cloud.administrator.accessKeyId,
    ADMINISTRATOR_ACCESS_KEY_SECRET: cloud.administrator.accessKeySecret,
    IMDS_ENDPOINT: cloud.endpoints.imds,
    KMS_ENDPOINT: cloud.endpoints.kms,
    OSS_ENDPOINT: cloud.endpoints.oss,
    STS_ENDPOINT: cloud.endpoints.sts,
    BUCKET: bucket,
    ROLE_NAME: roleName,
    KEY_ID: keyId,
    REGION: cloud.region,
  };
}
