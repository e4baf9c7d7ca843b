import { accessKey, type CredentialsProvider } from '@yunseal/credentials';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';

export const accountId = '1000000000000001';
export const roleArn = `acs:ram::${accountId}:role/benchmark`;
export const keyArn = `acs:kms:cn-hangzhou:${accountId}:key/11111111-1111-4111-8111-111111111111`;
export const secondKeyArn = `acs:kms:cn-beijing:${accountId}:key/22222222-2222-4222-8222-222222222222`;

/** A local cloud with a key in each of two regions, and a role that may use them. */
export interface BenchmarkCloud extends AsyncDisposable {
  readonly cloud: LocalCloud;
  readonly credentials: CredentialsProvider;
  readonly endpoint: (region: string) => string;
}

export async function benchmarkCloud(): Promise<BenchmarkCloud> {
  const cloud = await startLocalCloud({
    seed: {
      region: 'cn-hangzhou',
      accounts: [
        {
          id: accountId,
          users: [
            {
              name: 'benchmark',
              accessKeys: [{ id: 'LTAI-benchmark', secret: 'benchmark-secret-0123456789' }],
              policies: ['AdministratorAccess'],
            },
          ],
          roles: [
            {
              name: 'benchmark',
              trustPolicy: {
                Version: '1',
                Statement: [
                  {
                    Effect: 'Allow',
                    Action: 'sts:AssumeRole',
                    Principal: { RAM: [`acs:ram::${accountId}:root`] },
                  },
                ],
              },
              policies: ['AdministratorAccess'],
            },
          ],
          keys: [
            { id: '11111111-1111-4111-8111-111111111111', region: 'cn-hangzhou' },
            { id: '22222222-2222-4222-8222-222222222222', region: 'cn-beijing' },
          ],
        },
      ],
    },
  });
  const endpoints = new Map<string, string>();
  for (const region of ['cn-hangzhou', 'cn-beijing']) {
    endpoints.set(region, await cloud.endpointOf('kms', region));
  }
  return {
    cloud,
    credentials: accessKey({
      accessKeyId: 'LTAI-benchmark',
      accessKeySecret: 'benchmark-secret-0123456789',
    }),
    endpoint: (region) => endpoints.get(region) ?? cloud.endpoints.kms,
    [Symbol.asyncDispose]: () => cloud.close(),
  };
}
