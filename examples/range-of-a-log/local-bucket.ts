import { accessKey } from '@yunseal/credentials';
import { kmsKeyring } from '@yunseal/keyring-kms';
import { startLocalCloud } from '@yunseal/local-cloud';
import { alicloudOssStore, createOssEncryptionClient } from '@yunseal/oss-integration';

/**
 * A bucket with encrypted objects in a local cloud, so that the example runs without an account. With one, leave the
 * cloud, `credentials` and the endpoints out: the role of the instance is found by itself.
 */
export async function openLocalBucket() {
  const accountId = '1000000000000001';
  const admin = { id: 'LTAI-example', secret: 'example-secret' };
  const cloud = await startLocalCloud({
    seed: {
      accounts: [
        {
          id: accountId,
          users: [{ name: 'admin', accessKeys: [admin], policies: ['AdministratorAccess'] }],
          keys: [{ id: 'first' }, { id: 'second' }],
          buckets: [{ name: 'documents' }],
        },
      ],
    },
  });
  const credentials = accessKey({ accessKeyId: admin.id, accessKeySecret: admin.secret });
  const keyring = (keyId: 'first' | 'second') =>
    kmsKeyring({
      keyId: `acs:kms:${cloud.region}:${accountId}:key/${keyId}`,
      credentials,
      endpoint: cloud.endpoints.kms,
    });
  const store = alicloudOssStore({ bucket: 'documents', credentials, endpoint: cloud.endpoints.oss });
  const objects = createOssEncryptionClient({ store, keyring: keyring('first') });
  return { objects, store, keyring, close: () => cloud.close() };
}
