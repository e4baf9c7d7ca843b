import * as kms from '@alicloud/kms20160120';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createOssEncryptionClient } from './client.ts';
import { kmsMasterKey } from './master-key.ts';
import { alicloudOssStore } from './store/alicloud-oss/store.ts';
import { createBucket, storeOptions } from './test-support/cloud.ts';

type KmsClass = typeof kms.default.default;
const exported: unknown = kms.default;
/** The class, wherever the loader put the default export of this CommonJS package. */
const KmsClient = typeof exported === 'function' ? (exported as KmsClass) : kms.default.default;

let cloud: LocalCloud;
beforeAll(async () => {
  cloud = await startLocalCloud({
    seed: {
      accounts: [
        {
          id: '1000000000000001',
          users: [
            {
              name: 'admin',
              accessKeys: [{ id: 'LTAI-admin', secret: 'secret' }],
              policies: ['AdministratorAccess'],
            },
          ],
          keys: [{ id: 'master' }],
        },
      ],
    },
  });
  await createBucket(cloud, 'kms-objects');
});
afterAll(() => cloud.close());

it('a KMS key wraps content keys through the official client, as the samples of the OSS SDKs do', async () => {
  const { accessKeyId, accessKeySecret } = cloud.administrator;
  const client = new KmsClient({
    accessKeyId,
    accessKeySecret,
    protocol: 'http',
    endpoint: new URL(cloud.endpoints.kms).host,
    regionId: cloud.region,
  } as never);
  const decrypt = async (ciphertextBlob: string) => {
    const { plaintext } = await client.decrypt(new kms.DecryptRequest({ ciphertextBlob }));
    return plaintext;
  };
  const masterKey = kmsMasterKey({
    encrypt: async (plaintext) => {
      const answer = await client.encrypt(new kms.EncryptRequest({ keyId: 'master', plaintext }));
      return answer.ciphertextBlob;
    },
    decrypt,
    description: { desc: 'kms' },
  });
  const store = alicloudOssStore(storeOptions(cloud, 'kms-objects'));
  const objects = createOssEncryptionClient({ store, layout: 'oss-sdk', masterKeys: [masterKey] });
  await objects.put('report', 'wrapped by KMS');
  expect(await (await objects.get('report')).text()).toBe('wrapped by KMS');
  const { metadata } = await store.head('report');
  expect(metadata['client-side-encryption-wrap-alg']).toBe('KMS/ALICLOUD');
  const key = await decrypt(metadata['client-side-encryption-key'] ?? '');
  expect(Buffer.from(key, 'base64')).toHaveLength(32);
  // oss2 for Python stores the text of the blob, not its bytes.
  const asText = Buffer.from(metadata['client-side-encryption-key'] ?? '');
  expect(Buffer.from(await masterKey.unwrap(asText)).toString('base64')).toBe(key);
});
