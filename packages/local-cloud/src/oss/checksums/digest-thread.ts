import { Worker } from 'node:worker_threads';
import type { Checksums, Digest } from './digest.ts';

/** To the worker. Blocks are views of shared memory: they are not copied. */
export interface DigestRequest {
  readonly stream: number;
  readonly step: 'update' | 'finish' | 'abandon';
  readonly bytes?: Uint8Array | undefined;
}

/** From the worker, one for each update or finish, in their order. */
export interface DigestAnswer {
  readonly stream: number;
  readonly checksums?: Checksums | undefined;
  readonly failure?: string | undefined;
}

interface Waiting {
  resolve(checksums: Checksums | undefined): void;
  reject(error: Error): void;
}

let worker: Worker | undefined;
let lastStream = 0;
const waiting = new Map<number, Waiting>();

/**
 * Takes the checksums on a thread of their own, so that MD5 (the slowest step of storing a large object) goes on while
 * the next bytes are received. One thread serves all; it keeps the process alive while it is asked
 * something, and no longer.
 */
export function createThreadedDigest(): Digest {
  worker ??= startWorker();
  const thread = worker;
  const stream = ++lastStream;
  const ask = (request: Omit<DigestRequest, 'stream'>) =>
    new Promise<Checksums | undefined>((resolve, reject) => {
      waiting.set(stream, { resolve, reject });
      thread.ref();
      thread.postMessage({ stream, ...request });
    });
  return {
    async update(bytes) {
      await ask({ step: 'update', bytes });
    },
    async finish() {
      return (await ask({ step: 'finish' })) as Checksums;
    },
    abandon() {
      waiting.delete(stream);
      if (waiting.size === 0) thread.unref();
      thread.postMessage({ stream, step: 'abandon' });
    },
  };
}

function startWorker(): Worker {
  const source = new URL('./digest-worker.ts', import.meta.url);
  // In the built package the file is JavaScript, as this one is.
  const built = new URL(source.href.replace(/\.ts$/, '.js'));
  const file = import.meta.url.endsWith('.ts') ? source : built;
  // Options of the process, such as `--input-type`, need not fit this file.
  const started = new Worker(file, { execArgv: [] });
  started.on('message', ({ stream, checksums, failure }: DigestAnswer) => {
    const asked = waiting.get(stream);
    waiting.delete(stream);
    if (waiting.size === 0) started.unref();
    if (failure === undefined) asked?.resolve(checksums);
    else asked?.reject(new Error(failure));
  });
  started.on('error', (error) => {
    worker = undefined;
    for (const asked of waiting.values()) asked.reject(error as Error);
    waiting.clear();
  });
  return started;
}
