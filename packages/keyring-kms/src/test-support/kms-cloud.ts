import { accessKey, type CredentialsProvider } from '@yunseal/credentials';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import { resolveKmsEndpoint } from '../client/endpoint.ts';
import { rpcWire } from '../client/rpc-wire.ts';

export const accountId = '1000000000000001';
export const otherAccountId = '1000000000000002';
export const hangzhou = 'cn-hangzhou';
export const beijing = 'cn-beijing';
export const shanghai = 'cn-shanghai';

/** The keys of the seed, by where they are and what they are for. */
export const keyIds = {
  hangzhou: '11111111-1111-4111-8111-111111111111',
  hangzhouSecond: '22222222-2222-4222-8222-222222222222',
  beijing: '33333333-3333-4333-8333-333333333333',
  shanghai: '44444444-4444-4444-8444-444444444444',
  foreign: '55555555-5555-4555-8555-555555555555',
} as const;

export const arns = {
  hangzhou: `acs:kms:${hangzhou}:${accountId}:key/${keyIds.hangzhou}`,
  hangzhouSecond: `acs:kms:${hangzhou}:${accountId}:key/${keyIds.hangzhouSecond}`,
  beijing: `acs:kms:${beijing}:${accountId}:key/${keyIds.beijing}`,
  shanghai: `acs:kms:${shanghai}:${accountId}:key/${keyIds.shanghai}`,
} as const;

/** A role the administrator may assume. */
export const roleArn = `acs:ram::${accountId}:role/application`;

const administrator = { id: 'LTAI-administrator', secret: 'administrator-secret-0123456789' };
/** May use the first key only, and only for what a keyring does. */
const application = { id: 'LTAI-application', secret: 'application-secret-0123456789' };

/** A local cloud with keys in three regions. */
export interface KmsCloud extends AsyncDisposable {
  readonly cloud: LocalCloud;
  readonly administrator: CredentialsProvider;
  readonly application: CredentialsProvider;
  /** The KMS endpoint of a region. */
  readonly endpoint: (region: string) => string;
  /** Has the administrator do what no keyring does. */
  administer(
    region: string,
    action: string,
    parameters: Record<string, string>,
  ): Promise<Record<string, unknown>>;
  /** How often an operation was asked for, answered or not. */
  count(operation: string): number;
}

export async function kmsCloud(
  options: { readonly tls?: { certificate: string; privateKey: string } | undefined } = {},
): Promise<KmsCloud> {
  const cloud = await startLocalCloud({
    ...options,
    seed: {
      region: hangzhou,
      accounts: [
        {
          id: accountId,
          users: [
            { name: 'admin', accessKeys: [administrator], policies: ['AdministratorAccess'] },
            {
              name: 'application',
              accessKeys: [application],
              policies: [
                {
                  Version: '1',
                  Statement: [
                    {
                      Effect: 'Allow',
                      Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
                      Resource: arns.hangzhou,
                    },
                  ],
                },
              ],
            },
          ],
          roles: [
            {
              name: 'application',
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
            { id: keyIds.hangzhou, region: hangzhou, alias: 'orders' },
            { id: keyIds.hangzhouSecond, region: hangzhou, alias: 'orders-second' },
            { id: keyIds.beijing, region: beijing, alias: 'orders' },
            { id: keyIds.shanghai, region: shanghai },
          ],
        },
        { id: otherAccountId, keys: [{ id: keyIds.foreign, region: hangzhou }] },
      ],
    },
  });
  const endpoints = new Map<string, string>();
  for (const region of [hangzhou, beijing, shanghai]) {
    endpoints.set(region, await cloud.endpointOf('kms', region));
  }
  const endpoint = (region: string): string => endpoints.get(region) ?? `https://no-such-region.invalid`;
  const credentials = accessKey({ accessKeyId: administrator.id, accessKeySecret: administrator.secret });
  return {
    cloud,
    administrator: credentials,
    application: accessKey({ accessKeyId: application.id, accessKeySecret: application.secret }),
    endpoint,
    administer: async (region, action, parameters) => {
      const send = rpcWire(region, resolveKmsEndpoint(region, { endpoint: endpoint(region) }));
      const answer = await send({
        action,
        parameters,
        credentials: await credentials.getCredentials(),
        connectTimeoutMs: 3_000,
        readTimeoutMs: 5_000,
      });
      return answer as Record<string, unknown>;
    },
    count: (operation) => cloud.auditLog().filter((event) => event.eventName === operation).length,
    [Symbol.asyncDispose]: () => cloud.close(),
  };
}
