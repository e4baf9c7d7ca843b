import type { AlgorithmSuite } from './suites/suite.ts';

/** Names and values that are bound to a message: authenticated, not secret. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** One wrapping of a message's data key. */
export interface EncryptedDataKey {
  /** Which kind of keyring can unwrap it, for example `acs-kms`. */
  readonly providerId: string;
  /**
   * Which wrapping key can unwrap it, for example the key's ARN. Some providers store binary here (the raw AES keyring
   * does): a byte that is not UTF-8 stands as the lone surrogate U+DC00 + byte, so that every byte string has exactly
   * one text. `encodeProviderInfo` and `decodeProviderInfo` convert.
   */
  readonly providerInfo: string;
  readonly ciphertext: Uint8Array;
}

/** What a message is encrypted with. Immutable: a keyring returns new materials. */
export interface EncryptionMaterials {
  readonly suite: AlgorithmSuite;
  readonly encryptionContext: EncryptionContext;
  readonly encryptedDataKeys: readonly EncryptedDataKey[];
  /**
   * `suite.dataKeyLength` bytes. Whoever receives materials owns this array and zeroes it when the operation ends,
   * so a keyring must return bytes of its own and keep no use for them.
   */
  readonly plaintextDataKey?: Uint8Array | undefined;
}

/** What a message is decrypted with. Immutable: a keyring returns new materials. */
export interface DecryptionMaterials {
  readonly suite: AlgorithmSuite;
  readonly encryptionContext: EncryptionContext;
  /** As in {@link EncryptionMaterials}: owned, and zeroed, by the receiver. */
  readonly plaintextDataKey?: Uint8Array | undefined;
}

/** The one seam between messages and whatever holds the wrapping keys. */
export interface Keyring {
  /**
   * Wrap the data key (generating it first when the materials have none); add one encrypted data key per wrapping key.
   */
  onEncrypt(materials: EncryptionMaterials): Promise<EncryptionMaterials>;
  /**
   * Try the encrypted data keys, in order, until one unwraps; give the materials back unchanged when none does. Materials
   * that hold a data key already are a mistake of the caller's: fail, or give them back.
   */
  onDecrypt(
    materials: DecryptionMaterials,
    encryptedDataKeys: readonly EncryptedDataKey[],
  ): Promise<DecryptionMaterials>;
}
