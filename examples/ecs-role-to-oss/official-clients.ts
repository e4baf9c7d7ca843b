import ecsModule from '@alicloud/ecs20140526';
import kmsModule from '@alicloud/kms20160120';
import openApi from '@alicloud/openapi-core';
import ossModule, { Config as OssConfig } from '@alicloud/oss-client';
import ramModule from '@alicloud/ram20150501';
import { Config as RpcConfig } from '@alicloud/rpc-client';
import { type CredentialsProvider, setCredential, toAlicloudCredential } from '@yunseal/credentials';
import type { LocalCloud } from '@yunseal/local-cloud';

/** The official clients as they come from npm, pointed at the local cloud, with credentials from a provider of ours. */
export function officialClients(cloud: LocalCloud, credentials: CredentialsProvider) {
  const credential = toAlicloudCredential(credentials);
  const reach = (service: 'ram' | 'ecs' | 'kms' | 'oss') => ({
    protocol: 'http',
    endpoint: new URL(cloud.endpoints[service]).host,
    regionId: cloud.region,
  });
  const configFor = (service: 'ram' | 'ecs') =>
    new openApi.$OpenApiUtil.Config({ ...reach(service), credential });
  const ossConfig = new OssConfig({ ...reach('oss'), type: 'ecs_ram_role', hostModel: 'ip' });
  return {
    ram: new ramModule.default(configFor('ram')),
    ecs: new ecsModule.default(configFor('ecs')),
    kms: new kmsModule.default(new RpcConfig({ ...reach('kms'), credential })),
    oss: setCredential(new ossModule.default(ossConfig), credentials),
  };
}
