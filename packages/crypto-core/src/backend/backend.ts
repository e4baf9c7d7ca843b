import type { HashName, SuiteSignature } from '../suites/suite.ts';
import type { BodyCipher, BodyKey } from './body-key.ts';

/**
 * Node's ciphers answer at once and WebCrypto's later. Code over a backend awaits only when there is something to
 * await (`if (pending instanceof Promise) await pending`), so that a message of many frames costs no promise per frame.
 */
export type MaybePromise<T> = T | Promise<T>;

/** A GCM key: AES of 128, 192 or 256 bits, 12-byte IVs, 16-byte tags. */
export interface GcmKey {
  /** Write ciphertext, then tag, to `output` at `offset`. */
  seal(
    iv: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
    output: Uint8Array,
    offset: number,
  ): MaybePromise<void>;
  /**
   * Check the tag that follows the ciphertext in `sealed` and write the plaintext to `output` at `offset`.
   * False, with that part of `output` zeroed or untouched, when the tag does not match.
   */
  open(
    iv: Uint8Array,
    aad: Uint8Array,
    sealed: Uint8Array,
    output: Uint8Array,
    offset: number,
  ): MaybePromise<boolean>;
}

export interface SigningKeyPair {
  /** The platform's handle of the private key. */
  readonly privateKey: object;
  /** The public point, compressed (SEC 1, section 2.3.3). */
  readonly publicPoint: Uint8Array;
}

/** An ECDSA signature in the making. */
export interface Signer {
  update(bytes: Uint8Array): void;
  /** The signature as a DER `ECDSA-Sig-Value`. */
  sign(): MaybePromise<Uint8Array>;
}

export interface Verifier {
  update(bytes: Uint8Array): void;
  verify(signature: Uint8Array): MaybePromise<boolean>;
}

export type RsaPadding = 'oaep-sha1' | 'oaep-sha256' | 'oaep-sha384' | 'oaep-sha512' | 'pkcs1';

/** An RSA key as callers have it: PEM text, DER bytes (SPKI or PKCS#8), a JWK, or a node:crypto KeyObject. */
export type RsaKeyInput = string | Uint8Array | RsaJwk | RsaKeyObject;

/** The members of an RSA JSON Web Key (RFC 7518, section 6.3) that matter here. */
export interface RsaJwk {
  readonly kty: 'RSA' | string;
  readonly n?: string | undefined;
  readonly e?: string | undefined;
  readonly d?: string | undefined;
  readonly [member: string]: unknown;
}

/** What a node:crypto KeyObject shows of itself. */
export interface RsaKeyObject {
  readonly type: 'public' | 'private' | 'secret';
  readonly asymmetricKeyType?: string | undefined;
}

export interface RsaPublicKey {
  encrypt(plaintext: Uint8Array): MaybePromise<Uint8Array>;
}

export interface RsaPrivateKey {
  /** Undefined when the ciphertext does not decrypt. */
  decrypt(ciphertext: Uint8Array): MaybePromise<Uint8Array | undefined>;
}

/** Everything the package asks of the platform. `#backend` resolves to the implementation for the platform. */
export interface Backend {
  readonly name: 'node' | 'web';
  /** An array of its own memory with undefined content, for a caller that writes every byte: zeroing costs time. */
  allocate(length: number): Uint8Array;
  /**
   * A data key in the cipher of a suite of the aliyun format. The caller may zero `key` as soon as this returned (or
   * resolved).
   *
   * @throws {UnsupportedAlgorithmError} when the platform lacks the cipher
   */
  bodyKey(suite: BodyCipher, key: Uint8Array): MaybePromise<BodyKey>;
  /** The caller may zero `key` as soon as this returned (or resolved). */
  gcmKey(key: Uint8Array): MaybePromise<GcmKey>;
  /** HKDF (RFC 5869) of one input key to as many outputs as there are infos. */
  hkdf(
    hash: HashName,
    key: Uint8Array,
    salt: Uint8Array,
    infos: readonly Uint8Array[],
    length: number,
  ): MaybePromise<Uint8Array[]>;
  /** In hexadecimal digits. */
  sha384(bytes: Uint8Array): MaybePromise<string>;
  /** Constant-time comparison; false when the lengths differ. */
  equal(left: Uint8Array, right: Uint8Array): boolean;
  generateSigningKey(signature: SuiteSignature): MaybePromise<SigningKeyPair>;
  signer(signature: SuiteSignature, privateKey: object): Signer;
  /** @throws {MalformedMessageError | Error} when the point is not on the curve */
  verifier(signature: SuiteSignature, publicPoint: Uint8Array): MaybePromise<Verifier>;
  /** Whether a signature can be computed over a stream of unknown length in bounded memory. */
  readonly incrementalSignatures: boolean;
  rsaPublicKey(key: RsaKeyInput, padding: RsaPadding): MaybePromise<RsaPublicKey>;
  rsaPrivateKey(key: RsaKeyInput, padding: RsaPadding): MaybePromise<RsaPrivateKey>;
}
