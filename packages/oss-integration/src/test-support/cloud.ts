import { accessKey, type CredentialsProvider } from '@yunseal/credentials';
import { aliOssStore } from '../store/ali-oss/store.ts';
import { OssClient } from '../store/alicloud-oss/oss-client.ts';
import { alicloudOssStore } from '../store/alicloud-oss/store.ts';

/** The part of a local cloud that these tests stand on. */
export interface Cloud {
  readonly region: string;
  readonly endpoints: { readonly oss: string };
  readonly administrator: { readonly accessKeyId: string; readonly accessKeySecret: string };
}

export const storeMakers = { alicloudOssStore, aliOssStore };

export function administrator({ administrator }: Cloud): CredentialsProvider {
  const { accessKeyId, accessKeySecret } = administrator;
  return accessKey({ accessKeyId, accessKeySecret });
}

/** Create a bucket with the official client, as it comes. */
export async function createBucket(cloud: Cloud, bucket: string): Promise<void> {
  const { accessKeyId, accessKeySecret } = cloud.administrator;
  const client = new OssClient({
    type: 'access_key',
    accessKeyId,
    accessKeySecret,
    endpoint: new URL(cloud.endpoints.oss).host,
    protocol: 'http',
    hostModel: 'ip',
    signatureVersion: 'V2',
  } as never);
  const body = { CreateBucketConfiguration: { StorageClass: 'Standard' } };
  await client.putBucket({ bucketName: bucket, body } as never, {} as never);
}

/** What every store of these tests is made with. */
export function storeOptions(cloud: Cloud, bucket: string, credentials = administrator(cloud)) {
  return { bucket, region: cloud.region, endpoint: cloud.endpoints.oss, credentials };
}
