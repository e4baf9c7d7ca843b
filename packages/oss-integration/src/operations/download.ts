import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InvalidArgumentError, UnsupportedOperationError } from '@yunseal/crypto-core';
import { type ObjectDescription, saveWhole } from '../decrypted-object.ts';
import { recogniseLayout } from '../layouts/layout.ts';
import { giveBack } from '../memory.ts';
import { type OpenedObject, openObject } from '../opened-object.ts';
import type { OssSettings, ReadCallOptions } from '../settings.ts';
import { sideBySide } from '../side-by-side.ts';
import { withSpooledObject } from '../spooled-object.ts';
import type { ClosedRange } from '../store/object-store.ts';
import { get } from './get.ts';
import type { TransferProgress } from './upload.ts';

export interface DownloadOptions extends ReadCallOptions {
  /** Plaintext bytes per request, rounded up to whole frames; with a checkpoint, bytes as stored. By default 8 MiB. */
  readonly partSize?: number | undefined;
  /** Requests in flight. By default 4. */
  readonly concurrency?: number | undefined;
  /**
   * A file to note progress in, so that another process can go on with the same version of the object. The object is
   * first fetched as it is stored, encrypted, into `<checkpoint>.data`, and then decrypted and verified from its first
   * byte to its last: what happens to these files cannot change what comes out. That takes twice the room. Parts that
   * were damaged meanwhile are fetched again; files that are links, belong to another user or can be written by one are
   * refused (`CheckpointError`). Both are removed when the download is whole, and when their bytes turn out to be none
   * of the object's. Where nothing authenticates the object (`allowUnauthenticated`, `allowUnencrypted`), the service's
   * CRC-64 is all that is checked, which tells damage and no intent.
   */
  readonly checkpoint?: string | undefined;
  /** Called after each part, with bytes of plaintext; with a checkpoint, after each part fetched, with bytes as stored. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

/**
 * Decrypt an object into a file, in ranges that are fetched side by side. The file appears under its name only when it
 * is whole and verified. Objects that can only be read in one go (signed suites, layout `encryption-sdk`) are.
 */
export async function download(
  settings: OssSettings,
  key: string,
  path: string,
  options: DownloadOptions = {},
): Promise<ObjectDescription & { readonly length: number }> {
  const { partSize = 8 * 1024 * 1024, concurrency = 4, checkpoint, onProgress, ifMatch, signal } = options;
  if (!Number.isSafeInteger(partSize) || partSize < 1) {
    throw new InvalidArgumentError('partSize must be a whole number from 1');
  }
  const opened = await openInParts(settings, key, options);
  if (checkpoint !== undefined) {
    // Opened to fail now, rather than after all of it was fetched, when the key or the caller's consent is missing.
    opened?.close();
    const spooling = { checkpoint, partSize, concurrency, onProgress, ifMatch, signal };
    // What the service has encrypted must not have become something else on the disk, to which the caller consents.
    const encrypted = opened === undefined || opened.description.layout !== undefined;
    const consent = encrypted ? { allowUnencrypted: false } : {};
    return withSpooledObject({ ...settings, ...consent }, key, spooling, (spooled) =>
      downloadWhole(spooled, key, path, { ...options, ...consent, onProgress: undefined }),
    );
  }
  if (opened === undefined) return downloadWhole(settings, key, path, options);
  try {
    return await downloadParts(opened, path, { partSize, concurrency, onProgress, signal });
  } finally {
    opened.close();
  }
}

/** Undefined when the object is to be read in one go. */
async function openInParts(
  settings: OssSettings,
  key: string,
  options: DownloadOptions,
): Promise<OpenedObject | undefined> {
  const { layout } = await settings.retry(async () => {
    const object = await settings.store.head(key, { ifMatch: options.ifMatch, signal: options.signal });
    return recogniseLayout(object.metadata, undefined);
  }, options.signal);
  // Its ranges are not authenticated, and the whole of it is.
  if (layout === 'encryption-sdk') return undefined;
  try {
    return await openObject(settings, key, options);
  } catch (error) {
    if (error instanceof UnsupportedOperationError) return undefined;
    throw error;
  }
}

async function downloadWhole(
  settings: OssSettings,
  key: string,
  path: string,
  options: DownloadOptions,
): Promise<ObjectDescription & { readonly length: number }> {
  const { body, bytes: _, text: __, saveTo: ___, ...description } = await get(settings, key, options);
  let length = 0;
  const counted = async function* () {
    for await (const chunk of body) {
      length += chunk.length;
      yield chunk;
      options.onProgress?.({ transferred: length, total: description.length });
    }
  };
  await saveWhole(counted(), path);
  return { ...description, length };
}

async function downloadParts(
  { description, alignment, ownMemory, read }: OpenedObject,
  path: string,
  options: Pick<DownloadOptions, 'onProgress' | 'signal'> & { partSize: number; concurrency: number },
): Promise<ObjectDescription & { readonly length: number }> {
  const { concurrency, onProgress, signal } = options;
  const { length } = description;
  const partSize = Math.ceil(options.partSize / alignment) * alignment;
  const beside = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`);
  const file = await open(beside, 'wx', 0o600);
  try {
    try {
      let transferred = 0;
      const fetchPart = async (part: number, stop: AbortSignal) => {
        const range = partRange(part, partSize, length);
        await writeAt(file, range.first, read(range, stop), ownMemory);
        transferred += sizeOf(range);
        onProgress?.({ transferred, total: length });
      };
      // An empty object has no range to read, and its one frame is still to be verified.
      if (length === 0) for await (const _ of read({ first: 0, last: 0 }, signal));
      const parts = Array.from({ length: Math.ceil(length / partSize) }, (_, part) => part);
      await sideBySide(parts, fetchPart, { concurrency, signal });
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  return description;
}

/** Bytes gathered before they are written: each write costs a way to another thread and back. */
const WRITE_SIZE = 1024 * 1024;

async function writeAt(
  file: FileHandle,
  start: number,
  content: AsyncIterable<Uint8Array>,
  ownMemory: boolean,
): Promise<void> {
  let position = start;
  let gathered: Uint8Array[] = [];
  let size = 0;
  let writing = Promise.resolve();
  const write = async (chunks: Uint8Array[], length: number, at: number) => {
    for (let rest = chunks, written = 0; written < length; ) {
      written += (await file.writev(rest, at + written)).bytesWritten;
      if (written < length) rest = [Buffer.concat(chunks).subarray(written)];
    }
    if (ownMemory) chunks.forEach(giveBack);
  };
  const flush = async () => {
    // One write may be under way while the next piece is being fetched.
    await writing;
    writing = write(gathered, size, position);
    // It may fail before anybody waits for it.
    writing.catch(() => undefined);
    position += size;
    gathered = [];
    size = 0;
  };
  try {
    for await (const chunk of content) {
      gathered.push(chunk);
      size += chunk.length;
      if (size >= WRITE_SIZE) await flush();
    }
    await flush();
  } finally {
    await writing;
  }
}

function partRange(part: number, partSize: number, length: number): ClosedRange {
  return { first: part * partSize, last: Math.min((part + 1) * partSize, length) - 1 };
}

function sizeOf({ first, last }: ClosedRange): number {
  return last - first + 1;
}
