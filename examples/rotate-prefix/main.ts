/** node main.ts: stores twenty objects under one KMS key and rotates them to another. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOssEncryptionClient } from '@yunseal/oss-integration';
import { openLocalBucket } from './local-bucket.ts';
import { rotatePrefix } from './rotate-prefix.ts';

const { keyring, store, close } = await openLocalBucket();
try {
  // With the header in the metadata, rewrapping an object is one request, and its bytes stay where they are.
  const objects = createOssEncryptionClient({ store, keyring: keyring('first'), headerIn: 'metadata' });
  for (let number = 1; number <= 20; number++) await objects.put(`reports/${number}`, `report ${number}`);

  const checkpoint = join(tmpdir(), `rotate-prefix-${process.pid}.json`);
  const report = await rotatePrefix(objects, 'reports/', keyring('second'), checkpoint);
  console.log(`${report.rewrapped} rewrapped, ${report.failures.length} failed`);

  const rotated = createOssEncryptionClient({ store, keyring: keyring('second') });
  const { encryptedDataKeys } = await rotated.head('reports/7');
  console.log(encryptedDataKeys.map(({ providerInfo }) => providerInfo).join(', '));
  console.log(await (await rotated.get('reports/7')).text());
  process.exitCode = report.failures.length === 0 ? 0 : 1;
} finally {
  await close();
}
