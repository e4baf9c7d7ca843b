import type { EncryptionContext } from '@yunseal/crypto-core';

/** Options every call takes. */
export interface KmsCallOptions {
  /** Gives the call up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called when one attempt has failed and the client is about to try again. A caller with another region to turn to
   * need not wait for the last attempt.
   */
  readonly onAttemptFailed?: ((error: Error) => void) | undefined;
}

/** What KMS says of every answer. */
export interface KmsAnswer {
  readonly requestId: string;
}

export interface GenerateDataKeyRequest {
  /** A key id, `alias/<name>`, or an ARN of the client's region. */
  readonly keyId: string;
  /** The key as the caller named it, for messages only; `keyId` when absent. */
  readonly resource?: string | undefined;
  /** Length of the data key in bytes, 1 to 1,024. */
  readonly numberOfBytes: number;
  readonly encryptionContext: EncryptionContext;
}

export interface EncryptRequest {
  readonly keyId: string;
  /** The key as the caller named it, for messages only; `keyId` when absent. */
  readonly resource?: string | undefined;
  /** At most 6 KB. */
  readonly plaintext: Uint8Array;
  readonly encryptionContext: EncryptionContext;
}

export interface ReEncryptRequest {
  readonly ciphertext: Uint8Array;
  readonly sourceEncryptionContext: EncryptionContext;
  readonly destinationKeyId: string;
  /** The destination key as the caller named it, for messages only; `destinationKeyId` when absent. */
  readonly resource?: string | undefined;
  readonly destinationEncryptionContext: EncryptionContext;
}

export interface DecryptRequest {
  readonly ciphertext: Uint8Array;
  readonly encryptionContext: EncryptionContext;
  /** The key the ciphertext is believed to be under, for messages only: KMS reads it from the ciphertext. */
  readonly resource?: string | undefined;
}

export interface DescribeKeyRequest {
  readonly keyId: string;
  /** The key as the caller named it, for messages only; `keyId` when absent. */
  readonly resource?: string | undefined;
}

export interface WrappedKey extends KmsAnswer {
  /** The key id that KMS answered (never an alias). */
  readonly keyId: string;
  readonly keyVersionId: string | undefined;
  readonly ciphertext: Uint8Array;
}

export interface GeneratedDataKey extends WrappedKey {
  readonly plaintext: Uint8Array;
}

export interface DecryptedDataKey extends KmsAnswer {
  readonly keyId: string;
  readonly keyVersionId: string | undefined;
  readonly plaintext: Uint8Array;
}

export interface KeyDescription extends KmsAnswer {
  readonly arn: string;
  readonly keyId: string;
  readonly keyState: string;
  readonly keySpec: string | undefined;
  readonly keyUsage: string | undefined;
}

/** How a region is doing, as far as this client can tell from its own calls. */
export interface KmsHealth {
  /** Whether the circuit breaker lets calls through. */
  readonly available: boolean;
  /** Smoothed time of a successful attempt in milliseconds; absent before the first. */
  readonly latencyMs: number | undefined;
}

/**
 * The few operations of one region's KMS that a keyring needs. `alicloudKmsClient` implements it over the official
 * client; anything else that can wrap and unwrap a data key can take its place.
 */
export interface KmsClient {
  readonly region: string;
  generateDataKey(request: GenerateDataKeyRequest, options?: KmsCallOptions): Promise<GeneratedDataKey>;
  encrypt(request: EncryptRequest, options?: KmsCallOptions): Promise<WrappedKey>;
  decrypt(request: DecryptRequest, options?: KmsCallOptions): Promise<DecryptedDataKey>;
  /** Needed only to turn an alias or a bare key id into an ARN. */
  describeKey(request: DescribeKeyRequest, options?: KmsCallOptions): Promise<KeyDescription>;
  /** Absent where the service has no ReEncrypt, as on a dedicated instance. */
  reEncrypt?(request: ReEncryptRequest, options?: KmsCallOptions): Promise<WrappedKey>;
  health?(): KmsHealth;
}

/** The algorithms AsymmetricSign takes. */
export type KmsSignatureAlgorithm = 'RSA_PSS_SHA_256' | 'RSA_PKCS1_SHA_256' | 'ECDSA_SHA_256' | 'SM2DSA';

export interface AsymmetricKeyReference {
  readonly keyId: string;
  readonly keyVersionId: string;
}

/** An asymmetric key that something is asked of. */
export interface AsymmetricKeyRequest extends AsymmetricKeyReference {
  /** The key as the caller named it, for messages only; `keyId` when absent. */
  readonly resource?: string | undefined;
}

/** The operations `kmsSigner` and `kmsVerifier` need. */
export interface KmsSigningClient {
  readonly region: string;
  asymmetricSign(
    request: AsymmetricKeyRequest & {
      readonly algorithm: KmsSignatureAlgorithm;
      readonly digest: Uint8Array;
    },
    options?: KmsCallOptions,
  ): Promise<KmsAnswer & AsymmetricKeyReference & { readonly signature: Uint8Array }>;
  asymmetricVerify(
    request: AsymmetricKeyRequest & {
      readonly algorithm: KmsSignatureAlgorithm;
      readonly digest: Uint8Array;
      readonly signature: Uint8Array;
    },
    options?: KmsCallOptions,
  ): Promise<KmsAnswer & AsymmetricKeyReference & { readonly valid: boolean }>;
  getPublicKey(
    request: AsymmetricKeyRequest,
    options?: KmsCallOptions,
  ): Promise<
    KmsAnswer & AsymmetricKeyReference & { /** SubjectPublicKeyInfo in PEM. */ readonly publicKey: string }
  >;
}

/** A secret's value as KMS stores it. */
export interface StoredSecret extends KmsAnswer {
  readonly name: string;
  readonly versionId: string;
  readonly versionStages: readonly string[];
  readonly dataType: 'text' | 'binary';
  /** The text; or, for `binary`, the Base64 text KMS keeps. */
  readonly data: string;
  /** Whether KMS rotates the secret by itself. */
  readonly automaticRotation: boolean;
  /** When KMS will next rotate it, in milliseconds since the Unix epoch; absent when it is not rotated. */
  readonly nextRotationAt: number | undefined;
}

/** The operations `getSecret` and `secretsManagerKeyring` need. */
export interface KmsSecretsClient {
  readonly region: string;
  getSecretValue(
    request: {
      readonly secretName: string;
      readonly versionId?: string | undefined;
      readonly versionStage?: string | undefined;
    },
    options?: KmsCallOptions,
  ): Promise<StoredSecret>;
  createSecret(
    request: {
      readonly secretName: string;
      readonly versionId: string;
      readonly secretData: string;
      readonly secretDataType: 'text' | 'binary';
      readonly encryptionKeyId?: string | undefined;
    },
    options?: KmsCallOptions,
  ): Promise<KmsAnswer & { readonly versionId: string }>;
}
