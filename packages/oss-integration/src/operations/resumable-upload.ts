import { open, rm } from 'node:fs/promises';
import { InvalidArgumentError } from '@yunseal/crypto-core';
import * as t from 'io-ts';
import { readCheckpoint, writeCheckpoint } from '../checkpoint-file.ts';
import { CheckpointError, ObjectNotFoundError } from '../errors.ts';
import { sealObject } from '../sealing.ts';
import type { OssSettings } from '../settings.ts';
import type { OpenSource } from '../source.ts';
import type { StoredPart } from '../store/object-store.ts';
import { type PutResult, withMetadata, writeContext } from './put.ts';
import {
  type CutPart,
  choosePartSize,
  completeUpload,
  type SentPart,
  sendParts,
  sourceIdentity,
  sumOf,
  type UploadOptions,
} from './upload.ts';

const Part = t.type({ partNumber: t.number, etag: t.string, length: t.number, crc64: t.string });
const UploadCheckpoint = t.type({
  kind: t.literal('yunseal-upload'),
  version: t.literal(1),
  bucket: t.string,
  key: t.string,
  /** The source as it was when it was encrypted. */
  source: t.string,
  uploadId: t.string,
  partSize: t.number,
  /** Bytes of plaintext and of the ciphertext beside the checkpoint. */
  length: t.number,
  storedLength: t.number,
  parts: t.array(Part),
});
type UploadCheckpoint = t.TypeOf<typeof UploadCheckpoint>;

/**
 * Upload a file so that it can be finished by another process: encrypt it to `<checkpoint>.data`, then send that in
 * parts, noting each one that has arrived.
 */
export async function resumableUpload(
  settings: OssSettings,
  key: string,
  source: OpenSource,
  options: UploadOptions & { readonly checkpoint: string },
): Promise<PutResult> {
  const identity = sourceIdentity(source);
  if (identity === undefined) {
    throw new InvalidArgumentError('an upload with a checkpoint takes a file, as { path }');
  }
  const { store, retry } = settings;
  const { checkpoint: path, signal } = options;
  const spool = `${path}.data`;
  const found = await readCheckpoint(path, UploadCheckpoint, 'an upload');
  if (found !== undefined && (found.bucket !== store.bucket || found.key !== key)) {
    throw new CheckpointError(`${path} belongs to an upload to ${found.bucket}/${found.key}`);
  }
  const state =
    (await continued(settings, found, identity, spool)) ??
    (await begun(settings, key, source, identity, spool, options));
  await writeCheckpoint(path, state);

  const file = await open(spool, 'r');
  try {
    const missing = async function* (): AsyncGenerator<CutPart> {
      const done = new Set(state.parts.map(({ partNumber }) => partNumber));
      const count = Math.max(1, Math.ceil(state.storedLength / state.partSize));
      for (let partNumber = 1; partNumber <= count; partNumber++) {
        if (done.has(partNumber)) continue;
        const start = (partNumber - 1) * state.partSize;
        const bytes = Buffer.alloc(Math.min(state.partSize, state.storedLength - start));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
        if (bytesRead !== bytes.length) throw new CheckpointError(`${spool} is shorter than it was written`);
        yield { partNumber, bytes };
      }
    };
    let writing = Promise.resolve();
    const already = sumOf(state.parts);
    const { onProgress } = options;
    const shifted = onProgress && {
      onProgress: ({ transferred, total }: Parameters<typeof onProgress>[0]) =>
        onProgress({ transferred: already + transferred, total }),
    };
    await sendParts(
      settings,
      key,
      state.uploadId,
      missing(),
      state.storedLength,
      { concurrency: options.concurrency, signal, ...shifted },
      (part) => {
        state.parts.push({ ...part, crc64: part.crc64.toString() });
        writing = writing.then(() => writeCheckpoint(path, state));
        return writing;
      },
    );
    const parts: SentPart[] = state.parts.map((part) => ({ ...part, crc64: BigInt(part.crc64) }));
    const result = await completeUpload(settings, key, state.uploadId, parts, options);
    await Promise.all([rm(spool, { force: true }), rm(path, { force: true })]);
    return { ...result, key, length: state.length, storedLength: state.storedLength };
  } finally {
    await file.close();
  }

  /** The upload that the checkpoint tells of, as far as the service still has it. */
  async function continued(
    { store: target }: OssSettings,
    checkpoint: UploadCheckpoint | undefined,
    sourceNow: string,
    spoolPath: string,
  ): Promise<UploadCheckpoint | undefined> {
    if (checkpoint === undefined) return undefined;
    const { uploadId } = checkpoint;
    const abandon = async () => {
      await retry(() => target.abortMultipartUpload(key, uploadId), signal);
      return undefined;
    };
    if (checkpoint.source !== sourceNow || (await sizeOf(spoolPath)) !== checkpoint.storedLength) {
      return abandon();
    }
    let stored: readonly StoredPart[];
    try {
      stored = await retry(() => target.listParts(key, uploadId, { signal }), signal);
    } catch (error) {
      if (error instanceof ObjectNotFoundError && error.request.serviceCode !== 'NoSuchBucket') {
        return undefined;
      }
      throw error;
    }
    const arrived = checkpoint.parts.filter(({ partNumber, etag, length }) =>
      stored.some((part) => part.partNumber === partNumber && part.etag === etag && part.length === length),
    );
    return { ...checkpoint, parts: arrived };
  }
}

/** Encrypt the source beside the checkpoint, and start the upload. */
async function begun(
  settings: OssSettings,
  key: string,
  source: OpenSource,
  identity: string,
  spool: string,
  options: UploadOptions,
): Promise<UploadCheckpoint> {
  const { store, retry } = settings;
  const partSize = choosePartSize(options.partSize, source.length);
  const context = writeContext(settings, key, options);
  const sealed = await sealObject(settings, context, source, { partSize });
  const file = await open(spool, 'w', 0o600);
  let storedLength = 0;
  try {
    for await (const chunk of sealed.ciphertext) {
      await file.writeFile(chunk);
      storedLength += chunk.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  const write = withMetadata(options, sealed.metadata);
  const uploadId = await retry(() => store.createMultipartUpload(key, write), options.signal);
  return {
    kind: 'yunseal-upload',
    version: 1,
    bucket: store.bucket,
    key,
    source: identity,
    uploadId,
    partSize,
    length: source.length ?? 0,
    storedLength,
    parts: [],
  };
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      return (await file.stat()).size;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}
