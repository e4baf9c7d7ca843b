import { newCrc64 } from './crc64.ts';
import { StoreConnectionError, TransferIntegrityError } from './errors.ts';
import type { Retry } from './retry.ts';
import type { ClosedRange, ObjectRead, ObjectStore, ReadOptions } from './store/object-store.ts';

/** One read of one version of an object that survives broken connections. */
export interface ResumingRead extends Omit<ObjectRead, 'body'> {
  /** Continues where it broke, from the same version of the object (by ETag), or fails. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Tries without a byte of progress, before a read that keeps breaking is given up. */
const MAX_BARREN_RESUMES = 5;

/**
 * Read an object or a range of it. A whole read ends with the CRC-64 that the service computed when it was stored.
 */
export async function readResuming(
  store: ObjectStore,
  retry: Retry,
  key: string,
  options: ReadOptions = {},
): Promise<ResumingRead> {
  const { signal } = options;
  const first = await retry(() => store.get(key, options), signal);
  return { ...first, body: resumingBody(store, retry, first, signal) };
}

async function* resumingBody(
  store: ObjectStore,
  retry: Retry,
  read: ObjectRead,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (read.range === undefined) {
    for await (const _ of read.body);
    return;
  }
  const { first, last } = read.range;
  const whole = first === 0 && last === read.length - 1;
  const crc = whole && read.crc64 !== undefined ? await newCrc64() : undefined;
  let position = first;
  let barren = 0;
  for (let { body } = read; ; ) {
    try {
      for await (const chunk of body) {
        position += chunk.length;
        barren = 0;
        crc?.update(chunk);
        yield chunk;
      }
      break;
    } catch (error) {
      if (!isBroken(error) || ++barren > MAX_BARREN_RESUMES) throw error;
      signal?.throwIfAborted();
      if (position > last) break;
      const rest: ClosedRange = { first: position, last };
      const again = await retry(
        () => store.get(read.key, { range: rest, ifMatch: read.etag, signal }),
        signal,
      );
      if (again.range?.first !== rest.first || again.range.last !== rest.last) {
        throw new TransferIntegrityError('OSS gave another range than the one asked for', {
          action: 'oss:GetObject',
          bucket: store.bucket,
          key: read.key,
        });
      }
      ({ body } = again);
    }
  }
  if (crc !== undefined && crc.digest() !== read.crc64) {
    throw new TransferIntegrityError('the CRC-64 of the bytes received differs from that of the object', {
      action: 'oss:GetObject',
      bucket: store.bucket,
      key: read.key,
    });
  }
}

function isBroken(error: unknown): boolean {
  return error instanceof StoreConnectionError || error instanceof TransferIntegrityError;
}
