import { type MessageReader, TruncatedMessageError } from '@yunseal/crypto-core';
import { requireUnauthenticatedConsent, requireUnencryptedConsent } from './consent.ts';
import { describeObject, type ObjectDescription } from './decrypted-object.ts';
import { ObjectMetadataError, StoreError, TransferIntegrityError } from './errors.ts';
import { byteTaker, decryptFrames } from './frames.ts';
import { headerBytesToFetch } from './header-limits.ts';
import { checkIdentity, encryptionSdkIdentity } from './identity.ts';
import { openUnverified, readEncryptionSdkMetadata } from './layouts/encryption-sdk.ts';
import { FRAMED_HEADER_FIELD, type LayoutName, recogniseLayout } from './layouts/layout.ts';
import { ctrStream, openContentKey, readOssSdkMetadata } from './layouts/oss-sdk.ts';
import { readResuming } from './resuming-read.ts';
import type { OssSettings, ReadCallOptions } from './settings.ts';
import type { ClosedRange, StoredObject } from './store/object-store.ts';

/** An object whose keys have been opened, to read any part of one version of it. */
export interface OpenedObject {
  readonly description: ObjectDescription & { readonly length: number };
  /** Plaintext bytes after which a stretch of ciphertext ends: reads that start and end there fetch nothing twice. */
  readonly alignment: number;
  /** Whether each piece that `read` gives has memory of its own, which the reader may give back. */
  readonly ownMemory: boolean;
  /** The plaintext bytes of a range that is inside the object. */
  read(range: ClosedRange, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** A read that starts at this plaintext byte or after it proves the length before it gives a byte. */
  readonly lengthProvedFrom: number;
  /** Authenticate the length, which is else but what the size of the stored object makes of it. */
  verifyLength(): Promise<void>;
  /** Drop the keys. */
  close(): void;
}

/** Bytes fetched to see an object's header; a header that is longer costs a second request. */
const FIRST_FETCH = 16 * 1024;

/** The start of an object: what the store knows of it, and its first bytes, in one read. */
export interface ObjectStart {
  readonly object: StoredObject;
  readonly bytes: Uint8Array;
}

/** Fetch the first bytes of an object. */
export async function fetchStart(
  { store, retry }: OssSettings,
  key: string,
  options: Pick<ReadCallOptions, 'ifMatch' | 'signal'>,
  length = FIRST_FETCH,
): Promise<ObjectStart> {
  const { ifMatch, signal } = options;
  try {
    const read = await readResuming(store, retry, key, {
      range: { first: 0, last: length - 1 },
      ifMatch,
      signal,
    });
    const source = byteTaker(read.body);
    const bytes = await source.take(length);
    await source.take(1);
    return { object: read, bytes };
  } catch (error) {
    // An empty object has no range at all.
    if (!(error instanceof StoreError) || error.request.statusCode !== 416) throw error;
    const object = await retry(() => store.head(key, { ifMatch, signal }), signal);
    return { object, bytes: new Uint8Array(0) };
  }
}

/**
 * Open an object for reading in part.
 *
 * @throws {UnsupportedOperationError} when its message can only be read whole
 */
export async function openObject(
  settings: OssSettings,
  key: string,
  options: ReadCallOptions,
): Promise<OpenedObject> {
  const start = await fetchStart(settings, key, options);
  const recognised = recogniseLayout(start.object.metadata, start.bytes[0]);
  switch (recognised.layout) {
    case 'framed':
      return openFramed(settings, start, recognised.header, options);
    case 'oss-sdk':
      return openOssSdk(settings, start.object, options);
    case 'encryption-sdk':
      return openEncryptionSdk(settings, start.object, options);
    case undefined:
      return openUnencrypted(settings, start.object, options);
  }
}

/** The ciphertext of a range of the version that was opened. */
async function* ciphertextOf(
  { store, retry }: OssSettings,
  { key, etag }: StoredObject,
  range: ClosedRange,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const read = await readResuming(store, retry, key, { range, ifMatch: etag, signal });
  if (read.range?.first !== range.first || read.range.last !== range.last) {
    throw new TransferIntegrityError('OSS gave another range than the one asked for', {
      action: 'oss:GetObject',
      bucket: store.bucket,
      key,
    });
  }
  yield* read.body;
}

/** The header of a framed message that is kept in its object's metadata. */
export function framedHeaderBytes(metadata: Readonly<Record<string, string>>): Uint8Array {
  const value = metadata[FRAMED_HEADER_FIELD] ?? '';
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value))
    throw new ObjectMetadataError(FRAMED_HEADER_FIELD, 'is not Base64');
  return new Uint8Array(Buffer.from(value, 'base64'));
}

/** Open the reader of a framed message, fetching more of the header when it is long. */
export async function openReader(
  settings: OssSettings,
  key: string,
  options: ReadCallOptions,
  bytes: Uint8Array,
  more?: (needed: number) => Promise<Uint8Array>,
): Promise<MessageReader> {
  const context = { ...settings.context, ...options.context };
  let reader: MessageReader | undefined;
  for (let header = bytes; reader === undefined; ) {
    try {
      reader = await settings.messages('framed').openMessage(header, { context });
    } catch (error) {
      if (!(error instanceof TruncatedMessageError) || more === undefined) throw error;
      const longer = await more(headerBytesToFetch(error, header.length));
      if (longer.length <= header.length) throw error;
      header = longer;
    }
  }
  try {
    checkIdentity(settings.store.bucket, key, reader.context, options.boundTo, 'required');
    return reader;
  } catch (error) {
    reader.close();
    throw error;
  }
}

async function openFramed(
  settings: OssSettings,
  { object, bytes }: ObjectStart,
  headerPlace: 'in-object' | 'in-metadata',
  options: ReadCallOptions,
): Promise<OpenedObject> {
  const { key, etag } = object;
  const { signal } = options;
  const inMetadata = headerPlace === 'in-metadata';
  const fetchMore = async (needed: number) =>
    (await fetchStart(settings, key, { ifMatch: etag, signal }, needed)).bytes;
  const reader = await openReader(
    settings,
    key,
    options,
    inMetadata ? framedHeaderBytes(object.metadata) : bytes,
    inMetadata || object.length <= bytes.length ? undefined : fetchMore,
  );
  const { headerLength, frameLength } = reader.header;
  // Where the message starts, counted in the object.
  const shift = inMetadata ? headerLength : 0;
  const layout = reader.layout(object.length + shift);
  const final = layout.frame(layout.frameCount);
  return {
    description: describeObject(object, 'framed', {
      authenticated: true,
      length: layout.plaintextLength,
      context: reader.context,
    }),
    alignment: frameLength,
    ownMemory: true,
    async *read({ first, last }, readSignal = signal) {
      const from = layout.frame(layout.frameAt(first));
      // A range that reaches the end takes the final frame with it, even one that is empty: it proves the end.
      const reachesEnd = last >= layout.plaintextLength - 1;
      const to = layout.frame(reachesEnd ? layout.frameCount : layout.frameAt(last));
      const span = { first: from.offset - shift, last: to.offset + to.length - 1 - shift };
      const source = byteTaker(ciphertextOf(settings, object, span, readSignal));
      let position = from.plaintextOffset;
      for await (const plaintext of decryptFrames(
        reader,
        layout,
        from.sequenceNumber,
        to.sequenceNumber,
        source,
      )) {
        yield plaintext.subarray(Math.max(0, first - position), last + 1 - position);
        position += plaintext.length;
      }
    },
    lengthProvedFrom: final.plaintextOffset,
    async verifyLength() {
      const span = { first: final.offset - shift, last: final.offset + final.length - 1 - shift };
      const atHand = span.last < bytes.length ? [bytes.slice(span.first, span.last + 1)] : undefined;
      const source = byteTaker(
        atHand === undefined ? ciphertextOf(settings, object, span, signal) : eachOf(atHand),
      );
      const frames = decryptFrames(reader, layout, final.sequenceNumber, final.sequenceNumber, source);
      for await (const _ of frames);
    },
    close: () => reader.close(),
  };
}

async function* eachOf<T>(items: readonly T[]): AsyncGenerator<T, void, undefined> {
  yield* items;
}

async function openOssSdk(
  settings: OssSettings,
  object: StoredObject,
  options: ReadCallOptions,
): Promise<OpenedObject> {
  requireUnauthenticatedConsent(settings, object.key, options, 'the object');
  const envelope = readOssSdkMetadata(object.metadata);
  checkContentLength(object, envelope.contentLength);
  const contentKey = await openContentKey(envelope, settings.masterKeys);
  return openStreamCipher(
    settings,
    object,
    options,
    'oss-sdk',
    {},
    (offset) => ctrStream(contentKey, offset),
    () => contentKey.key.fill(0),
  );
}

async function openEncryptionSdk(
  settings: OssSettings,
  object: StoredObject,
  options: ReadCallOptions,
): Promise<OpenedObject> {
  requireUnauthenticatedConsent(settings, object.key, options, 'a range of the object');
  const { context, decrypt } = await openUnverified(
    readEncryptionSdkMetadata(object.metadata),
    settings.keyring(),
  );
  const mode = encryptionSdkIdentity(settings.layout);
  checkIdentity(settings.store.bucket, object.key, context, options.boundTo, mode);
  return openStreamCipher(settings, object, options, 'encryption-sdk', context, decrypt, () => undefined);
}

function openUnencrypted(
  settings: OssSettings,
  object: StoredObject,
  options: ReadCallOptions,
): OpenedObject {
  requireUnencryptedConsent(settings, object.key, options);
  return openStreamCipher(
    settings,
    object,
    options,
    undefined,
    {},
    () => (chunk) => chunk,
    () => undefined,
  );
}

/** Layouts whose ciphertext is as long as the plaintext and can be decrypted from any byte on. */
function openStreamCipher(
  settings: OssSettings,
  object: StoredObject,
  { signal }: ReadCallOptions,
  layout: LayoutName | undefined,
  context: Readonly<Record<string, string>>,
  decryptFrom: (offset: number) => (chunk: Uint8Array) => Uint8Array,
  close: () => void,
): OpenedObject {
  return {
    description: describeObject(object, layout, { authenticated: false, length: object.length, context }),
    alignment: 16,
    ownMemory: false,
    async *read(range, readSignal = signal) {
      const decrypt = decryptFrom(range.first);
      for await (const chunk of ciphertextOf(settings, object, range, readSignal)) yield decrypt(chunk);
    },
    // Nothing of these objects is authenticated.
    lengthProvedFrom: 0,
    verifyLength: async () => undefined,
    close,
  };
}

/** The plaintext length that layout `oss-sdk` notes must be the object's. */
export function checkContentLength(object: StoredObject, noted: number | undefined): void {
  if (noted === undefined || noted === object.length) return;
  throw new ObjectMetadataError(
    'client-side-encryption-unencrypted-content-length',
    `says ${noted} bytes, and the object has ${object.length}`,
  );
}
