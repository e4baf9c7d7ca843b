import { createHash } from 'node:crypto';
import { type MessageHeader, UnsupportedOperationError } from '@yunseal/crypto-core';
import { requireUnauthenticatedConsent, requireUnencryptedConsent } from '../consent.ts';
import { type DecryptedObject, describeObject, startedBody, withBody } from '../decrypted-object.ts';
import { TransferIntegrityError } from '../errors.ts';
import { type ByteTaker, byteTaker, decryptFrames } from '../frames.ts';
import { checkIdentity, encryptionSdkIdentity } from '../identity.ts';
import { attachMessage, readEncryptionSdkMetadata, takeCiphertext } from '../layouts/encryption-sdk.ts';
import { recogniseLayout } from '../layouts/layout.ts';
import { ctrStream, openContentKey, readOssSdkMetadata } from '../layouts/oss-sdk.ts';
import { checkContentLength, framedHeaderBytes, openReader } from '../opened-object.ts';
import { type ResumingRead, readResuming } from '../resuming-read.ts';
import type { OssSettings, ReadCallOptions } from '../settings.ts';

/** Enough for most headers; a longer one is read on. */
const HEADER_GUESS = 4096;
const READ_SIZE = 64 * 1024;

/** Read and decrypt an object whole, whatever its layout, in one request. */
export async function get(
  settings: OssSettings,
  key: string,
  options: ReadCallOptions = {},
): Promise<DecryptedObject> {
  const { store, retry } = settings;
  const { ifMatch, signal } = options;
  const read = await readResuming(store, retry, key, { ifMatch, signal });
  const source = byteTaker(read.body);
  try {
    const start = await source.take(HEADER_GUESS);
    source.unread(start);
    const recognised = recogniseLayout(read.metadata, start[0]);
    switch (recognised.layout) {
      case 'framed':
        return await getFramed(settings, read, source, recognised.header, options);
      case 'oss-sdk':
        return await getOssSdk(settings, read, source, options);
      case 'encryption-sdk':
        return await getEncryptionSdk(settings, read, source, options);
      case undefined: {
        requireUnencryptedConsent(settings, key, options);
        const known = { authenticated: false, length: read.length, context: {} };
        return withBody(describeObject(read, undefined, known), drain(source));
      }
    }
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function getFramed(
  settings: OssSettings,
  read: ResumingRead,
  source: ByteTaker,
  headerPlace: 'in-object' | 'in-metadata',
  options: ReadCallOptions,
): Promise<DecryptedObject> {
  if (headerPlace === 'in-metadata') {
    const reader = await openReader(settings, read.key, options, framedHeaderBytes(read.metadata));
    const layout = reader.layout(read.length + reader.header.headerLength);
    const known = { authenticated: true, length: layout.plaintextLength, context: reader.context };
    const frames = decryptFrames(reader, layout, 1, layout.frameCount, source);
    return withBody(describeObject(read, 'framed', known), await startedBody(frames));
  }
  const start = await source.take(HEADER_GUESS);
  source.unread(start);
  const more = async (needed: number) => {
    const header = await source.take(needed);
    source.unread(header);
    return header;
  };
  try {
    const reader = await openReader(settings, read.key, options, start, more);
    const layout = reader.layout(read.length);
    await source.take(reader.header.headerLength);
    const known = { authenticated: true, length: layout.plaintextLength, context: reader.context };
    const frames = decryptFrames(reader, layout, 1, layout.frameCount, source);
    return withBody(describeObject(read, 'framed', known), await startedBody(frames));
  } catch (error) {
    // Signed and non-framed messages have no frames to take one by one.
    if (!(error instanceof UnsupportedOperationError)) throw error;
    return getFramedStream(settings, read, source, options);
  }
}

async function getFramedStream(
  settings: OssSettings,
  read: ResumingRead,
  source: ByteTaker,
  options: ReadCallOptions,
): Promise<DecryptedObject> {
  const { bucket } = settings.store;
  let header: MessageHeader | undefined;
  const onHeader = (found: MessageHeader) => {
    checkIdentity(bucket, read.key, found.context, options.boundTo, 'required');
    header = found;
  };
  const context = { ...settings.context, ...options.context };
  const plaintext = (ReadableStream.from(drain(source)) as ReadableStream<Uint8Array>).pipeThrough(
    settings.messages('framed').decryptStream({ context, onHeader }),
  );
  const started = await startedBody(plaintext);
  const known = { authenticated: true, length: undefined, context: header?.context ?? {} };
  return withBody(describeObject(read, 'framed', known), started);
}

async function getOssSdk(
  settings: OssSettings,
  read: ResumingRead,
  source: ByteTaker,
  options: ReadCallOptions,
): Promise<DecryptedObject> {
  requireUnauthenticatedConsent(settings, read.key, options, 'the object');
  const envelope = readOssSdkMetadata(read.metadata);
  checkContentLength(read, envelope.contentLength);
  const contentKey = await openContentKey(envelope, settings.masterKeys);
  const decrypt = ctrStream(contentKey);
  contentKey.key.fill(0);
  const facts = { action: 'oss:GetObject', bucket: settings.store.bucket, key: read.key };
  const plaintext = async function* () {
    const md5 = envelope.contentMd5 === undefined ? undefined : createHash('md5');
    for await (const chunk of drain(source)) {
      const decrypted = decrypt(chunk);
      md5?.update(decrypted);
      yield decrypted;
    }
    if (md5 !== undefined && md5.digest('base64') !== envelope.contentMd5) {
      throw new TransferIntegrityError(
        'the MD5 of the plaintext differs from the one in the metadata',
        facts,
      );
    }
  };
  const known = { authenticated: false, length: read.length, context: {} };
  return withBody(describeObject(read, 'oss-sdk', known), plaintext());
}

/** One tag covers the whole object, so it is decrypted in memory before a byte is given out. */
async function getEncryptionSdk(
  settings: OssSettings,
  read: ResumingRead,
  source: ByteTaker,
  options: ReadCallOptions,
): Promise<DecryptedObject> {
  const parts = readEncryptionSdkMetadata(read.metadata);
  const ciphertext = await takeCiphertext(source, read.length);
  const message = attachMessage(parts, ciphertext);
  const { plaintext, context } = await settings
    .messages('aliyun')
    .decrypt(message, { context: { ...settings.context, ...options.context } });
  const mode = encryptionSdkIdentity(settings.layout);
  checkIdentity(settings.store.bucket, read.key, context, options.boundTo, mode);
  await source.close();
  const known = { authenticated: true, length: plaintext.length, context };
  const body = async function* () {
    yield plaintext;
  };
  return withBody(describeObject(read, 'encryption-sdk', known), body());
}

async function* drain(source: ByteTaker): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (;;) {
      const bytes = await source.take(READ_SIZE);
      if (bytes.length === 0) return;
      yield bytes;
    }
  } finally {
    await source.close();
  }
}
