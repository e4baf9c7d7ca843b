import { type EncryptionContext, InvalidArgumentError } from '@yunseal/crypto-core';
import { crc64Of, newCrc64 } from '../crc64.ts';
import { ObjectChangedError, ObjectNotFoundError, TransferIntegrityError } from '../errors.ts';
import { boundContext, type ObjectBinding } from '../identity.ts';
import { isLayoutField } from '../layouts/layout.ts';
import { sealObject } from '../sealing.ts';
import type { OssSettings } from '../settings.ts';
import { type ObjectSource, type OpenSource, openSource } from '../source.ts';
import type { WriteOptions, WriteResult } from '../store/object-store.ts';
import { type SentObject, type WriteTry, writeSettled } from '../write-outcome.ts';

/** How an object is written, beside its bytes. */
export interface ObjectWriteOptions extends WriteOptions {
  /** Names and values to authenticate with the object; stored in the clear. Layout `oss-sdk` has no place for them. */
  readonly context?: EncryptionContext | undefined;
  /** Which object the encryption context names; by default the one that is written. */
  readonly boundTo?: ObjectBinding | undefined;
  /**
   * Replace only the object that has this ETag. OSS has no conditional write: the ETag is checked right before the
   * write, and a change between the two goes unnoticed. `ifAbsent` has no such gap.
   */
  readonly ifMatch?: string | undefined;
}

export type PutOptions = ObjectWriteOptions;

export interface PutResult extends WriteResult {
  readonly key: string;
  /** Bytes of plaintext. */
  readonly length: number;
  /** Bytes as stored. */
  readonly storedLength: number;
}

/** Up to this length a source that is in memory or in a file is encrypted at once and sent again as it is. */
const WHOLE_LIMIT = 4 * 1024 * 1024;
/** OSS's limit for one request (PutObject). */
export const MAX_PUT = 5 * 1024 ** 3;

/** Encrypt and store an object in one request. */
export async function put(
  settings: OssSettings,
  key: string,
  source: ObjectSource,
  options: PutOptions = {},
): Promise<PutResult> {
  const opened = await openSource(source);
  try {
    if ((opened.length ?? 0) > MAX_PUT) {
      throw new InvalidArgumentError(`OSS takes 5 GiB in one request; use upload for ${opened.length} bytes`);
    }
    const context = writeContext(settings, key, options);
    await checkIfMatch(settings, key, options);
    return opened.length !== undefined && opened.length <= WHOLE_LIMIT
      ? await putWhole(settings, key, opened, opened.length, context, options)
      : await putStream(settings, key, opened, context, options);
  } finally {
    await opened.close();
  }
}

/** The encryption context for writing an object. */
export function writeContext(
  settings: OssSettings,
  key: string,
  options: ObjectWriteOptions,
): EncryptionContext {
  const own = { ...settings.context, ...options.context };
  if (settings.layout === 'oss-sdk') {
    if (Object.keys(own).length > 0) {
      throw new InvalidArgumentError('layout oss-sdk authenticates nothing and has no encryption context');
    }
    return {};
  }
  return boundContext(settings.store.bucket, key, own, options.boundTo);
}

/** See `ObjectWriteOptions.ifMatch`. */
export async function checkIfMatch(
  { store, retry }: OssSettings,
  key: string,
  { ifMatch, signal }: ObjectWriteOptions,
): Promise<void> {
  if (ifMatch === undefined) return;
  try {
    await retry(() => store.head(key, { ifMatch, signal }), signal);
  } catch (error) {
    if (!(error instanceof ObjectNotFoundError)) throw error;
    throw new ObjectChangedError('the object is gone', error.request);
  }
}

/** The caller's write options with the layout's metadata added. */
export function withMetadata(
  options: ObjectWriteOptions,
  metadata: Readonly<Record<string, string>>,
): WriteOptions {
  // In every layout: a reader tells the layout by these fields.
  for (const field of Object.keys(options.metadata ?? {})) {
    if (isLayoutField(field)) {
      throw new InvalidArgumentError(
        `metadata ${field} belongs to the layouts of encrypted objects; choose another name`,
      );
    }
  }
  for (const name of Object.keys(options.headers ?? {})) {
    if (name.toLowerCase().startsWith('x-oss-meta-')) {
      throw new InvalidArgumentError(`header ${name}: user metadata is given as metadata`);
    }
  }
  return { ...options, metadata: { ...options.metadata, ...metadata } };
}

async function putWhole(
  settings: OssSettings,
  key: string,
  source: OpenSource,
  length: number,
  context: EncryptionContext,
  options: PutOptions,
): Promise<PutResult> {
  const sealed = await sealObject(settings, context, source);
  const ciphertext = await collect(sealed.ciphertext);
  const write = withMetadata(options, sealed.metadata);
  const sent = { length: ciphertext.length, crc64: await crc64Of(ciphertext) };
  const send: WriteTry = async (noteSent) => {
    noteSent(sent);
    return checkedWrite(settings.store.bucket, key, sent, await settings.store.put(key, ciphertext, write));
  };
  const { length: storedLength, ...result } = await writeSettled(settings, key, send, options);
  return { ...result, key, length, storedLength };
}

async function putStream(
  settings: OssSettings,
  key: string,
  source: OpenSource,
  context: EncryptionContext,
  options: PutOptions,
): Promise<PutResult> {
  const { store } = settings;
  let length = 0;
  const send: WriteTry = async (noteSent) => {
    let sent: SentObject | undefined;
    const crc = await newCrc64();
    const sealed = await sealObject(settings, context, source);
    const stream = (async function* () {
      let storedLength = 0;
      for await (const chunk of sealed.ciphertext) {
        crc.update(chunk);
        storedLength += chunk.length;
        yield chunk;
      }
      length = sealed.plaintextLength();
      sent = { length: storedLength, crc64: crc.digest() };
      noteSent(sent);
    })();
    const body = { stream, length: sealed.length };
    const result = await store.put(key, body, withMetadata(options, sealed.metadata));
    return checkedWrite(store.bucket, key, sent, result);
  };
  const { repeatable } = source;
  const { signal } = options;
  const { length: storedLength, ...result } = await writeSettled(settings, key, send, { repeatable, signal });
  return { ...result, key, length, storedLength };
}

/** The service computed the CRC-64 of what it stored; it must be that of what was sent. */
export function checkedWrite(
  bucket: string,
  key: string,
  sent: SentObject | undefined,
  result: WriteResult,
): WriteResult {
  if (sent !== undefined && (result.crc64 === undefined || result.crc64 === sent.crc64)) return result;
  throw new TransferIntegrityError('OSS stored other bytes than those that were sent', {
    action: 'oss:PutObject',
    bucket,
    key,
    requestId: result.requestId,
  });
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all.length === 1 && all[0] !== undefined ? all[0] : new Uint8Array(Buffer.concat(all));
}
