import { rm } from 'node:fs/promises';
import {
  DataKeyUnwrapError,
  type EncryptedDataKey,
  InvalidArgumentError,
  inspectMessage,
  type Keyring,
  parseAliyunHeader,
  rewrapMessage,
  TruncatedMessageError,
  UnsupportedOperationError,
  YunsealError,
} from '@yunseal/crypto-core';
import * as t from 'io-ts';
import { readCheckpoint, writeCheckpoint } from '../checkpoint-file.ts';
import { newCrc64 } from '../crc64.ts';
import {
  CheckpointError,
  ObjectChangedError,
  ObjectNotEncryptedError,
  ObjectNotFoundError,
  StoreError,
} from '../errors.ts';
import { type ByteTaker, byteTaker } from '../frames.ts';
import { checkKeyCount, headerBytesToFetch } from '../header-limits.ts';
import { checkIdentity, encryptionSdkIdentity, type ObjectBinding } from '../identity.ts';
import {
  encryptionSdkMetadata,
  readEncryptionSdkMetadata,
  rewrapEncryptionSdkHeader,
} from '../layouts/encryption-sdk.ts';
import { FRAMED_HEADER_FIELD, type LayoutName, OSS_SDK_PREFIX, recogniseLayout } from '../layouts/layout.ts';
import { openContentKey, readOssSdkMetadata, writeOssSdkMetadata } from '../layouts/oss-sdk.ts';
import type { MasterKey } from '../master-key.ts';
import { fetchStart, framedHeaderBytes } from '../opened-object.ts';
import { readResuming } from '../resuming-read.ts';
import type { OssSettings } from '../settings.ts';
import { sideBySide } from '../side-by-side.ts';
import { MAX_METADATA_BYTES } from '../store/object-headers.ts';
import type { StoredObject, WriteOptions, WriteResult } from '../store/object-store.ts';
import { type SentObject, type WriteTry, writeSettled } from '../write-outcome.ts';
import { head, type ObjectHead } from './head.ts';
import { list } from './list.ts';
import { checkedWrite, MAX_PUT } from './put.ts';

export interface RewrapOptions {
  /** Wraps the data keys anew; what it makes takes the place of all wrappings there are. */
  readonly to: Keyring;
  /** Unwraps them. By default the client's keyring. */
  readonly from?: Keyring | undefined;
  /** For objects in layout `oss-sdk`: the master key to wrap anew with. */
  readonly toMasterKey?: MasterKey | undefined;
  /**
   * What becomes of the body of a framed object, as in crypto-core's `rewrapMessage`. `keep`, the default, leaves it as it
   * is. `renew` encrypts it again under keys freshly derived from the same data key, so that a copy of the old object
   * that lives on (an old version, a backup) is of no use to whoever wants to forge the new one. For objects whose header
   * is in front of their bytes, in suites that derive keys.
   */
  readonly frames?: 'keep' | 'renew' | undefined;
  readonly boundTo?: ObjectBinding | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of one object. */
export interface RewrappedObject {
  readonly key: string;
  readonly layout: LayoutName;
  /** `metadata`: the bytes stayed where they are. `moved`: they were sent again behind their new header. */
  readonly how: 'metadata' | 'moved';
  readonly etag: string;
}

/**
 * Give an object new wrapping keys. Its data key and body stay the same; where the header is in the metadata, that is
 * one request on condition that the object is still the one that was read. Where the header is in front of the bytes,
 * the object is sent again. OSS has no conditional PUT: whether somebody else has written is looked up before the last
 * byte is sent and once more afterwards, and what is written between the look and the end of the request is lost. Let
 * nobody else write meanwhile, or write with `headerIn: 'metadata'`.
 *
 * Whoever sees a framed object of the default suite both before and after (versioning, backups) and can write it can
 * forge its contents: pass `frames: 'renew'`, delete the old versions, or `get` and `put` the object instead.
 *
 * @throws {ObjectChangedError} when somebody else is seen to have written; their object is not rewrapped
 * @throws {UnsupportedOperationError} for `frames: 'renew'` where frames cannot be renewed in place
 */
export async function rewrap(
  settings: OssSettings,
  key: string,
  options: RewrapOptions,
): Promise<RewrappedObject> {
  const { signal } = options;
  const start = await fetchStart(settings, key, { signal });
  const { object } = start;
  const recognised = recogniseLayout(object.metadata, start.bytes[0]);
  const inFront = recognised.layout === 'framed' && recognised.header === 'in-object';
  if (options.frames === 'renew' && recognised.layout !== undefined && !inFront) {
    throw new UnsupportedOperationError(
      `frames can be renewed in framed objects whose header is in front of their bytes; get and put ${settings.store.bucket}/${key} instead`,
    );
  }
  switch (recognised.layout) {
    case 'framed':
      return recognised.header === 'in-metadata'
        ? rewrapFramedMetadata(settings, object, options)
        : rewrapFramedObject(settings, object, options);
    case 'encryption-sdk': {
      const parts = readEncryptionSdkMetadata(object.metadata);
      const { context, encryptedDataKeys } = parseAliyunHeader(parts.header);
      checkKeyCount(settings, { encryptedDataKeys });
      const header = await rewrapEncryptionSdkHeader(
        parts.header,
        options.from ?? settings.keyring(),
        options.to,
      );
      const mode = encryptionSdkIdentity(settings.layout);
      checkIdentity(settings.store.bucket, key, context, options.boundTo, mode);
      return replaceMetadata(
        settings,
        object,
        'encryption-sdk',
        encryptionSdkMetadata({ ...parts, header }),
        options,
      );
    }
    case 'oss-sdk':
      return rewrapOssSdk(settings, object, options);
    case undefined:
      throw new ObjectNotEncryptedError(
        `the object at ${settings.store.bucket}/${key} is not encrypted in a layout known here`,
      );
  }
}

async function rewrapHeader(
  settings: OssSettings,
  key: string,
  bytes: Uint8Array,
  options: RewrapOptions,
): Promise<Uint8Array> {
  const header = inspectMessage(bytes);
  checkKeyCount(settings, header);
  const rewrapped = await rewrapMessage(
    bytes.subarray(0, header.headerLength),
    rewrapKeys(settings, options),
  );
  checkIdentity(settings.store.bucket, key, header.context, options.boundTo, 'required');
  return rewrapped;
}

function rewrapKeys(settings: OssSettings, { from, to }: RewrapOptions) {
  const { maxEncryptedDataKeys } = settings;
  return { from: from ?? settings.keyring(), to, maxEncryptedDataKeys };
}

async function rewrapFramedMetadata(
  settings: OssSettings,
  object: StoredObject,
  options: RewrapOptions,
): Promise<RewrappedObject> {
  const header = await rewrapHeader(settings, object.key, framedHeaderBytes(object.metadata), options);
  const field = Buffer.from(header).toString('base64');
  if (field.length > MAX_METADATA_BYTES - 1024) {
    throw new InvalidArgumentError(
      `with these keys the header has ${header.length} bytes and does not fit into the object's metadata; use fewer keys`,
    );
  }
  return replaceMetadata(settings, object, 'framed', { [FRAMED_HEADER_FIELD]: field }, options);
}

async function rewrapOssSdk(
  settings: OssSettings,
  object: StoredObject,
  options: RewrapOptions,
): Promise<RewrappedObject> {
  if (options.toMasterKey === undefined) {
    throw new InvalidArgumentError('an object in layout oss-sdk is rewrapped for toMasterKey');
  }
  const contentKey = await openContentKey(readOssSdkMetadata(object.metadata), settings.masterKeys);
  const written = await writeOssSdkMetadata(contentKey, options.toMasterKey, {});
  contentKey.key.fill(0);
  const changes = ['key', 'start', 'wrap-alg', 'matdesc'].map((name) => OSS_SDK_PREFIX + name);
  const kept = Object.entries(object.metadata).filter(([name]) => !changes.includes(name));
  return replaceMetadata(settings, object, 'oss-sdk', { ...Object.fromEntries(kept), ...written }, options);
}

/** One CopyObject onto itself, which fails when the object is no longer the one that was read. */
async function replaceMetadata(
  settings: OssSettings,
  object: StoredObject,
  layout: LayoutName,
  fields: Readonly<Record<string, string>>,
  { signal }: RewrapOptions,
): Promise<RewrappedObject> {
  const { store, retry } = settings;
  const metadata = layout === 'oss-sdk' ? fields : { ...object.metadata, ...fields };
  let unanswered = false;
  const { etag } = await retry(async () => {
    try {
      return await store.copy(object.key, object.key, {
        ...storedAs(object),
        metadata,
        ifSourceMatch: object.etag,
        signal,
      });
    } catch (error) {
      // A copy can have another ETag than its source, so the second try may meet what the first one has done.
      if (unanswered && error instanceof ObjectChangedError) {
        const found = await store.head(object.key, { signal });
        const isOurs = Object.entries(fields).every(([name, value]) => found.metadata[name] === value);
        if (isOurs && found.length === object.length && found.crc64 === object.crc64) return found;
      }
      unanswered ||= error instanceof StoreError && error.retryable;
      throw error;
    }
  }, signal);
  return { key: object.key, layout, how: 'metadata', etag };
}

/** Send the object again behind its new header. */
async function rewrapFramedObject(
  settings: OssSettings,
  object: StoredObject,
  options: RewrapOptions,
): Promise<RewrappedObject> {
  const { store, retry } = settings;
  const { key, etag } = object;
  const { signal } = options;
  if (object.length > MAX_PUT) {
    throw new UnsupportedOperationError(
      `the object has ${object.length} bytes, more than OSS takes in one request; write such objects with headerIn: 'metadata'`,
    );
  }
  const send: WriteTry = async (noteSent) => {
    let sent: SentObject | undefined;
    const read = await readResuming(store, retry, key, { ifMatch: etag, signal });
    const source = byteTaker(read.body);
    try {
      const content = await rewrappedContent(settings, object, source, options);
      const crc = await newCrc64();
      const stream = (async function* () {
        let length = 0;
        for await (const chunk of content.chunks) {
          crc.update(chunk);
          length += chunk.length;
          yield chunk;
        }
        // OSS has no conditional write: the last moment to see that somebody else has written.
        await retry(() => store.head(key, { ifMatch: etag, signal }), signal);
        sent = { length, crc64: crc.digest() };
        noteSent(sent);
      })();
      const write: WriteOptions = { ...storedAs(object), metadata: object.metadata, signal };
      const result = await store.put(key, { stream: heldBack(stream), length: content.length }, write);
      return checkedWrite(store.bucket, key, sent, result);
    } finally {
      await source.close();
    }
  };
  const result = await writeSettled(settings, key, send, { signal });
  await checkStillThere(settings, key, result);
  return { key, layout: 'framed', how: 'moved', etag: result.etag };
}

/** Say so when another writer's object has taken the place of the rewrapped one already. */
async function checkStillThere(
  { store, retry }: OssSettings,
  key: string,
  { etag, length }: WriteResult & { readonly length: number },
): Promise<void> {
  const request = { action: 'oss:PutObject', bucket: store.bucket, key };
  try {
    const found = await retry(() => store.head(key));
    if (found.etag === etag && found.length === length) return;
  } catch (error) {
    // The service has confirmed the write; what it says of later is a bonus.
    if (!(error instanceof ObjectNotFoundError)) return;
  }
  throw new ObjectChangedError(
    'somebody else wrote or deleted the object while it was being rewrapped; what is there now is not rewrapped',
    request,
  );
}

/** The stored bytes of an object with its keys wrapped anew. */
async function rewrappedContent(
  settings: OssSettings,
  object: StoredObject,
  source: ByteTaker,
  options: RewrapOptions,
): Promise<{ readonly chunks: AsyncIterable<Uint8Array>; readonly length: number | undefined }> {
  const { headerLength, headerBytes } = await readHeader(source, object.length);
  if (options.frames === 'renew') {
    // The same bytes are authenticated below, before anything comes out.
    const header = inspectMessage(headerBytes);
    checkKeyCount(settings, header);
    checkIdentity(settings.store.bucket, object.key, header.context, options.boundTo, 'required');
    source.unread(headerBytes);
    const stored = ReadableStream.from(chunksOf(source)) as ReadableStream<Uint8Array>;
    const chunks = rewrapMessage(stored, { ...rewrapKeys(settings, options), frames: 'renew' });
    return { chunks, length: undefined };
  }
  const header = await rewrapHeader(settings, object.key, headerBytes, options);
  return { chunks: chunksOf(source, header), length: object.length - headerLength + header.length };
}

async function* chunksOf(
  source: ByteTaker,
  header?: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (header !== undefined) yield header;
  for (;;) {
    const chunk = await source.take(64 * 1024);
    if (chunk.length === 0) return;
    yield chunk;
  }
}

/** Hold the last chunk back until the stream has ended well: a request that lacks it is never stored. */
async function* heldBack(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array | undefined;
  for await (const chunk of stream) {
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (held !== undefined) yield held;
}

async function readHeader(
  source: ByteTaker,
  objectLength: number,
): Promise<{ headerLength: number; headerBytes: Uint8Array }> {
  for (let needed = 4096; ; ) {
    const bytes = await source.take(needed);
    try {
      const { headerLength } = inspectMessage(bytes);
      source.unread(bytes.subarray(headerLength));
      return { headerLength, headerBytes: bytes.slice(0, headerLength) };
    } catch (error) {
      if (!(error instanceof TruncatedMessageError) || error.needed > objectLength) throw error;
      source.unread(bytes);
      needed = headerBytesToFetch(error, bytes.length);
    }
  }
}

/** What a write must say so that the object keeps what is stored beside its bytes. */
function storedAs(object: StoredObject): WriteOptions {
  const keep = [
    'cache-control',
    'content-disposition',
    'content-encoding',
    'content-language',
    'expires',
    'x-oss-storage-class',
    'x-oss-server-side-encryption',
    'x-oss-server-side-encryption-key-id',
    'x-oss-server-side-data-encryption',
  ];
  const headers = Object.fromEntries(
    keep.flatMap((name) => {
      const value = object.headers[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return { headers, contentType: object.contentType };
}

export interface RewrapPrefixOptions extends RewrapOptions {
  /** Objects in work. By default 4. */
  readonly concurrency?: number | undefined;
  /** Change nothing, and report what would be done. */
  readonly dryRun?: boolean | undefined;
  /** Leave out objects whose wrapped keys are right already. */
  readonly skip?: ((object: ObjectHead) => boolean) | undefined;
  /** A file to note progress in, from which another run goes on. Removed when the prefix is done without failures. */
  readonly checkpoint?: string | undefined;
  /** Called after each object. */
  readonly onObject?: ((outcome: RewrapOutcome) => void) | undefined;
}

/** What became, or would become, of one object under a prefix. */
export type RewrapOutcome =
  | ({ readonly outcome: 'rewrapped' } & RewrappedObject)
  | {
      readonly outcome: 'planned';
      readonly key: string;
      readonly layout: LayoutName;
      readonly encryptedDataKeys: readonly EncryptedDataKey[];
    }
  | {
      readonly outcome: 'skipped';
      readonly key: string;
      readonly reason: 'not encrypted' | 'skip' | 'done before';
    }
  | { readonly outcome: 'failed'; readonly key: string; readonly code: string; readonly message: string };

export interface RewrapReport {
  readonly prefix: string;
  readonly rewrapped: number;
  readonly planned: number;
  readonly skipped: number;
  /** The objects that could not be rewrapped, and why. They are as they were. */
  readonly failures: readonly Extract<RewrapOutcome, { outcome: 'failed' }>[];
}

const RewrapCheckpoint = t.type({
  kind: t.literal('yunseal-rewrap'),
  version: t.literal(1),
  bucket: t.string,
  prefix: t.string,
  /** Every key up to this one is done. */
  startAfter: t.string,
});

/** Give every object under a prefix new wrapping keys. One object's failure does not stop the others. */
export async function rewrapPrefix(
  settings: OssSettings,
  prefix: string,
  options: RewrapPrefixOptions,
): Promise<RewrapReport> {
  const { concurrency = 4, checkpoint, onObject, signal } = options;
  const { bucket } = settings.store;
  const found =
    checkpoint === undefined ? undefined : await readCheckpoint(checkpoint, RewrapCheckpoint, 'a rewrap');
  if (found !== undefined && (found.bucket !== bucket || found.prefix !== prefix)) {
    throw new CheckpointError(`${checkpoint} belongs to a rewrap of ${found.bucket}/${found.prefix}`);
  }
  const counts = { rewrapped: 0, planned: 0, skipped: 0, failed: 0 };
  const failures: Extract<RewrapOutcome, { outcome: 'failed' }>[] = [];
  const progress = inOrder(async (key) => {
    if (checkpoint === undefined || options.dryRun === true || failures.length > 0) return;
    const state = { kind: 'yunseal-rewrap', version: 1, bucket, prefix, startAfter: key };
    await writeCheckpoint(checkpoint, state);
  });
  const numbered = async function* () {
    let number = 0;
    for await (const { key } of list(settings, { prefix, startAfter: found?.startAfter, signal })) {
      yield { key, number: number++ };
    }
  };
  await sideBySide(
    numbered(),
    async ({ key, number }, stop) => {
      const outcome = await rewrapOne(settings, key, { ...options, signal: stop });
      counts[outcome.outcome]++;
      if (outcome.outcome === 'failed') failures.push(outcome);
      onObject?.(outcome);
      await progress(number, key);
    },
    { concurrency, signal },
  );
  if (checkpoint !== undefined && failures.length === 0 && options.dryRun !== true) {
    await rm(checkpoint, { force: true });
  }
  const { rewrapped, planned, skipped } = counts;
  return { prefix, rewrapped, planned, skipped, failures };
}

async function rewrapOne(
  settings: OssSettings,
  key: string,
  options: RewrapPrefixOptions,
): Promise<RewrapOutcome> {
  try {
    if (options.dryRun === true || options.skip !== undefined) {
      const object = await head(settings, key, { signal: options.signal });
      if (object.layout === undefined) return { outcome: 'skipped', key, reason: 'not encrypted' };
      if (options.skip?.(object) === true) return { outcome: 'skipped', key, reason: 'skip' };
      if (options.dryRun === true) {
        const { layout, encryptedDataKeys } = object;
        return { outcome: 'planned', key, layout, encryptedDataKeys };
      }
    }
    return { outcome: 'rewrapped', ...(await rewrap(settings, key, options)) };
  } catch (error) {
    options.signal?.throwIfAborted();
    // A run that died between an object and its checkpoint leaves objects that only the new keys open.
    if (error instanceof DataKeyUnwrapError && (await opensWith(settings, key, options.to))) {
      return { outcome: 'skipped', key, reason: 'done before' };
    }
    if (error instanceof ObjectNotEncryptedError) return { outcome: 'skipped', key, reason: 'not encrypted' };
    if (error instanceof YunsealError)
      return { outcome: 'failed', key, code: error.code, message: error.message };
    throw error;
  }
}

async function opensWith(settings: OssSettings, key: string, keyring: Keyring): Promise<boolean> {
  const { suite, context, encryptedDataKeys } = await head(settings, key);
  if (suite === undefined) return false;
  try {
    const opened = await keyring.onDecrypt({ suite, encryptionContext: context }, encryptedDataKeys);
    opened.plaintextDataKey?.fill(0);
    return opened.plaintextDataKey !== undefined;
  } catch {
    return false;
  }
}

/** Calls back with the key up to which, in order, everything is done. */
function inOrder(report: (key: string) => Promise<void>): (number: number, key: string) => Promise<void> {
  const done = new Map<number, string>();
  let next = 0;
  let reporting = Promise.resolve();
  return (number, key) => {
    done.set(number, key);
    let last: string | undefined;
    for (let reached = done.get(next); reached !== undefined; reached = done.get(next)) {
      last = reached;
      done.delete(next);
      next += 1;
    }
    if (last !== undefined) {
      const reached = last;
      reporting = reporting.then(() => report(reached));
    }
    return reporting;
  };
}
