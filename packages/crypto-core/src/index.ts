export {
  type AliyunMessageParts,
  decodeAliyunBody,
  encodeAliyunBody,
  joinAliyunMessage,
  parseAliyunHeader,
  sealAliyunHeader,
  splitAliyunMessage,
  verifyAliyunHeader,
} from './aliyun/detached.ts';
export type { RsaJwk, RsaKeyInput, RsaKeyObject, RsaPadding } from './backend/backend.ts';
export {
  createEncryptionClient,
  type DecryptResult,
  type DecryptStreamOptions,
  type EncryptionClient,
  type EncryptResult,
} from './client/client.ts';
export { inspectMessage } from './client/inspect.ts';
export type { EncryptionClientOptions } from './client/options.ts';
export type { CommitmentPolicy } from './client/policies.ts';
export { type RewrapOptions, rewrapMessage } from './client/rewrap.ts';
export type { DecryptOptions, EncryptOptions, SignedMessages } from './client/sessions.ts';
export { serializeContext } from './encryption-context.ts';
export * from './errors.ts';
export type { FramedLayout, FrameSpan } from './framed/layout.ts';
export type { MessageReader } from './framed/message-reader.ts';
export type { MessageWriter } from './framed/message-writer.ts';
export type { AliyunEncoding, AliyunHeader, FramedHeader, MessageHeader } from './header.ts';
export type {
  DecryptionMaterials,
  EncryptedDataKey,
  EncryptionContext,
  EncryptionMaterials,
  Keyring,
} from './keyring.ts';
export { type MultiKeyringOptions, multiKeyring } from './keyrings/multi.ts';
export { type RawAesKeyringOptions, rawAesKeyring } from './keyrings/raw-aes.ts';
export { type RawRsaKeyringOptions, rawRsaKeyring } from './keyrings/raw-rsa.ts';
export {
  type CachingLimits,
  type CachingMaterials,
  type CachingMaterialsOptions,
  cachingMaterials,
} from './materials/caching.ts';
export { defaultMaterials } from './materials/default.ts';
export type { KeySource } from './materials/key-source.ts';
export type {
  DecryptionMaterialsRequest,
  EncryptionMaterialsRequest,
  MaterialsManager,
  MessageDecryptionMaterials,
  MessageEncryptionMaterials,
} from './materials/manager.ts';
export type { AlgorithmSuite, CipherName, FormatName, HashName, SuiteSignature } from './suites/suite.ts';
export { type SuiteId, type SuiteName, type SuiteReference, suites } from './suites/table.ts';
export { decodeProviderInfo, encodeProviderInfo } from './text.ts';
