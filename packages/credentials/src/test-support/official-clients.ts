import Ecs, * as EcsModels from '@alicloud/ecs20140526';
import Kms, * as KmsModels from '@alicloud/kms20160120';
import { $OpenApiUtil } from '@alicloud/openapi-core';
import Oss, * as OssModels from '@alicloud/oss-client';
import Ram, * as RamModels from '@alicloud/ram20150501';
import { Config as RpcConfig } from '@alicloud/rpc-client';
import Sts from '@alicloud/sts20150401';
import { RuntimeOptions } from '@alicloud/tea-util';
import { setCredential } from '../adapters/alicloud-client.ts';
import { type AlicloudCredential, toAlicloudCredential } from '../adapters/alicloud-credential.ts';
import type { CredentialsProvider } from '../credentials.ts';

/** One call of one official client, over real HTTP, to `host` (`127.0.0.1:1234`). */
export type OfficialCall = () => Promise<unknown>;

// These packages are CommonJS: Node.js ESM puts the class under `default` of the default import, and Vitest straight into it.
const classOf = <T>(imported: { default: T }): T => imported.default ?? (imported as unknown as T);

/** A shared client of each kind the package promises to work with; the functions call its cheapest operation. */
export function officialClients(
  provider: CredentialsProvider,
  host: string,
  credential: AlicloudCredential = toAlicloudCredential(provider),
): Record<string, OfficialCall> {
  const rpc = { credential, endpoint: host, protocol: 'http', regionId: 'cn-hangzhou' };
  const openApi = new $OpenApiUtil.Config(rpc);
  const kms = new (classOf(Kms))(new RpcConfig(rpc));
  const ram = new (classOf(Ram))(openApi);
  const sts = new (classOf(Sts))(openApi);
  const ecs = new (classOf(Ecs))(openApi);
  const ossConfig = {
    type: 'ecs_ram_role',
    endpoint: host,
    protocol: 'http',
    hostModel: 'ip',
    signatureVersion: 'V1',
  };
  const oss = setCredential(new (classOf(Oss))(new OssModels.Config(ossConfig)), provider);
  const runtime = new RuntimeOptions({ readTimeout: 20_000, connectTimeout: 20_000 });
  return {
    kms20160120: () => kms.generateDataKeyEx(new KmsModels.GenerateDataKeyRequest({ keyId: 'k' }), runtime),
    'oss-client': () =>
      oss.headObject(
        new OssModels.HeadObjectRequest({ bucketName: 'bucket', objectName: 'object' }),
        runtime,
      ),
    ram20150501: () => ram.listRoles(new RamModels.ListRolesRequest({})),
    sts20150401: () => sts.getCallerIdentity(),
    ecs20140526: () =>
      ecs.describeInstances(new EcsModels.DescribeInstancesRequest({ regionId: 'cn-hangzhou' })),
  };
}
