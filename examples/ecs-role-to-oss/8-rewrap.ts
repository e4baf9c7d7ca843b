import { CreateKeyRequest } from '@alicloud/kms20160120';
import { accessKey } from '@yunseal/credentials';
import { kmsKeyring } from '@yunseal/keyring-kms';
import type { LocalCloud } from '@yunseal/local-cloud';
import type { Grant } from './2-grant-a-role.ts';
import { encryptedBucket } from './4-encrypt-into-oss.ts';
import { officialClients } from './official-clients.ts';

/** Step 8: the administrator gives an object a new wrapping key. Its data key and its body stay as they are. */
export async function rewrapUnderANewKey(
  cloud: LocalCloud,
  oldKey: Grant['keyArn'],
  key: string,
): Promise<{ readonly newKey: Grant['keyArn'] }> {
  const administrator = accessKey(cloud.administrator);
  const { kms } = officialClients(cloud, administrator);
  const { keyMetadata } = await kms.createKey(new CreateKeyRequest({ description: 'the next key' }));
  const newKey = keyMetadata.arn as Grant['keyArn'];

  const to = kmsKeyring({ keyId: newKey, credentials: administrator, endpoint: cloud.endpoints.kms });
  await encryptedBucket(cloud, oldKey, administrator).rewrap(key, { to });
  return { newKey };
}
