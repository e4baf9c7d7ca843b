import { inspect } from 'node:util';
import Kms, { CreateKeyRequest } from '@alicloud/kms20160120';
import { Config } from '@alicloud/rpc-client';
import { startLocalCloud } from '@yunseal/local-cloud';
import { expect, test } from 'vitest';
import { KmsAccessDeniedError, KmsTimeoutError } from '../errors.ts';
import { toKmsError } from './to-kms-error.ts';

// Node.js shows the class one `default` further down than bundlers and Vitest do.
const KmsClient =
  (Kms as unknown as { default?: typeof Kms.default }).default ?? (Kms as unknown as typeof Kms.default);

const secretAccessKey = { id: 'LTAI-without-permissions', secret: 'secret-of-the-user' };

test('a refusal of the official client names action, request and what to grant', async () => {
  await using cloud = await startLocalCloud({
    seed: {
      accounts: [
        {
          id: '1000000000000001',
          users: [
            { name: 'nobody', accessKeys: [secretAccessKey] },
            {
              name: 'admin',
              accessKeys: [{ id: 'LTAI-admin', secret: 's' }],
              policies: ['AdministratorAccess'],
            },
          ],
        },
      ],
    },
  });
  const client = officialClient(new URL(cloud.endpoints.kms).host);
  const thrown = await client.createKey(new CreateKeyRequest({})).catch((error: unknown) => error);
  const error = toKmsError(thrown, { operation: 'CreateKey', region: 'cn-hangzhou' });
  expect(error).toBeInstanceOf(KmsAccessDeniedError);
  expect(error).toMatchObject({ code: 'KmsAccessDenied', operation: 'CreateKey', httpStatus: 403 });
  expect(error.requestId).toMatch(/^[\w-]+$/);
  expect(error.message).toContain('grant kms:CreateKey');
});

test('nothing of the signed URL that the official client puts into its errors is left', async () => {
  await using cloud = await startLocalCloud();
  cloud.faults.inject({ service: 'kms', kind: 'hang' });
  const thrown = await officialClient(new URL(cloud.endpoints.kms).host, 200)
    .createKey(new CreateKeyRequest({}))
    .catch((error: unknown) => error);
  expect(inspect(thrown), 'what the official client throws').toContain('Signature=');
  const error = toKmsError(thrown, { operation: 'CreateKey', region: 'cn-hangzhou' });
  expect(error).toBeInstanceOf(KmsTimeoutError);
  expect(inspect(error, { depth: 10 })).not.toMatch(/Signature=|LTAI|https?:/);
});

function officialClient(endpoint: string, readTimeout = 5_000) {
  const { id: accessKeyId, secret: accessKeySecret } = secretAccessKey;
  const config = {
    accessKeyId,
    accessKeySecret,
    endpoint,
    protocol: 'http',
    regionId: 'cn-hangzhou',
    readTimeout,
  };
  return new KmsClient(new Config(config));
}
