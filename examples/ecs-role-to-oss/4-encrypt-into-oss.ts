import type { CredentialsProvider } from '@yunseal/credentials';
import { kmsKeyring } from '@yunseal/keyring-kms';
import type { LocalCloud } from '@yunseal/local-cloud';
import {
  alicloudOssStore,
  createOssEncryptionClient,
  type OssEncryptionClient,
} from '@yunseal/oss-integration';
import type { Grant } from './2-grant-a-role.ts';
import { BUCKET, CONTEXT, TRANSFER } from './names.ts';
import { progressBar } from './narrator.ts';

/** A client for encrypted objects: the KMS key wraps, OSS stores, both with the instance's credentials. */
export function encryptedBucket(
  cloud: LocalCloud,
  keyId: Grant['keyArn'],
  credentials: CredentialsProvider,
): OssEncryptionClient {
  return createOssEncryptionClient({
    keyring: kmsKeyring({ keyId, credentials, endpoint: cloud.endpoints.kms }),
    store: alicloudOssStore({
      bucket: BUCKET,
      credentials,
      endpoint: cloud.endpoints.oss,
      region: cloud.region,
    }),
    context: CONTEXT,
  });
}

/** Step 4: the file goes through encryption into OSS in parts, side by side; only a few of them are in memory at a time. */
export async function encryptIntoOss(
  bucket: OssEncryptionClient,
  path: string,
  key: string,
): Promise<number> {
  const { onProgress, done } = progressBar('encrypted and stored');
  const { storedLength } = await bucket.upload(key, { path }, { ...TRANSFER, onProgress });
  done();
  return storedLength;
}
