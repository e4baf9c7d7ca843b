export type { ByteRange } from './byte-range.ts';
export { createOssEncryptionClient, type OssEncryptionClient } from './client.ts';
export type { DecryptedObject, DecryptedRange, ObjectDescription } from './decrypted-object.ts';
export * from './errors.ts';
export type { ObjectBinding } from './identity.ts';
export type { LayoutName } from './layouts/layout.ts';
export {
  type KmsWrapping,
  kmsMasterKey,
  type MasterKey,
  type MaterialDescription,
  type RsaKey,
  rsaMasterKey,
  type WrapAlgorithm,
} from './master-key.ts';
export type { CopyCallOptions } from './operations/copy.ts';
export type { DownloadOptions } from './operations/download.ts';
export type { ObjectHead } from './operations/head.ts';
export type { ObjectWriteOptions, PutOptions, PutResult } from './operations/put.ts';
export type {
  RewrapOptions,
  RewrapOutcome,
  RewrapPrefixOptions,
  RewrappedObject,
  RewrapReport,
} from './operations/rewrap.ts';
export type { TransferProgress, UploadOptions } from './operations/upload.ts';
export type { RetryOptions } from './retry.ts';
export type { OssEncryptionClientOptions, ReadCallOptions } from './settings.ts';
export { type ObjectSource, SourceChangedError } from './source.ts';
export { type AliOssStoreOptions, aliOssStore } from './store/ali-oss/store.ts';
export { type AlicloudOssStoreOptions, alicloudOssStore } from './store/alicloud-oss/store.ts';
export type { EndpointOptions } from './store/endpoint.ts';
export type * from './store/object-store.ts';
export { WriteFailedError } from './write-outcome.ts';
