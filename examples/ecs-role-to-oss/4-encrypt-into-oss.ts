import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { CredentialsProvider } from '@yunseal/credentials';
import { kmsKeyring } from '@yunseal/keyring-kms';
import type { LocalCloud } from '@yunseal/local-cloud';
import {
  alicloudOssStore,
  createOssEncryptionClient,
  type OssEncryptionClient,
} from '@yunseal/oss-integration';
import type { Grant } from './2-grant-a-role.ts';
import { BUCKET, CONTEXT } from './names.ts';
import { progress } from './narrator.ts';

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

/** Step 4: the file goes through encryption into OSS as one stream; only a few frames of it are in memory at a time. */
export async function encryptIntoOss(
  bucket: OssEncryptionClient,
  path: string,
  key: string,
): Promise<number> {
  const { size } = await stat(path);
  const plaintext = Readable.toWeb(
    createReadStream(path, { highWaterMark: 1024 * 1024 }),
  ) as ReadableStream<Uint8Array>;
  const { storedLength } = await bucket.put(key, plaintext.pipeThrough(progress('encrypted', size)));
  return storedLength;
}
