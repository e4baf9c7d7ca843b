/** node main.ts: invokes the handler as Function Compute does, with credentials of a role of the local cloud. */
import { accessKey, assumeRole } from '@yunseal/credentials';
import { startLocalCloud } from '@yunseal/local-cloud';

const accountId = '1000000000000001';
const admin = { id: 'LTAI-example', secret: 'example-secret' };
const keyArn = `acs:kms:cn-hangzhou:${accountId}:key/function`;
const cloud = await startLocalCloud({
  seed: {
    accounts: [
      {
        id: accountId,
        users: [{ name: 'admin', accessKeys: [admin], policies: ['AdministratorAccess'] }],
        keys: [{ id: 'function' }],
        buckets: [{ name: 'uploads' }],
        roles: [
          {
            name: 'function',
            // Function Compute assumes the role for the function; here the administrator does.
            trustPolicy: {
              Version: '1',
              Statement: [
                {
                  Effect: 'Allow',
                  Action: 'sts:AssumeRole',
                  Principal: { Service: ['fc.aliyuncs.com'], RAM: [`acs:ram::${accountId}:root`] },
                },
              ],
            },
            policies: [
              {
                Version: '1',
                Statement: [
                  { Effect: 'Allow', Action: ['kms:GenerateDataKey', 'kms:Decrypt'], Resource: keyArn },
                  {
                    Effect: 'Allow',
                    Action: ['oss:PutObject', 'oss:GetObject'],
                    Resource: 'acs:oss:*:*:uploads/*',
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
  },
});
try {
  Object.assign(process.env, {
    BUCKET: 'uploads',
    KMS_KEY_ARN: keyArn,
    OSS_ENDPOINT: cloud.endpoints.oss,
    KMS_ENDPOINT: cloud.endpoints.kms,
  });
  const { handler } = await import('./handler.ts');
  const role = assumeRole({
    source: accessKey({ accessKeyId: admin.id, accessKeySecret: admin.secret }),
    roleArn: `acs:ram::${accountId}:role/function`,
    endpoint: cloud.endpoints.sts,
  });
  const invoke = async (method: string, rawPath: string, body?: string) => {
    const { accessKeyId, accessKeySecret, securityToken = '' } = await role.getCredentials();
    const event = { rawPath, body, requestContext: { http: { method } } };
    return handler(Buffer.from(JSON.stringify(event)), {
      credentials: { accessKeyId, accessKeySecret, securityToken },
    });
  };
  console.log('PUT', (await invoke('PUT', '/notes/first', 'kept in the cloud')).statusCode);
  const answer = await invoke('GET', '/notes/first');
  console.log('GET', answer.statusCode, Buffer.from(answer.body, 'base64').toString());
  console.log('GET', (await invoke('GET', '/notes/none')).statusCode);
  role.close?.();
} finally {
  await cloud.close();
}
