import type {
  DecryptionMaterials,
  EncryptedDataKey,
  EncryptionContext,
  EncryptionMaterials,
} from '../keyring.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';

/** What the client asks for before it writes a message. */
export interface EncryptionMaterialsRequest {
  readonly suite: AlgorithmSuite;
  readonly encryptionContext: EncryptionContext;
  /** Length of the plaintext in bytes, where it is known beforehand. */
  readonly plaintextLength?: number | undefined;
}

/** What the client asks for before it reads a message. */
export interface DecryptionMaterialsRequest {
  readonly suite: AlgorithmSuite;
  /** The entries stored in the message, and those the caller supplied because they are not stored. */
  readonly encryptionContext: EncryptionContext;
  readonly encryptedDataKeys: readonly EncryptedDataKey[];
}

/** Materials for one whole message: what the keyring made, and the key of the footer signature. */
export interface MessageEncryptionMaterials extends EncryptionMaterials {
  readonly plaintextDataKey: Uint8Array;
  /** The private key of a signed suite; an opaque handle of the platform's, never bytes. */
  readonly signingKey?: object | undefined;
}

export interface MessageDecryptionMaterials extends DecryptionMaterials {
  readonly plaintextDataKey: Uint8Array;
}

/**
 * Decides which data key a message gets: a fresh one from a keyring each time, or a cached one.
 * The caller owns, and zeroes, the `plaintextDataKey` of what is returned.
 *
 * @see framework/cmm-interface.md of the AWS Encryption SDK specification
 */
export interface MaterialsManager {
  getEncryptionMaterials(request: EncryptionMaterialsRequest): Promise<MessageEncryptionMaterials>;
  getDecryptionMaterials(request: DecryptionMaterialsRequest): Promise<MessageDecryptionMaterials>;
}
