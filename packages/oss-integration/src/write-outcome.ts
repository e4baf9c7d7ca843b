import { YunsealError } from '@yunseal/crypto-core';
import { ObjectExistsError, ObjectNotFoundError, StoreError } from './errors.ts';
import type { Retry } from './retry.ts';
import type { ObjectStore, StoredObject, WriteResult } from './store/object-store.ts';

/** An object could not be written, and what is under its key now. */
export class WriteFailedError extends YunsealError {
  /**
   * `unchanged`: what was there before the write, or nothing, is there still. `unknown`: the connection failed, and so
   * did asking afterwards; the object is either the old one or the whole new one.
   */
  readonly outcome: 'unchanged' | 'unknown';

  constructor(outcome: 'unchanged' | 'unknown', cause: StoreError) {
    const state =
      outcome === 'unchanged'
        ? 'the object under this key was not replaced'
        : 'whether the object was replaced is not known';
    super('WriteFailed', `${state}: ${cause.message}`, { cause });
    this.outcome = outcome;
  }
}

/** What was sent, as far as it tells one object from another. */
export interface SentObject {
  readonly length: number;
  readonly crc64: bigint;
}

/**
 * Settle a write that failed: the answer may have been lost after the object was stored. When the object that is there
 * now is the one that was sent, the write has succeeded.
 *
 * @param sent undefined when not all of it was sent, so that it cannot have been stored
 */
export async function settleWrite(
  store: ObjectStore,
  retry: Retry,
  key: string,
  sent: SentObject | undefined,
  error: unknown,
): Promise<WriteResult> {
  if (!(error instanceof StoreError)) throw error;
  const lost =
    error.retryable || error instanceof ObjectExistsError || error.request.serviceCode === 'NoSuchUpload';
  if (!lost) throw error;
  if (sent === undefined) throw new WriteFailedError('unchanged', error);
  let found: StoredObject | undefined;
  try {
    found = await retry(() => store.head(key));
  } catch (headError) {
    if (!(headError instanceof ObjectNotFoundError)) throw new WriteFailedError('unknown', error);
  }
  if (found !== undefined && found.length === sent.length && found.crc64 === sent.crc64) {
    return {
      etag: found.etag,
      crc64: found.crc64,
      versionId: found.versionId,
      requestId: found.headers['x-oss-request-id'],
    };
  }
  if (!error.retryable) throw error;
  throw new WriteFailedError('unchanged', error);
}
