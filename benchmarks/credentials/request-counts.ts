import type { CountingMetadataService } from '../../packages/credentials/src/test-support/counting-metadata-service.ts';
import type { Subject } from './subjects.ts';

const calls = 1_000;

/** Requests that reach the metadata service, for three loads of 1,000 calls. */
export async function requestCounts(subject: Subject, service: CountingMetadataService) {
  // In its last hour, as a credential of one hour always is.
  Object.assign(service.behaviour, { lifetimeMs: 3_600_000, rotateBeforeEndMs: 1_800_000 });
  service.rotate();
  const count = async (work: () => Promise<unknown>) => {
    service.requests.length = 0;
    await work();
    return service.requests.length;
  };
  const cold = subject.create();
  const warm = subject.create();
  await warm.getCredential();
  return {
    'cold, 1,000 concurrent getCredential()': await count(() =>
      Promise.all(Array.from({ length: calls }, () => cold.getCredential())),
    ),
    'warm, 1,000 sequential getCredential()': await count(async () => {
      for (let call = 0; call < calls; call += 1) await warm.getCredential();
    }),
    'warm, 1,000 signings of three getters each': await count(async () => {
      for (let call = 0; call < calls; call += 1) {
        await warm.getAccessKeyId();
        await warm.getAccessKeySecret();
        await warm.getSecurityToken();
      }
    }),
  };
}
