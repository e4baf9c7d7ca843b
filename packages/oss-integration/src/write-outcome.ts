import { YunsealError } from '@yunseal/crypto-core';
import { ObjectExistsError, ObjectNotFoundError, StoreCredentialsError, StoreError } from './errors.ts';
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

/** One try of a write. It calls `noteSent` when the whole object has been handed to the connection. */
export type WriteTry = (noteSent: (sent: SentObject) => void) => Promise<WriteResult>;

/**
 * Write an object, again where that may help. A try whose answer was lost may have stored its object although a later
 * one fails (`ifAbsent` then meets our own object), so what each of them sent is remembered, and compared with what is
 * there in the end.
 *
 * @throws {WriteFailedError}
 */
export async function writeSettled(
  { store, retry }: { readonly store: ObjectStore; readonly retry: Retry },
  key: string,
  write: WriteTry,
  options: { readonly repeatable?: boolean; readonly signal?: AbortSignal | undefined } = {},
): Promise<WriteResult & { readonly length: number }> {
  const unanswered: SentObject[] = [];
  const send = async () => {
    let sent: SentObject | undefined;
    try {
      const result = await write((whole) => {
        sent = whole;
      });
      return { ...result, length: sent?.length ?? 0 };
    } catch (error) {
      if (sent !== undefined && !isRefusal(error)) unanswered.push(sent);
      throw error;
    }
  };
  try {
    return await (options.repeatable === false ? send() : retry(send, options.signal));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return settle(store, retry, key, unanswered, error);
  }
}

/**
 * Settle a write that failed and whose answers may have been lost after the object was stored. When the object that is
 * there now is the one that was sent, the write has succeeded.
 */
export async function settleWrite(
  store: ObjectStore,
  retry: Retry,
  key: string,
  sent: SentObject,
  error: unknown,
): Promise<WriteResult> {
  if (!(error instanceof StoreError)) throw error;
  const lost =
    error.retryable || error instanceof ObjectExistsError || error.request.serviceCode === 'NoSuchUpload';
  if (!lost) throw error;
  return settle(store, retry, key, [sent], error);
}

/** The service said no to this very request, so it stored nothing for it. */
function isRefusal(error: unknown): boolean {
  return error instanceof StoreError && (!error.retryable || error instanceof StoreCredentialsError);
}

async function settle(
  store: ObjectStore,
  retry: Retry,
  key: string,
  candidates: readonly SentObject[],
  error: StoreError,
): Promise<WriteResult & { readonly length: number }> {
  if (candidates.length === 0) throw error.retryable ? new WriteFailedError('unchanged', error) : error;
  let found: StoredObject | undefined;
  try {
    found = await retry(() => store.head(key));
  } catch (headError) {
    if (!(headError instanceof ObjectNotFoundError)) throw new WriteFailedError('unknown', error);
  }
  const isThere = ({ length, crc64 }: SentObject) => found?.length === length && found.crc64 === crc64;
  if (found !== undefined && candidates.some(isThere)) {
    return {
      etag: found.etag,
      crc64: found.crc64,
      versionId: found.versionId,
      requestId: found.headers['x-oss-request-id'],
      length: found.length,
    };
  }
  throw error.retryable ? new WriteFailedError('unchanged', error) : error;
}
