import type { KeyObject, X509Certificate } from 'node:crypto';
import { SignatureAlgorithmError } from '../errors.ts';
import type { KmsCallOptions, KmsSignatureAlgorithm } from '../kms-client.ts';
import { bytesOf, checkDigest } from './digest.ts';
import { type KmsAsymmetricKeyOptions, kmsAsymmetricKey } from './kms-key.ts';
import { verifyDigestLocally, verifyLocally } from './local-verification.ts';
import {
  certificateKey,
  checkKeyFits,
  onlyAlgorithmOf,
  type VerificationKey,
  verificationKey,
} from './public-key.ts';

/** Verify here, with a public key. */
export interface PublicKeyVerifierOptions {
  /** SubjectPublicKeyInfo in PEM, as `KmsSigner.publicKey` gives it, or a KeyObject. */
  readonly publicKey: string | KeyObject;
  /** May be left out for an elliptic-curve key, which has only one. */
  readonly algorithm?: KmsSignatureAlgorithm | undefined;
}

/** Verify here, with the public key of an X.509 certificate that the caller has checked. */
export interface CertificateVerifierOptions {
  readonly certificate: string | X509Certificate;
  readonly algorithm?: KmsSignatureAlgorithm | undefined;
}

export type KmsVerifierOptions =
  | KmsAsymmetricKeyOptions
  | PublicKeyVerifierOptions
  | CertificateVerifierOptions;

/** Verifies signatures that a KMS key made. */
export interface KmsVerifier {
  readonly algorithm: KmsSignatureAlgorithm;
  /** Whether the signature is the key's over this message (a string as UTF-8). A malformed signature is not. */
  verify(message: Uint8Array | string, signature: Uint8Array, options?: KmsCallOptions): Promise<boolean>;
  /** The same for a digest of 32 bytes. Locally for ECDSA only; with RSA and SM2 keys it rejects with SignatureAlgorithmError. */
  verifyDigest(digest: Uint8Array, signature: Uint8Array, options?: KmsCallOptions): Promise<boolean>;
}

/**
 * A verifier: through KMS when given `keyId`, without any call when given `publicKey` or `certificate`.
 *
 * @throws SignatureAlgorithmError when the key does not fit the algorithm; KeyIdentifierError when the key id cannot be
 * understood.
 */
export function kmsVerifier(options: KmsVerifierOptions): KmsVerifier {
  if ('keyId' in options) return remoteVerifier(options);
  return 'certificate' in options
    ? localVerifier(certificateKey(options.certificate), options.algorithm)
    : localVerifier(verificationKey(options.publicKey), options.algorithm);
}

function remoteVerifier(options: KmsAsymmetricKeyOptions): KmsVerifier {
  const key = kmsAsymmetricKey(options);
  const { algorithm } = options;

  async function verifyDigest(
    digest: Uint8Array,
    signature: Uint8Array,
    callOptions: KmsCallOptions = {},
  ): Promise<boolean> {
    checkDigest(digest);
    const request = { ...key.reference, algorithm, digest, signature };
    return (await key.client.asymmetricVerify(request, callOptions)).valid;
  }

  return {
    algorithm,
    verifyDigest,
    verify: async (message, signature, callOptions = {}) =>
      verifyDigest(await key.digest(message, callOptions), signature, callOptions),
  };
}

function localVerifier(key: VerificationKey, wanted: KmsSignatureAlgorithm | undefined): KmsVerifier {
  const algorithm = wanted ?? onlyAlgorithmOf(key);
  if (algorithm === undefined) {
    throw new SignatureAlgorithmError(
      'an RSA key signs by RSA_PSS_SHA_256 or RSA_PKCS1_SHA_256: set algorithm to the one that was used',
    );
  }
  checkKeyFits(algorithm, key);
  return {
    algorithm,
    async verify(message, signature) {
      return verifyLocally(algorithm, key, bytesOf(message), signature);
    },
    async verifyDigest(digest, signature) {
      checkDigest(digest);
      return verifyDigestLocally(algorithm, key, digest, signature);
    },
  };
}
