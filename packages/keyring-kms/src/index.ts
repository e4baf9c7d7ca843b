export {
  type AlicloudKmsClient,
  type AlicloudKmsClientOptions,
  alicloudKmsClient,
  type KmsConnectionOptions,
} from './client/alicloud-kms-client.ts';
export { type RegionalKmsOptions, regionalKmsClients } from './client/regional-clients.ts';
export { type FailedKmsCall, toKmsError } from './client/to-kms-error.ts';
export * from './errors.ts';
export type { KmsEvent, KmsEventListener } from './events.ts';
export {
  type AliasArn,
  formatKeyArn,
  type KeyArn,
  type KeyIdentifier,
  type ParsedKeyArn,
  parseKeyArn,
} from './key-identifier.ts';
export { type KmsDiscoveryKeyringOptions, kmsDiscoveryKeyring } from './keyrings/discovery-keyring.ts';
export { type KmsKeyring, type KmsKeyringOptions, kmsKeyring } from './keyrings/kms-keyring.ts';
export type { RegionPreference } from './keyrings/unwrap.ts';
export type * from './kms-client.ts';
export type { RateOptions } from './resilience/adaptive-rate.ts';
export type { Clock } from './resilience/clock.ts';
export type { CircuitBreakerOptions } from './resilience/region-guard.ts';
export type { RetryOptions } from './resilience/retry.ts';
export type { BodyEncoding } from './secrets/body-encoding.ts';
export {
  type GetSecretOptions,
  type KmsSecrets,
  type KmsSecretsOptions,
  kmsSecrets,
  type Secret,
} from './secrets/kms-secrets.ts';
export {
  kmsSecretProviderId,
  type SecretsManagerKeyring,
  type SecretsManagerKeyringOptions,
  secretsManagerKeyring,
} from './secrets/secrets-manager-keyring.ts';
export type { KmsAsymmetricKeyOptions } from './signing/kms-key.ts';
export { type KmsSigner, type KmsSignerOptions, kmsSigner } from './signing/kms-signer.ts';
export {
  type CertificateVerifierOptions,
  type KmsVerifier,
  type KmsVerifierOptions,
  kmsVerifier,
  type PublicKeyVerifierOptions,
} from './signing/kms-verifier.ts';
