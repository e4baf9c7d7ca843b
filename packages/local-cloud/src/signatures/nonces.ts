import { signatureWindowMs } from './timestamp.ts';

/** Remembers the nonces of accepted requests for as long as the timestamps they came with are accepted. */
export interface Nonces {
  /** @returns false when this key has used the nonce before */
  use(accessKeyId: string, nonce: string): boolean;
}

/** Nonces a generation holds before the next one begins early: memory stays bounded under any load. */
const generationSize = 500_000;

/**
 * Two generations, each as long as timestamps are good for (both ways around the clock): forgetting is dropping one.
 * Runs on the real time, as moving the local clock does not make an old request new.
 */
export function createNonces(): Nonces {
  const lifetime = 2 * signatureWindowMs;
  let current = new Set<string>();
  let previous = new Set<string>();
  let started = performance.now();
  return {
    use(accessKeyId, nonce) {
      const now = performance.now();
      if (now - started >= lifetime || current.size >= generationSize) {
        previous = now - started >= 2 * lifetime ? new Set() : current;
        current = new Set();
        started = now;
      }
      const key = `${accessKeyId} ${nonce}`;
      if (current.has(key) || previous.has(key)) return false;
      current.add(key);
      return true;
    },
  };
}
