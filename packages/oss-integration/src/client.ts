import type { ByteRange } from './byte-range.ts';
import type { DecryptedObject, DecryptedRange, ObjectDescription } from './decrypted-object.ts';
import { type CopyCallOptions, copy } from './operations/copy.ts';
import { type DownloadOptions, download } from './operations/download.ts';
import { get } from './operations/get.ts';
import { getRange } from './operations/get-range.ts';
import { exists, head, type ObjectHead } from './operations/head.ts';
import { list } from './operations/list.ts';
import { type PutOptions, type PutResult, put } from './operations/put.ts';
import {
  type RewrapOptions,
  type RewrapPrefixOptions,
  type RewrappedObject,
  type RewrapReport,
  rewrap,
  rewrapPrefix,
} from './operations/rewrap.ts';
import { type UploadOptions, upload } from './operations/upload.ts';
import { type OssEncryptionClientOptions, type ReadCallOptions, resolveOssSettings } from './settings.ts';
import type { ObjectSource } from './source.ts';
import type { ListEntry, ListOptions } from './store/object-store.ts';

/**
 * Encrypted objects in one bucket. Every method fails with a `YunsealError`: a `StoreError` for what OSS or the
 * connection said, crypto-core's errors for what is wrong with keys or bytes.
 */
export interface OssEncryptionClient {
  /**
   * Encrypt and store an object in one request, up to 5 GiB. The object is then the new one or, as `WriteFailedError`
   * says, the old one.
   */
  put(key: string, source: ObjectSource, options?: PutOptions): Promise<PutResult>;
  /** Read and decrypt an object whole, whatever its layout. Resolves when its key and first bytes are verified. */
  get(key: string, options?: ReadCallOptions): Promise<DecryptedObject>;
  /**
   * Read and decrypt a range, fetching only the frames that hold it.
   *
   * @throws {RangeNotSatisfiableError} when no byte of it is inside the object
   */
  getRange(key: string, range: ByteRange, options?: ReadCallOptions): Promise<DecryptedRange>;
  /** What an object says of itself, without keys and unauthenticated: layout, decrypted length, suite, wrapped keys. */
  head(key: string, options?: Pick<ReadCallOptions, 'ifMatch' | 'signal'>): Promise<ObjectHead>;
  exists(key: string, options?: Pick<ReadCallOptions, 'signal'>): Promise<boolean>;
  /** Every object under a prefix, fetched page by page. Lengths are those of the stored objects. */
  list(options?: ListOptions): AsyncIterableIterator<ListEntry>;
  /** Decrypt an object and encrypt it for another key. */
  copy(sourceKey: string, key: string, options?: CopyCallOptions): Promise<PutResult>;
  /** Succeeds also when there is no such object. */
  delete(key: string, options?: Pick<ReadCallOptions, 'signal'>): Promise<void>;
  /** Encrypt and store an object in parts that are sent side by side; resumable with a `checkpoint`. */
  upload(key: string, source: ObjectSource, options?: UploadOptions): Promise<PutResult>;
  /** Decrypt an object into a file, in ranges fetched side by side; resumable with a `checkpoint`. */
  download(
    key: string,
    path: string,
    options?: DownloadOptions,
  ): Promise<ObjectDescription & { readonly length: number }>;
  /**
   * Give an object new wrapping keys, without decrypting it. Where the header is in front of the object's bytes it is
   * sent again, and OSS has no conditional PUT: let nobody else write meanwhile, or use `headerIn: 'metadata'`. Whoever
   * sees a framed object of the default suite both before and after (versioning, backups) and can write it can forge its
   * contents: pass `frames: 'renew'`, delete the old versions, or `get` and `put` the object instead.
   */
  rewrap(key: string, options: RewrapOptions): Promise<RewrappedObject>;
  /** Give every object under a prefix new wrapping keys. */
  rewrap(target: { readonly prefix: string }, options: RewrapPrefixOptions): Promise<RewrapReport>;
}

/**
 * A client for encrypted objects in the bucket of a store.
 *
 * @throws {InvalidArgumentError} naming the option that cannot be used
 */
export function createOssEncryptionClient(options: OssEncryptionClientOptions): OssEncryptionClient {
  const settings = resolveOssSettings(options);
  const { store, retry } = settings;
  function rewrapAny(key: string, call: RewrapOptions): Promise<RewrappedObject>;
  function rewrapAny(target: { readonly prefix: string }, call: RewrapPrefixOptions): Promise<RewrapReport>;
  function rewrapAny(target: string | { readonly prefix: string }, call: RewrapPrefixOptions) {
    return typeof target === 'string'
      ? rewrap(settings, target, call)
      : rewrapPrefix(settings, target.prefix, call);
  }
  return {
    put: (key, source, call) => put(settings, key, source, call),
    get: (key, call) => get(settings, key, call),
    getRange: (key, range, call) => getRange(settings, key, range, call),
    head: (key, call) => head(settings, key, call),
    exists: (key, call) => exists(settings, key, call),
    list: (call) => list(settings, call),
    copy: (sourceKey, key, call) => copy(settings, sourceKey, key, call),
    delete: (key, call) => retry(() => store.delete(key, call), call?.signal),
    upload: (key, source, call) => upload(settings, key, source, call),
    download: (key, path, call) => download(settings, key, path, call),
    rewrap: rewrapAny,
  };
}
