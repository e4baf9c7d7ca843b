import type { CountingMetadataService } from '../../packages/credentials/src/test-support/counting-metadata-service.ts';
import { advanceClock } from './moved-clock.ts';
import type { Subject } from './subjects.ts';

const rotations = 1_000;

/** 1,000 rotations of a 6-hour credential, offered 30 minutes before the old one ends, with calls every 10 minutes. */
export async function rotationsWithoutFailure(subject: Subject, service: CountingMetadataService) {
  Object.assign(service.behaviour, { lifetimeMs: 6 * 3_600_000, rotateBeforeEndMs: 1_800_000 });
  service.rotate();
  service.requests.length = 0;
  const credential = subject.create();
  const before = service.issued.size;
  let calls = 0;
  let failed = 0;
  while (service.issued.size - before < rotations) {
    const answers = await Promise.allSettled([credential.getCredential(), credential.getCredential()]);
    calls += answers.length;
    failed += answers.filter(({ status }) => status === 'rejected').length;
    await new Promise(setImmediate);
    advanceClock(10 * 60_000);
  }
  return { rotations, calls, failed, 'metadata requests': service.requests.length };
}
