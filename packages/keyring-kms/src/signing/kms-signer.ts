import type { KmsCallOptions, KmsSignatureAlgorithm } from '../kms-client.ts';
import { checkDigest } from './digest.ts';
import { type KmsAsymmetricKeyOptions, kmsAsymmetricKey } from './kms-key.ts';

export interface KmsSignerOptions extends KmsAsymmetricKeyOptions {}

/** Signs with a key that never leaves KMS. Signatures are as KMS gives them: DER for ECDSA and SM2, raw for RSA. */
export interface KmsSigner {
  readonly algorithm: KmsSignatureAlgorithm;
  /** Hashes the message here (a string as UTF-8) and has KMS sign the digest. */
  sign(message: Uint8Array | string, options?: KmsCallOptions): Promise<Uint8Array>;
  /** Has KMS sign a digest of 32 bytes: SHA-256; for SM2DSA, SM3 over the identity hash and the message. */
  signDigest(digest: Uint8Array, options?: KmsCallOptions): Promise<Uint8Array>;
  /** SubjectPublicKeyInfo in PEM, for whoever verifies locally. */
  publicKey(options?: KmsCallOptions): Promise<string>;
}

/**
 * A signer over a KMS asymmetric key.
 *
 * @throws KeyIdentifierError when the key id cannot be understood. Calls reject with a `KmsError` subclass, and with
 * SignatureAlgorithmError where the key turns out not to fit the algorithm.
 */
export function kmsSigner(options: KmsSignerOptions): KmsSigner {
  const key = kmsAsymmetricKey(options);
  const { algorithm } = options;

  async function signDigest(digest: Uint8Array, callOptions: KmsCallOptions = {}): Promise<Uint8Array> {
    checkDigest(digest);
    const answer = await key.client.asymmetricSign({ ...key.reference, algorithm, digest }, callOptions);
    return answer.signature;
  }

  return {
    algorithm,
    signDigest,
    sign: async (message, callOptions = {}) =>
      signDigest(await key.digest(message, callOptions), callOptions),
    publicKey: (callOptions = {}) => key.publicKey(callOptions),
  };
}
