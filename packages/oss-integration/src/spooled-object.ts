import { createHash } from 'node:crypto';
import { type FileHandle, rm } from 'node:fs/promises';
import {
  AuthenticationError,
  CommitmentMismatchError,
  MalformedMessageError,
  SignatureInvalidError,
  TruncatedMessageError,
} from '@yunseal/crypto-core';
import * as t from 'io-ts';
import { createSpool, openSpool, readCheckpoint, writeCheckpoint } from './checkpoint-file.ts';
import {
  CheckpointError,
  ObjectIdentityError,
  ObjectNotEncryptedError,
  TransferIntegrityError,
} from './errors.ts';
import { readResuming } from './resuming-read.ts';
import type { OssSettings } from './settings.ts';
import { sideBySide } from './side-by-side.ts';
import type { ClosedRange, ObjectStore, StoredObject } from './store/object-store.ts';

const DownloadCheckpoint = t.type({
  kind: t.literal('yunseal-download'),
  version: t.literal(2),
  bucket: t.string,
  key: t.string,
  etag: t.string,
  /** Bytes as stored, of the object and of a part. */
  length: t.Int,
  partSize: t.Int,
  /**
   * The parts that are in the file, counted from 0. The digest tells damage; what has been tampered with is told by
   * decrypting, which trusts none of this.
   */
  parts: t.array(t.type({ part: t.Int, sha256: t.string })),
});
type DownloadCheckpoint = t.TypeOf<typeof DownloadCheckpoint>;

export interface SpoolOptions {
  readonly checkpoint: string;
  /** Bytes of the stored object per request. */
  readonly partSize: number;
  readonly concurrency: number;
  readonly ifMatch?: string | undefined;
  readonly onProgress?: ((progress: { transferred: number; total: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes read from the file at a time. */
const READ_SIZE = 1024 * 1024;

/**
 * Fetch an object as it is stored, in parts that are kept in `<checkpoint>.data`, and use it from there once it is
 * whole. Only ciphertext is on the disk, so whatever happens to the files between two processes, `use` decrypts and
 * verifies all of it as if it came from the service. The files are removed when `use` has succeeded, and when it found
 * the bytes to be none of the object's.
 *
 * @param use what to do with settings whose store gives this object from the disk
 * @throws {CheckpointError} when the checkpoint is of another transfer, damaged, or others may have written it
 */
export async function withSpooledObject<T>(
  settings: OssSettings,
  key: string,
  options: SpoolOptions,
  use: (settings: OssSettings) => Promise<T>,
): Promise<T> {
  const { store, retry } = settings;
  const { checkpoint, partSize, ifMatch, signal } = options;
  const object = await retry(() => store.head(key, { ifMatch, signal }), signal);
  const spool = `${checkpoint}.data`;
  const { file, state } = await openParts(spool, checkpoint, {
    kind: 'yunseal-download',
    version: 2,
    bucket: store.bucket,
    key,
    etag: object.etag,
    length: object.length as t.Int,
    partSize: partSize as t.Int,
    parts: [],
  });
  const removeFiles = () => Promise.all([rm(checkpoint, { force: true }), rm(spool, { force: true })]);
  try {
    await fetchMissing(settings, file, state, options);
    const result = await use({ ...settings, store: storeOver(store, object, file) }).catch(async (error) => {
      if (isOtherBytes(error)) await removeFiles();
      throw error;
    });
    await removeFiles();
    return result;
  } finally {
    await file.close();
  }
}

/** Whether the bytes were not those that somebody encrypted: keeping them would make the next try fail too. */
function isOtherBytes(error: unknown): boolean {
  return [
    AuthenticationError,
    CommitmentMismatchError,
    MalformedMessageError,
    ObjectIdentityError,
    ObjectNotEncryptedError,
    SignatureInvalidError,
    TransferIntegrityError,
    TruncatedMessageError,
  ].some((kind) => error instanceof kind);
}

/** The file of parts, and those of an earlier process that are in it unchanged. */
async function openParts(
  spool: string,
  checkpoint: string,
  fresh: DownloadCheckpoint,
): Promise<{ file: FileHandle; state: DownloadCheckpoint }> {
  const found = await readCheckpoint(checkpoint, DownloadCheckpoint, 'a download');
  if (found === undefined) return { file: await createSpool(spool), state: fresh };
  if (found.bucket !== fresh.bucket || found.key !== fresh.key) {
    throw new CheckpointError(`${checkpoint} belongs to a download of ${found.bucket}/${found.key}`);
  }
  const same =
    found.etag === fresh.etag && found.length === fresh.length && found.partSize === fresh.partSize;
  if (!same) return { file: await createSpool(spool), state: fresh };
  const numbers = new Set(found.parts.map(({ part }) => part));
  const count = Math.ceil(fresh.length / fresh.partSize);
  if (numbers.size !== found.parts.length || found.parts.some(({ part }) => part < 0 || part >= count)) {
    throw new CheckpointError(
      `${checkpoint} names parts twice or parts that the object has not; delete it to start again`,
    );
  }
  const file = await openSpool(spool);
  if (file === undefined) return { file: await createSpool(spool), state: fresh };
  try {
    const parts: DownloadCheckpoint['parts'] = [];
    for (const noted of found.parts) {
      if ((await digestOf(file, rangeOf(found, noted.part))) === noted.sha256) parts.push(noted);
    }
    return { file, state: { ...found, parts } };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function fetchMissing(
  { store, retry }: OssSettings,
  file: FileHandle,
  state: DownloadCheckpoint,
  { checkpoint, concurrency, onProgress, signal }: SpoolOptions,
): Promise<void> {
  const { key, etag, length, partSize } = state;
  const done = new Set<number>(state.parts.map(({ part }) => part));
  const missing = Array.from({ length: Math.ceil(length / partSize) }, (_, part) => part).filter(
    (part) => !done.has(part),
  );
  let transferred = state.parts.reduce((sum, { part }) => sum + sizeOf(rangeOf(state, part)), 0);
  let writing = Promise.resolve();
  const fetchPart = async (part: number, stop: AbortSignal) => {
    const range = rangeOf(state, part);
    const read = await readResuming(store, retry, key, { range, ifMatch: etag, signal: stop });
    const hash = createHash('sha256');
    let position = range.first;
    for await (const chunk of read.body) {
      await writeAt(file, chunk, position);
      hash.update(chunk);
      position += chunk.length;
    }
    if (read.range?.first !== range.first || position !== range.last + 1) {
      throw new TransferIntegrityError('OSS gave another range than the one asked for', {
        action: 'oss:GetObject',
        bucket: store.bucket,
        key,
      });
    }
    await file.datasync();
    state.parts.push({ part: part as t.Int, sha256: hash.digest('hex') });
    writing = writing.then(() => writeCheckpoint(checkpoint, state));
    await writing;
    transferred += sizeOf(range);
    onProgress?.({ transferred, total: length });
  };
  await sideBySide(missing, fetchPart, { concurrency, signal });
}

/** A store that gives this one version of an object, from the disk. */
function storeOver(store: ObjectStore, object: StoredObject, file: FileHandle): ObjectStore {
  return {
    ...store,
    head: async () => object,
    async get(_key, { range, signal } = {}) {
      if (range !== undefined) throw new TypeError('an object on the disk is read whole');
      if (object.length === 0) return { ...object, range: undefined, body: noBytes() };
      const whole = { first: 0, last: object.length - 1 };
      return { ...object, range: whole, body: bytesOf(file, whole, signal) };
    },
  };
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

/** A range of a file; less when the file is shorter. */
async function* bytesOf(
  file: FileHandle,
  { first, last }: ClosedRange,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let position = first; position <= last; ) {
    signal?.throwIfAborted();
    const chunk = Buffer.allocUnsafeSlow(Math.min(READ_SIZE, last - position + 1));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) return;
    yield chunk.subarray(0, bytesRead);
    position += bytesRead;
  }
}

async function digestOf(file: FileHandle, range: ClosedRange): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytesOf(file, range)) hash.update(chunk);
  return hash.digest('hex');
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  }
}

function rangeOf({ length, partSize }: DownloadCheckpoint, part: number): ClosedRange {
  return { first: part * partSize, last: Math.min((part + 1) * partSize, length) - 1 };
}

function sizeOf({ first, last }: ClosedRange): number {
  return last - first + 1;
}
