import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InvalidArgumentError, UnsupportedOperationError } from '@yunseal/crypto-core';
import * as t from 'io-ts';
import { readCheckpoint, writeCheckpoint } from '../checkpoint-file.ts';
import { type ObjectDescription, saveWhole } from '../decrypted-object.ts';
import { CheckpointError } from '../errors.ts';
import { recogniseLayout } from '../layouts/layout.ts';
import { giveBack } from '../memory.ts';
import { type OpenedObject, openObject } from '../opened-object.ts';
import type { OssSettings, ReadCallOptions } from '../settings.ts';
import { sideBySide } from '../side-by-side.ts';
import type { ClosedRange } from '../store/object-store.ts';
import { get } from './get.ts';
import type { TransferProgress } from './upload.ts';

export interface DownloadOptions extends ReadCallOptions {
  /** Plaintext bytes per request, rounded up to whole frames. By default 8 MiB. */
  readonly partSize?: number | undefined;
  /** Requests in flight. By default 4. */
  readonly concurrency?: number | undefined;
  /**
   * A file to note progress in, so that another process can go on with the same version of the object. Until the
   * download is whole, its verified bytes are in `<checkpoint>.data`.
   */
  readonly checkpoint?: string | undefined;
  /** Called after each part, with bytes of plaintext. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

const DownloadCheckpoint = t.type({
  kind: t.literal('yunseal-download'),
  version: t.literal(1),
  bucket: t.string,
  key: t.string,
  etag: t.string,
  length: t.number,
  partSize: t.number,
  /** Numbers of the parts that are in the file, counted from 0. */
  parts: t.array(t.number),
});
type DownloadCheckpoint = t.TypeOf<typeof DownloadCheckpoint>;

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
  const opened = await openInParts(settings, key, options);
  if (opened === undefined) return downloadWhole(settings, key, path, options);
  try {
    return await downloadParts(settings, opened, path, options);
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
  { store }: OssSettings,
  { description, alignment, ownMemory, read }: OpenedObject,
  path: string,
  options: DownloadOptions,
): Promise<ObjectDescription & { readonly length: number }> {
  const { partSize: asked = 8 * 1024 * 1024, concurrency = 4, checkpoint, onProgress, signal } = options;
  if (!Number.isSafeInteger(asked) || asked < 1) {
    throw new InvalidArgumentError('partSize must be a whole number from 1');
  }
  const { key, length, etag } = description;
  const partSize = Math.ceil(asked / alignment) * alignment;
  const fresh: DownloadCheckpoint = {
    kind: 'yunseal-download',
    version: 1,
    bucket: store.bucket,
    key,
    etag,
    length,
    partSize,
    parts: [],
  };
  const beside =
    checkpoint === undefined
      ? join(dirname(path), `.${basename(path)}.${randomUUID()}.part`)
      : `${checkpoint}.data`;
  const { file, state } = await openTarget(beside, checkpoint, fresh);
  let whole = false;
  try {
    const done = new Set(state.parts);
    const count = Math.ceil(length / partSize);
    const missing = Array.from({ length: count }, (_, part) => part).filter((part) => !done.has(part));
    let transferred = state.parts.reduce((sum, part) => sum + sizeOf(partRange(part, partSize, length)), 0);
    let writing = Promise.resolve();
    const fetchPart = async (part: number, stop: AbortSignal) => {
      const range = partRange(part, partSize, length);
      await writeAt(file, range.first, read(range, stop), ownMemory);
      transferred += sizeOf(range);
      if (checkpoint !== undefined) {
        await file.datasync();
        state.parts.push(part);
        writing = writing.then(() => writeCheckpoint(checkpoint, state));
        await writing;
      }
      onProgress?.({ transferred, total: length });
    };
    // An empty object has no range to read, and its one frame is still to be verified.
    if (length === 0) for await (const _ of read({ first: 0, last: 0 }, signal));
    await sideBySide(missing, fetchPart, { concurrency, signal });
    await file.truncate(length);
    await file.sync();
    whole = true;
  } finally {
    await file.close();
    if (!whole && checkpoint === undefined) await rm(beside, { force: true });
  }
  await rename(beside, path);
  if (checkpoint !== undefined) await rm(checkpoint, { force: true });
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

/** The file to write into, and what of it is there from an earlier process. */
async function openTarget(
  beside: string,
  checkpoint: string | undefined,
  fresh: DownloadCheckpoint,
): Promise<{ file: FileHandle; state: DownloadCheckpoint }> {
  const found =
    checkpoint === undefined ? undefined : await readCheckpoint(checkpoint, DownloadCheckpoint, 'a download');
  if (found === undefined) return { file: await open(beside, 'w', 0o600), state: fresh };
  if (found.bucket !== fresh.bucket || found.key !== fresh.key) {
    throw new CheckpointError(`${checkpoint} belongs to a download of ${found.bucket}/${found.key}`);
  }
  const same =
    found.etag === fresh.etag && found.length === fresh.length && found.partSize === fresh.partSize;
  if (!same) return { file: await open(beside, 'w', 0o600), state: fresh };
  try {
    return { file: await open(beside, 'r+'), state: found };
  } catch {
    return { file: await open(beside, 'w', 0o600), state: fresh };
  }
}
