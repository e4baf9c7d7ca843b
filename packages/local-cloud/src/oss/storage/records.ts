import type { Acl, ObjectAcl, StorageClass } from '../names.ts';
import type { Segment } from './blobs.ts';

/** What the local OSS keeps, as plain records. Times are milliseconds since the epoch on the local clock. */

export interface BucketRecord {
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  readonly acl: Acl;
  readonly storageClass: StorageClass;
  readonly creationDate: number;
  /** The bucket policy's document, as it was put. */
  readonly policy?: string | undefined;
  /** How objects are encrypted that do not say it themselves. */
  readonly encryption?: EncryptionRule | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

export interface EncryptionRule {
  readonly algorithm: 'AES256' | 'KMS' | 'SM4';
  /** The KMS key; without it, the one OSS has of its own. */
  readonly keyId?: string | undefined;
}

/** What a writer gives an object beside its bytes: kept as given and returned with them. */
export interface ObjectAttributes {
  /** Lower-case names: `content-type`, `cache-control`, `content-disposition`, … */
  readonly headers: Readonly<Record<string, string>>;
  /** Lower-case names without `x-oss-meta-`. */
  readonly userMetadata: Readonly<Record<string, string>>;
  readonly acl: ObjectAcl;
  readonly storageClass: StorageClass;
  readonly tags: Readonly<Record<string, string>>;
}

export interface ObjectRecord extends ObjectAttributes {
  readonly bucket: string;
  readonly key: string;
  readonly type: 'Normal' | 'Appendable' | 'Multipart' | 'Symlink';
  readonly size: number;
  /** Upper-case hexadecimal, without quotes. */
  readonly etag: string;
  /** Decimal. */
  readonly crc64: string;
  readonly lastModified: number;
  readonly segments: readonly Segment[];
  readonly encryption?: AppliedEncryption | undefined;
}

/** Encryption at rest, as it was done to an object or will be to an upload's parts. */
export interface AppliedEncryption extends EncryptionRule {
  /** The data key as KMS wrapped it; absent where OSS holds the key itself. */
  readonly wrappedKey?: string | undefined;
}

export interface UploadRecord extends ObjectAttributes {
  readonly uploadId: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiated: number;
  readonly encryption?: AppliedEncryption | undefined;
}

export interface PartRecord {
  readonly uploadId: string;
  readonly partNumber: number;
  readonly size: number;
  readonly etag: string;
  readonly crc64: string;
  readonly lastModified: number;
  readonly segments: readonly Segment[];
}
