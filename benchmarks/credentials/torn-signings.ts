import Kms, * as KmsModels from '@alicloud/kms20160120';
import { Config } from '@alicloud/rpc-client';
import { RuntimeOptions } from '@alicloud/tea-util';
import { type AlicloudCredential, toAlicloudCredential } from '@yunseal/credentials';
import type { CountingMetadataService } from '../../packages/credentials/src/test-support/counting-metadata-service.ts';
import { rotatingProvider } from '../../packages/credentials/src/test-support/rotating-provider.ts';
import {
  type IssuedCredentials,
  startSignatureGate,
} from '../../packages/credentials/src/test-support/signature-gate.ts';
import type { Subject } from './subjects.ts';

const signings = 10_000;
const concurrent = 100;

/** While the metadata service offers a new credential 46 ms after the last one was fetched. */
export async function tornByMetadata(subject: Subject, service: CountingMetadataService) {
  Object.assign(service.behaviour, { lifetimeMs: 80, rotateBeforeEndMs: 34 });
  service.rotate();
  service.requests.length = 0;
  const before = service.issued.size;
  const result = await sign(subject.create(), service.issued);
  return {
    ...result,
    credentials: service.issued.size - before,
    'metadata requests': service.requests.length,
  };
}

/** While a timer replaces the credential every 50 ms, whatever is under way; without the metadata service. */
export async function tornByTimer() {
  const provider = rotatingProvider();
  const timer = setInterval(provider.rotate, 50);
  const result = await sign(toAlicloudCredential(provider), provider.issued);
  clearInterval(timer);
  return { ...result, credentials: provider.rotations };
}

/**
 * 10,000 calls of one `@alicloud/kms20160120` client, 100 at a time, to a server that checks that id, signature and token of
 * each request belong together.
 */
async function sign(credential: AlicloudCredential, issued: IssuedCredentials) {
  const gate = await startSignatureGate(issued);
  const config = { credential, endpoint: gate.host, protocol: 'http', regionId: 'cn-hangzhou' };
  const kms = new (Kms as unknown as { default: typeof Kms.default }).default(new Config(config as object));
  const runtime = new RuntimeOptions({});
  let started = 0;
  let failed = 0;
  const worker = async () => {
    while (started < signings) {
      started += 1;
      await kms.generateDataKeyEx(new KmsModels.GenerateDataKeyRequest({ keyId: 'k' }), runtime).catch(() => {
        failed += 1;
      });
    }
  };
  const begin = performance.now();
  await Promise.all(Array.from({ length: concurrent }, worker));
  const seconds = (performance.now() - begin) / 1_000;
  await gate.close();
  return { torn: gate.torn.length, failed, 'signings per second': Math.round(signings / seconds) };
}
