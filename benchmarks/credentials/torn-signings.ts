import Kms, * as KmsModels from '@alicloud/kms20160120';
import { Config } from '@alicloud/rpc-client';
import { RuntimeOptions } from '@alicloud/tea-util';
import type { CountingMetadataService } from '../../packages/credentials/src/testing/counting-metadata-service.ts';
import { startSignatureGate } from '../../packages/credentials/src/testing/signature-gate.ts';
import type { Subject } from './subjects.ts';

const signings = 10_000;
const concurrent = 100;

/**
 * 10,000 calls of one `@alicloud/kms20160120` client while the metadata service replaces its credential every 50 ms; a server
 * checks that id, signature and token of each request belong together.
 */
export async function tornSignings(subject: Subject, service: CountingMetadataService) {
  Object.assign(service.behaviour, { lifetimeMs: 80, rotateBeforeEndMs: 34 });
  service.rotate();
  service.requests.length = 0;
  const before = service.issued.size;
  const gate = await startSignatureGate(service.issued);
  const config = {
    credential: subject.create(),
    endpoint: gate.host,
    protocol: 'http',
    regionId: 'cn-hangzhou',
  };
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
  return {
    torn: gate.torn.length,
    failed,
    'credentials issued meanwhile': service.issued.size - before,
    'metadata requests': service.requests.length,
    'signings per second': Math.round(signings / seconds),
  };
}
