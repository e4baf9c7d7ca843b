import { createHash } from 'node:crypto';
import { type FileHandle, rm } from 'node:fs/promises';
import { type EncryptionContext, InvalidArgumentError } from '@yunseal/crypto-core';
import * as t from 'io-ts';
import { createSpool, openSpool, readCheckpoint, writeCheckpoint } from '../checkpoint-file.ts';
import { combineCrc64 } from '../crc64.ts';
import { CheckpointError, ObjectNotFoundError } from '../errors.ts';
import { sealObject } from '../sealing.ts';
import type { OssSettings } from '../settings.ts';
import type { OpenSource } from '../source.ts';
import type { StoredObject, StoredPart } from '../store/object-store.ts';
import { checkIfMatch, type ObjectWriteOptions, type PutResult, withMetadata, writeContext } from './put.ts';
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

const count = t.refinement(t.Int, (value) => value >= 0, 'count');
const positive = t.refinement(t.Int, (value) => value > 0, 'positive count');
const decimal = t.refinement(t.string, (value) => /^\d{1,20}$/.test(value), 'decimal number');
const Part = t.type({ partNumber: positive, etag: t.string, length: count, crc64: decimal });
const UploadCheckpoint = t.type({
  kind: t.literal('yunseal-upload'),
  version: t.literal(2),
  bucket: t.string,
  key: t.string,
  /** The source as it was when it was encrypted. */
  source: t.string,
  /** Digest of how the object was to be written. */
  request: t.string,
  uploadId: t.string,
  partSize: positive,
  /** Bytes of plaintext and of the ciphertext beside the checkpoint. */
  length: count,
  storedLength: count,
  /** SHA-256 of each part of the ciphertext as it was written. */
  digests: t.array(t.string),
  parts: t.array(Part),
});
type UploadCheckpoint = t.TypeOf<typeof UploadCheckpoint>;

/** An upload that is under way: what is noted of it, and its ciphertext. */
interface SpooledUpload {
  readonly state: UploadCheckpoint;
  readonly file: FileHandle;
}

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
  const { store } = settings;
  const { checkpoint: path, signal } = options;
  const spool = `${path}.data`;
  const removeFiles = () => Promise.all([rm(path, { force: true }), rm(spool, { force: true })]);
  const context = writeContext(settings, key, options);
  const request = requestDigest(settings, context, options);
  const found = await readCheckpoint(path, UploadCheckpoint, 'an upload');
  if (found !== undefined && (found.bucket !== store.bucket || found.key !== key)) {
    throw new CheckpointError(`${path} belongs to an upload to ${found.bucket}/${found.key}`);
  }
  const resumable = found?.source === identity && found.request === request;
  const arrived = found && resumable ? await arrivedParts(settings, found, signal) : undefined;
  if (found && resumable && arrived === undefined) {
    // Its process may have died between the last answer and the removal of its files.
    const completed = await completedObject(settings, found, signal);
    if (completed !== undefined) {
      await removeFiles();
      const { etag, crc64, versionId } = completed;
      return { etag, crc64, versionId, key, length: found.length, storedLength: found.storedLength };
    }
  }
  await checkIfMatch(settings, key, options);
  const { state, file } =
    (found && arrived && (await continued(found, arrived, spool))) ??
    (await begun(settings, key, source, identity, request, context, spool, options, found));
  try {
    await writeCheckpoint(path, state);
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
      missingParts(state, file),
      state.storedLength,
      { concurrency: options.concurrency, signal, ...shifted },
      (part) => {
        state.parts.push({ ...part, crc64: part.crc64.toString() } as UploadCheckpoint['parts'][number]);
        writing = writing.then(() => writeCheckpoint(path, state));
        return writing;
      },
    );
    const result = await completeUpload(settings, key, state.uploadId, sentParts(state), options);
    await removeFiles();
    return { ...result, key, length: state.length, storedLength: state.storedLength };
  } catch (error) {
    if (error instanceof SpoolChangedError) {
      await giveUp(settings, state, signal);
      await removeFiles();
      throw new CheckpointError(
        `${spool} is no longer what was written (${error.message}); the upload was given up, and the next one starts again`,
      );
    }
    throw error;
  } finally {
    await file.close();
  }
}

/**
 * What the object is to be, as far as a checkpoint can be held to it: an upload is not gone on with for another
 * request. Not the keyring, of which nothing can be told.
 */
function requestDigest(
  { layout, suite, headerIn, masterKeys }: OssSettings,
  context: EncryptionContext,
  { metadata, contentType, headers, serverSideEncryption }: ObjectWriteOptions,
): string {
  const [masterKey] = layout === 'oss-sdk' ? masterKeys : [];
  const sorted = (record: Readonly<Record<string, unknown>> = {}) =>
    Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  const request = [
    layout,
    suite?.name,
    headerIn,
    masterKey?.wrapAlgorithm,
    masterKey?.description,
    sorted(context),
    sorted(metadata),
    contentType,
    sorted(headers),
    sorted(serverSideEncryption),
  ];
  const text = JSON.stringify(request.map((value) => value ?? null));
  return createHash('sha256').update(text).digest('hex');
}

/** The noted parts that the service still has; undefined when it has the upload no more. */
async function arrivedParts(
  { store, retry }: OssSettings,
  { key, uploadId, parts }: UploadCheckpoint,
  signal: AbortSignal | undefined,
): Promise<UploadCheckpoint['parts'] | undefined> {
  let stored: readonly StoredPart[];
  try {
    stored = await retry(() => store.listParts(key, uploadId, { signal }), signal);
  } catch (error) {
    if (error instanceof ObjectNotFoundError && error.request.serviceCode !== 'NoSuchBucket') {
      return undefined;
    }
    throw error;
  }
  return parts.filter(({ partNumber, etag, length }) =>
    stored.some((part) => part.partNumber === partNumber && part.etag === etag && part.length === length),
  );
}

/** The object under the key, when it is the one that all noted parts make. */
async function completedObject(
  { store, retry }: OssSettings,
  state: UploadCheckpoint,
  signal: AbortSignal | undefined,
): Promise<StoredObject | undefined> {
  const parts = sentParts(state);
  if (parts.some(({ partNumber }, index) => partNumber !== index + 1)) return undefined;
  if (sumOf(parts) !== state.storedLength) return undefined;
  const crc64 = parts.reduce((crc, part) => combineCrc64(crc, part.crc64, part.length), 0n);
  try {
    const object = await retry(() => store.head(state.key, { signal }), signal);
    return object.length === state.storedLength && object.crc64 === crc64 ? object : undefined;
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
}

/** The upload that the checkpoint tells of, when its ciphertext is there. */
async function continued(
  state: UploadCheckpoint,
  parts: UploadCheckpoint['parts'],
  spool: string,
): Promise<SpooledUpload | undefined> {
  const file = await openSpool(spool);
  if (file === undefined) return undefined;
  try {
    if ((await file.stat()).size === state.storedLength) return { state: { ...state, parts }, file };
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return undefined;
}

/** Encrypt the source beside the checkpoint, and start the upload; one that there was is given up. */
async function begun(
  settings: OssSettings,
  key: string,
  source: OpenSource,
  identity: string,
  request: string,
  context: EncryptionContext,
  spool: string,
  options: UploadOptions,
  former: UploadCheckpoint | undefined,
): Promise<SpooledUpload> {
  const { store, retry } = settings;
  if (former !== undefined) await giveUp(settings, former, options.signal);
  const partSize = choosePartSize(options.partSize, source.length);
  const sealed = await sealObject(settings, context, source, { partSize });
  const write = withMetadata(options, sealed.metadata);
  const file = await createSpool(spool);
  try {
    const digester = partDigester(partSize);
    let storedLength = 0;
    for await (const chunk of sealed.ciphertext) {
      await file.writeFile(chunk);
      digester.update(chunk);
      storedLength += chunk.length;
    }
    await file.sync();
    const uploadId = await retry(() => store.createMultipartUpload(key, write), options.signal);
    const state = {
      kind: 'yunseal-upload',
      version: 2,
      bucket: store.bucket,
      key,
      source: identity,
      request,
      uploadId,
      partSize: partSize as t.Int,
      length: (source.length ?? 0) as t.Int,
      storedLength: storedLength as t.Int,
      digests: digester.digests(),
      parts: [],
    } satisfies UploadCheckpoint;
    return { state, file };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** SHA-256 of each part of a stream; of an empty one, of its one empty part. */
function partDigester(partSize: number) {
  const digests: string[] = [];
  let hash = createHash('sha256');
  let filled = 0;
  return {
    update(chunk: Uint8Array) {
      for (let rest = chunk; rest.length > 0; ) {
        if (filled === partSize) {
          digests.push(hash.digest('hex'));
          hash = createHash('sha256');
          filled = 0;
        }
        const piece = rest.subarray(0, partSize - filled);
        hash.update(piece);
        filled += piece.length;
        rest = rest.subarray(piece.length);
      }
    },
    digests: () => [...digests, hash.digest('hex')],
  };
}

/** The ciphertext is not what this upload wrote. */
class SpoolChangedError extends Error {}

/** What has not arrived yet, each part as it was written or not at all. */
async function* missingParts(
  { parts, partSize, storedLength, digests }: UploadCheckpoint,
  file: FileHandle,
): AsyncGenerator<CutPart> {
  const done = new Set<number>(parts.map(({ partNumber }) => partNumber));
  for (let partNumber = 1; partNumber <= Math.max(1, Math.ceil(storedLength / partSize)); partNumber++) {
    if (done.has(partNumber)) continue;
    const start = (partNumber - 1) * partSize;
    const bytes = Buffer.alloc(Math.min(partSize, storedLength - start));
    // Node.js reads less than 2 GiB at a time.
    for (let filled = 0; filled < bytes.length; ) {
      const length = Math.min(bytes.length - filled, 1024 ** 3);
      const { bytesRead } = await file.read(bytes, filled, length, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (digest !== digests[partNumber - 1]) {
      throw new SpoolChangedError(`part ${partNumber}, from byte ${start} on`);
    }
    yield { partNumber, bytes };
  }
}

function sentParts({ parts }: UploadCheckpoint): SentPart[] {
  return parts
    .map((part) => ({ ...part, crc64: BigInt(part.crc64) }))
    .sort((a, b) => a.partNumber - b.partNumber);
}

async function giveUp(
  { store, retry }: OssSettings,
  { key, uploadId }: UploadCheckpoint,
  signal: AbortSignal | undefined,
): Promise<void> {
  await retry(() => store.abortMultipartUpload(key, uploadId), signal);
}
