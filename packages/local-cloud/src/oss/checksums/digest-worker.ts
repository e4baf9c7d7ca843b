/** The other thread of digest-thread.ts: takes the checksums of several streams of blocks at a time. */
import { parentPort } from 'node:worker_threads';
import { createDigest, type Digest } from './digest.ts';
import type { DigestAnswer, DigestRequest } from './digest-thread.ts';

const digests = new Map<number, Promise<Digest>>();

parentPort?.on('message', async ({ stream, step, bytes }: DigestRequest) => {
  const answer = (rest: Omit<DigestAnswer, 'stream'>) => parentPort?.postMessage({ stream, ...rest });
  let digest = digests.get(stream);
  if (digest === undefined) {
    digest = createDigest();
    digests.set(stream, digest);
  }
  if (step !== 'update') digests.delete(stream);
  try {
    if (bytes !== undefined) await (await digest).update(bytes);
    if (step !== 'abandon') answer(step === 'finish' ? { checksums: await (await digest).finish() } : {});
  } catch (error) {
    answer({ failure: String(error) });
  }
});
