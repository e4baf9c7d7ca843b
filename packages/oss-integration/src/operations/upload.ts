import { InvalidArgumentError } from '@yunseal/crypto-core';
import { combineCrc64, crc64Of } from '../crc64.ts';
import { TransferIntegrityError } from '../errors.ts';
import { byteTaker } from '../frames.ts';
import { givingBack } from '../memory.ts';
import { sealObject } from '../sealing.ts';
import type { OssSettings } from '../settings.ts';
import { sideBySide } from '../side-by-side.ts';
import { type ObjectSource, type OpenSource, openSource } from '../source.ts';
import type { StoredPart, WriteResult } from '../store/object-store.ts';
import { settleWrite } from '../write-outcome.ts';
import { checkIfMatch, type ObjectWriteOptions, type PutResult, withMetadata, writeContext } from './put.ts';
import { resumableUpload } from './resumable-upload.ts';

/** How far a transfer is. */
export interface TransferProgress {
  /** Bytes of ciphertext that the service has, or that were received and verified. */
  readonly transferred: number;
  /** Bytes of ciphertext in all, where known. */
  readonly total: number | undefined;
}

export interface UploadOptions extends ObjectWriteOptions {
  /** Bytes per part: 102,400 to 5 GiB; a multiple of 16 for layout `oss-sdk`. By default 8 MiB, more for long sources. */
  readonly partSize?: number | undefined;
  /** Parts in flight. By default 4. Memory in use is about two parts more. */
  readonly concurrency?: number | undefined;
  /**
   * A file to note progress in, so that another process can finish the upload. The ciphertext is first written to
   * `<checkpoint>.data`: going on needs no key, and no IV is ever used twice, even when the source has changed since.
   * When the source, the client's layout or suite, or what the call asks for (context, binding, metadata, headers) is
   * another, it starts again; the wrapping keys are those that it began with. A `.data` file that was altered ends in
   * `CheckpointError`, and nothing of it is stored; so do files that are links, belong to another user or can be written
   * by one. Both files are removed when the upload is complete.
   */
  readonly checkpoint?: string | undefined;
  /** Called after each part. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/** OSS's limits for multipart uploads (UploadPart). */
export const MIN_PART = 100 * 1024;
const MAX_PART = 5 * 1024 ** 3;
const MAX_PARTS = 10_000;
const DEFAULT_PART = 8 * 1024 * 1024;

/** Encrypt and store an object in parts that are sent side by side. */
export async function upload(
  settings: OssSettings,
  key: string,
  source: ObjectSource,
  options: UploadOptions = {},
): Promise<PutResult> {
  const opened = await openSource(source);
  try {
    if (options.checkpoint !== undefined) {
      return await resumableUpload(settings, key, opened, { ...options, checkpoint: options.checkpoint });
    }
    await checkIfMatch(settings, key, options);
    const partSize = choosePartSize(options.partSize, opened.length);
    const context = writeContext(settings, key, options);
    const sealed = await sealObject(settings, context, opened, { partSize });
    const { signal } = options;
    const write = withMetadata(options, sealed.metadata);
    const { store, retry } = settings;
    const uploadId = await retry(() => store.createMultipartUpload(key, write), signal);
    try {
      const parts = oneAhead(cutParts(sealed.ciphertext, partSize));
      const sent = await sendParts(settings, key, uploadId, parts, sealed.length, options);
      const result = await completeUpload(settings, key, uploadId, sent, options);
      return { ...result, key, length: sealed.plaintextLength(), storedLength: sumOf(sent) };
    } catch (error) {
      // Parts of an upload that nobody completes cost money until they are deleted.
      await retry(() => store.abortMultipartUpload(key, uploadId)).catch(() => undefined);
      throw error;
    }
  } finally {
    await opened.close();
  }
}

/** A part that is to be sent. */
export interface CutPart {
  readonly partNumber: number;
  readonly bytes: Uint8Array;
  /** Called when the part has arrived at the first try: nothing refers to its bytes any more. */
  release?(): void;
}

/** A part that the service has, with the checksum that was computed here. */
export interface SentPart extends StoredPart {
  readonly crc64: bigint;
}

/** The part size for a source: within OSS's limits, and few enough parts. */
export function choosePartSize(asked: number | undefined, length: number | undefined): number {
  if (asked !== undefined && (!Number.isSafeInteger(asked) || asked < MIN_PART || asked > MAX_PART)) {
    throw new InvalidArgumentError(`partSize must be a whole number from ${MIN_PART} to ${MAX_PART}`);
  }
  // Frames make the ciphertext a little longer than the source.
  const least = Math.ceil(((length ?? 0) * 1.01) / (MAX_PARTS - 1) / 65_536) * 65_536;
  const size = Math.max(asked ?? DEFAULT_PART, least);
  return Math.ceil(size / 16) * 16;
}

async function* cutParts(ciphertext: AsyncIterable<Uint8Array>, partSize: number): AsyncGenerator<CutPart> {
  // Parts are put together in buffers of their own: what they are made of is of no more use.
  const source = byteTaker(givingBack(ciphertext));
  const idle: Uint8Array[] = [];
  try {
    for (let partNumber = 1; ; partNumber++) {
      if (partNumber > MAX_PARTS) {
        throw new InvalidArgumentError(
          `the source takes more than ${MAX_PARTS} parts of ${partSize} bytes; choose a larger partSize`,
        );
      }
      const buffer = idle.pop() ?? Buffer.allocUnsafeSlow(partSize);
      const taken = await source.take(partSize, buffer);
      // A piece longer than a part is a view of what is given back with the next piece.
      if (taken.buffer !== buffer.buffer) buffer.set(taken);
      const bytes = buffer.subarray(0, taken.length);
      if (bytes.length === 0 && partNumber > 1) return;
      yield { partNumber, bytes, release: () => void idle.push(buffer) };
      if (bytes.length < partSize) return;
    }
  } finally {
    await source.close();
  }
}

/** Prepares the next item while the last one is in use, so that a lane that is free need not wait for it. */
async function* oneAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T, void, undefined> {
  let next = items.next();
  try {
    for (;;) {
      const step = await next;
      if (step.done === true) return;
      next = items.next();
      // It may fail before anybody waits for it.
      next.catch(() => undefined);
      yield step.value;
    }
  } finally {
    // Not waited for: a source that gives nothing must not keep a failed upload from ending.
    items.return(undefined).catch(() => undefined);
  }
}

/** Send parts side by side. Each keeps its bytes until it has arrived, so that it is sent again as it was. */
export async function sendParts(
  { store, retry }: OssSettings,
  key: string,
  uploadId: string,
  parts: AsyncIterable<CutPart>,
  total: number | undefined,
  options: Pick<UploadOptions, 'concurrency' | 'onProgress' | 'signal'>,
  onSent?: (part: SentPart) => Promise<void>,
): Promise<SentPart[]> {
  const { concurrency = 4, onProgress, signal } = options;
  let transferred = 0;
  const send = async ({ partNumber, bytes, release }: CutPart, stop: AbortSignal): Promise<SentPart> => {
    const crc64 = await crc64Of(bytes);
    let tries = 0;
    const { etag } = await retry(async () => {
      tries += 1;
      const stored = await store.uploadPart(key, uploadId, partNumber, bytes, { signal: stop });
      if (stored.crc64 !== undefined && stored.crc64 !== crc64) {
        throw new TransferIntegrityError(`OSS stored other bytes than those sent as part ${partNumber}`, {
          action: 'oss:PutObject',
          bucket: store.bucket,
          key,
        });
      }
      return stored;
    }, stop);
    const part = { partNumber, etag, length: bytes.length, crc64 };
    await onSent?.(part);
    // After a failed try the connection may still be sending from the buffer.
    if (tries === 1) release?.();
    transferred += bytes.length;
    onProgress?.({ transferred, total });
    return part;
  };
  return sideBySide(parts, send, { concurrency, signal });
}

/** Put the parts together; the service's CRC-64 of the whole must be that of the parts. */
export async function completeUpload(
  { store, retry }: OssSettings,
  key: string,
  uploadId: string,
  parts: readonly SentPart[],
  options: Pick<ObjectWriteOptions, 'ifAbsent' | 'signal'>,
): Promise<WriteResult> {
  const ordered = [...parts].sort((a, b) => a.partNumber - b.partNumber);
  const crc64 = ordered.reduce((crc, part) => combineCrc64(crc, part.crc64, part.length), 0n);
  const { ifAbsent, signal } = options;
  const complete = () => store.completeMultipartUpload(key, uploadId, ordered, { ifAbsent, signal });
  const result = await retry(complete, signal).catch((error) =>
    // A lost answer to the first try makes the second one fail: the upload is no more, since it is complete.
    settleWrite(store, retry, key, { length: sumOf(ordered), crc64 }, error),
  );
  if (result.crc64 === undefined || result.crc64 === crc64) return result;
  throw new TransferIntegrityError('OSS put together another object than the parts that were sent', {
    action: 'oss:PutObject',
    bucket: store.bucket,
    key,
    requestId: result.requestId,
  });
}

export function sumOf(parts: readonly StoredPart[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/** What tells one content of a source from another. */
export function sourceIdentity({ length, version }: OpenSource): string | undefined {
  return version === undefined ? undefined : `${length}:${version}`;
}
