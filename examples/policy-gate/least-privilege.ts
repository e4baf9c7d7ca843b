/**
 * The smallest policy for what a program really does: run it once against the local cloud with an administrator's
 * key, and let the audit log say what it needed. `node least-privilege.ts`
 */
import kmsModule, * as kms from '@alicloud/kms20160120';
import { Config } from '@alicloud/rpc-client';
import { startLocalCloud } from '@yunseal/local-cloud';
import { evaluate, leastPrivilege, lintPolicy } from '@yunseal/policy-builder';

const cloud = await startLocalCloud();
try {
  const { accessKeyId, accessKeySecret } = cloud.administrator;
  const endpoint = new URL(cloud.endpoints.kms).host;
  const client = new kmsModule.default(
    new Config({ accessKeyId, accessKeySecret, endpoint, protocol: 'http', regionId: cloud.region }),
  );
  const { keyMetadata } = await client.createKey(new kms.CreateKeyRequest({}));
  const keyId = keyMetadata.keyId;

  // The program: one data key, used and unwrapped again.
  const before = cloud.auditLog().length;
  const { ciphertextBlob } = await client.generateDataKey(
    new kms.GenerateDataKeyRequest({ keyId, keySpec: 'AES_256' }),
  );
  await client.decrypt(new kms.DecryptRequest({ ciphertextBlob }));
  const observed = cloud.auditLog().slice(before);

  const policy = leastPrivilege(observed);
  console.log(`${observed.map(({ eventName }) => eventName).join(', ')} need\n${policy}`);
  console.log(`${lintPolicy(policy).length} findings`);
  for (const { resourceName = '*' } of observed.slice(0, 1))
    for (const action of ['kms:Decrypt', 'kms:ScheduleKeyDeletion'])
      console.log(`${evaluate({ identity: [policy] }, { action, resource: resourceName }).explain}`);
} finally {
  await cloud.close();
}
