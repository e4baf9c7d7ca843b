export * from './errors.ts';
export type {
  DecryptionMaterials,
  EncryptedDataKey,
  EncryptionContext,
  EncryptionMaterials,
  Keyring,
} from './keyring.ts';
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
