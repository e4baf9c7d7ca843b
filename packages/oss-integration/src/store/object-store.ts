/** The bytes of one request: all of them, or a stream that can be read once. */
export type StoreBody =
  | Uint8Array
  | {
      readonly stream: AsyncIterable<Uint8Array>;
      /** Bytes that the stream will give; without it the request is sent chunked. */
      readonly length?: number | undefined;
    };

/** Encryption at rest by the service itself, beside what this package does. */
export type ServerSideEncryption =
  | { readonly algorithm: 'AES256' | 'SM4' }
  | {
      readonly algorithm: 'KMS';
      /** The key's id; without it, the service's own key. */
      readonly keyId?: string | undefined;
      readonly dataAlgorithm?: 'SM4' | undefined;
    };

/** What is stored beside an object's bytes. */
export interface WriteOptions {
  /** User metadata: names in lower case without `x-oss-meta-`. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string | undefined;
  readonly serverSideEncryption?: ServerSideEncryption | undefined;
  /** Further request headers that the service stores or obeys, for example `x-oss-storage-class`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Refuse to replace an object (`x-oss-forbid-overwrite`). */
  readonly ifAbsent?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A range of bytes: first and last, both included, as HTTP counts. */
export interface ClosedRange {
  readonly first: number;
  readonly last: number;
}

export interface ReadOptions {
  /** The bytes wanted; a `last` beyond the end gives what there is. */
  readonly range?: ClosedRange | { readonly suffix: number } | undefined;
  /** Read only if the object still has this ETag; otherwise `ObjectChangedError`. */
  readonly ifMatch?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What the store knows of an object. */
export interface StoredObject {
  readonly key: string;
  /** Bytes of the whole object, whatever range was read. */
  readonly length: number;
  /** As the service gives it, quotes included. */
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType?: string | undefined;
  readonly lastModified?: Date | undefined;
  /** CRC-64/XZ of the whole object. */
  readonly crc64?: bigint | undefined;
  readonly versionId?: string | undefined;
  /** `Normal`, `Multipart`, `Appendable`. */
  readonly objectType?: string | undefined;
  /** Every response header, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One read: what is said of the object and the bytes belong together. */
export interface ObjectRead extends StoredObject {
  /** The bytes that `body` gives; undefined for an empty object. */
  readonly range: ClosedRange | undefined;
  /** Read it to its end, or leave the loop early: either way the connection is given back. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface WriteResult {
  readonly etag: string;
  /** CRC-64/XZ of the whole object, as the service computed it. */
  readonly crc64?: bigint | undefined;
  readonly versionId?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface ListOptions {
  readonly prefix?: string | undefined;
  /** List keys after this one, in UTF-8 order. */
  readonly startAfter?: string | undefined;
  /** Entries per page: 1 to 1,000. */
  readonly pageSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ListEntry {
  readonly key: string;
  /** Bytes as stored, not as decrypted. */
  readonly length: number;
  readonly etag: string;
  readonly lastModified?: Date | undefined;
  readonly storageClass?: string | undefined;
}

export interface ListPage {
  readonly entries: readonly ListEntry[];
  /** Where the next page starts; undefined on the last one. */
  readonly startAfter: string | undefined;
}

export interface CopyOptions extends WriteOptions {
  /** The source's bucket; by default the store's own. */
  readonly sourceBucket?: string | undefined;
  /** Copy only if the source still has this ETag; otherwise `ObjectChangedError`. */
  readonly ifSourceMatch?: string | undefined;
}

export interface StoredPart {
  /** From 1 to 10,000. */
  readonly partNumber: number;
  readonly etag: string;
  readonly length: number;
}

/**
 * The port to object storage: what an encryption client asks of OSS, and no more. One request each; no retries, which
 * are the client's. Every method fails with a `StoreError`; no error, and nothing reachable from one, holds a URL,
 * a signature or a token. Prove an implementation with `objectStoreConformance` of `@yunseal/oss-integration/testing`.
 */
export interface ObjectStore {
  readonly bucket: string;
  /** Store an object whole, or not at all. */
  put(key: string, body: StoreBody, options?: WriteOptions): Promise<WriteResult>;
  /** Metadata and bytes of one version of the object, in one request. */
  get(key: string, options?: ReadOptions): Promise<ObjectRead>;
  head(key: string, options?: Pick<ReadOptions, 'ifMatch' | 'signal'>): Promise<StoredObject>;
  list(options?: ListOptions): Promise<ListPage>;
  /** Succeeds also when there is no such object. */
  delete(key: string, options?: Pick<ReadOptions, 'signal'>): Promise<void>;
  /** Copy inside the service. With `metadata`, it replaces the source's; without, the source's is kept. */
  copy(sourceKey: string, key: string, options?: CopyOptions): Promise<WriteResult>;
  /** Gives the upload id. */
  createMultipartUpload(key: string, options?: WriteOptions): Promise<string>;
  uploadPart(
    key: string,
    uploadId: string,
    partNumber: number,
    body: Uint8Array,
    options?: Pick<ReadOptions, 'signal'>,
  ): Promise<StoredPart & { readonly crc64?: bigint | undefined }>;
  /** Every part that the service has, in order. */
  listParts(
    key: string,
    uploadId: string,
    options?: Pick<ReadOptions, 'signal'>,
  ): Promise<readonly StoredPart[]>;
  completeMultipartUpload(
    key: string,
    uploadId: string,
    parts: readonly StoredPart[],
    options?: Pick<WriteOptions, 'ifAbsent' | 'signal'>,
  ): Promise<WriteResult>;
  /** Succeeds also when there is no such upload. */
  abortMultipartUpload(key: string, uploadId: string, options?: Pick<ReadOptions, 'signal'>): Promise<void>;
}
