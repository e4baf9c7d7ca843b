import type { EncryptionContext } from '@yunseal/crypto-core';
import { crc64Of, newCrc64 } from '../crc64.ts';
import { TransferIntegrityError } from '../errors.ts';
import { boundContext, type ObjectBinding } from '../identity.ts';
import type { OssSettings } from '../settings.ts';
import { type ObjectSource, type OpenSource, openSource } from '../source.ts';
import type { WriteOptions, WriteResult } from '../store/object-store.ts';
import { type SentObject, settleWrite } from '../write-outcome.ts';

export interface PutOptions extends WriteOptions {
  /** Names and values to authenticate with the object; stored in the clear. */
  readonly context?: EncryptionContext | undefined;
  readonly boundTo?: ObjectBinding | undefined;
}

export interface PutResult extends WriteResult {
  readonly key: string;
  /** Bytes of plaintext. */
  readonly length: number;
  /** Bytes as stored. */
  readonly storedLength: number;
}

/** Up to this length a source that is in memory or in a file is encrypted at once and sent again as it is. */
const WHOLE_LIMIT = 4 * 1024 * 1024;

/** Encrypt and store an object in one request. */
export async function put(
  settings: OssSettings,
  key: string,
  source: ObjectSource,
  options: PutOptions = {},
): Promise<PutResult> {
  const opened = await openSource(source);
  try {
    const context = boundContext(
      settings.store.bucket,
      key,
      { ...settings.context, ...options.context },
      options.boundTo,
    );
    return opened.length !== undefined && opened.length <= WHOLE_LIMIT
      ? await putWhole(settings, key, opened, opened.length, context, options)
      : await putStream(settings, key, opened, context, options);
  } finally {
    await opened.close();
  }
}

async function putWhole(
  { store, retry, messages }: OssSettings,
  key: string,
  source: OpenSource,
  length: number,
  context: EncryptionContext,
  options: WriteOptions,
): Promise<PutResult> {
  const { ciphertext } = await messages().encrypt(await source.slice(0, length), { context });
  await source.checkUnchanged();
  const sent = { length: ciphertext.length, crc64: await crc64Of(ciphertext) };
  const send = async () => checked(store.bucket, key, sent, await store.put(key, ciphertext, options));
  const result = await retry(send, options.signal).catch((error) =>
    settleWrite(store, retry, key, sent, error),
  );
  return { ...result, key, length, storedLength: sent.length };
}

async function putStream(
  { store, retry, messages }: OssSettings,
  key: string,
  source: OpenSource,
  context: EncryptionContext,
  options: WriteOptions,
): Promise<PutResult> {
  const { signal } = options;
  let length = 0;
  let sent: SentObject | undefined;
  const send = async () => {
    length = 0;
    sent = undefined;
    const crc = await newCrc64();
    let storedLength = 0;
    const plaintext = async function* () {
      for await (const chunk of source.stream()) {
        length += chunk.length;
        yield chunk;
      }
    };
    const ciphertext = (ReadableStream.from(plaintext()) as ReadableStream<Uint8Array>).pipeThrough(
      messages().encryptStream({ context }),
    );
    const stream = (async function* () {
      for await (const chunk of ciphertext) {
        crc.update(chunk);
        storedLength += chunk.length;
        yield chunk;
      }
      sent = { length: storedLength, crc64: crc.digest() };
    })();
    const result = await store.put(key, { stream }, options);
    return checked(store.bucket, key, sent, result);
  };
  const result = await (source.repeatable ? retry(send, signal) : send()).catch((error) =>
    settleWrite(store, retry, key, sent, error),
  );
  return { ...result, key, length, storedLength: sent?.length ?? 0 };
}

/** The service computed the CRC-64 of what it stored; it must be that of what was sent. */
export function checked(
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
