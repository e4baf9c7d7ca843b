import type { AlgorithmSuite } from '../suites/suite.ts';
import type { MaybePromise } from './backend.ts';

/** What an implementation must know of a suite to make a key for it. */
export type BodyCipher = Pick<AlgorithmSuite, 'name' | 'cipher' | 'padding'>;

/**
 * The data key of a message of the aliyun format, in that message's cipher: GCM, CBC or CTR over AES or SM4.
 * IVs have the suite's length. The additional authenticated data is for GCM; the others ignore it.
 */
export interface BodyKey {
  /** The GCM tag over these data alone, under a 12-byte IV, whatever the suite's own mode. */
  gmac(iv: Uint8Array, aad: Uint8Array): MaybePromise<Uint8Array>;
  /** Write the ciphertext to `output` at `offset`. Gives the tag, which is empty where the mode has none. */
  encrypt(
    iv: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
    output: Uint8Array,
    offset: number,
  ): MaybePromise<Uint8Array>;
  /** The plaintext, or undefined when the tag or the padding is wrong. */
  decrypt(
    iv: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
    tag: Uint8Array,
  ): MaybePromise<Uint8Array | undefined>;
  /** @throws {UnsupportedAlgorithmError} where the platform cannot encrypt piece by piece */
  encryptor(iv: Uint8Array, aad: Uint8Array): BodyEncryptor;
  /** @throws {UnsupportedAlgorithmError} where the platform cannot decrypt piece by piece */
  decryptor(iv: Uint8Array, aad: Uint8Array): BodyDecryptor;
}

/** Encrypts one body piece by piece. Pieces given back belong to the receiver. */
export interface BodyEncryptor {
  update(plaintext: Uint8Array): Uint8Array;
  /** The last piece, and the tag. */
  final(): { readonly ciphertext: Uint8Array; readonly tag: Uint8Array };
}

/** Decrypts one body piece by piece. What `update` gives is not authenticated until `final` has given something. */
export interface BodyDecryptor {
  update(ciphertext: Uint8Array): Uint8Array;
  /** The last piece, or undefined when the tag or the padding is wrong. */
  final(tag: Uint8Array): Uint8Array | undefined;
}
