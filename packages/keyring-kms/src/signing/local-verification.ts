import { constants, createVerify, verify } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { SignatureAlgorithmError } from '../errors.ts';
import type { KmsSignatureAlgorithm } from '../kms-client.ts';
import { digestLength, sm2IdentityHash } from './digest.ts';
import type { VerificationKey } from './public-key.ts';

/** Verifies a signature over a message with OpenSSL. */
export function verifyLocally(
  algorithm: KmsSignatureAlgorithm,
  { key, point }: VerificationKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (algorithm) {
    case 'RSA_PKCS1_SHA_256':
      return verify('sha256', message, { key, padding: constants.RSA_PKCS1_PADDING }, signature);
    case 'RSA_PSS_SHA_256':
      return verify(
        'sha256',
        message,
        { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: digestLength },
        signature,
      );
    case 'ECDSA_SHA_256':
      return verify('sha256', message, { key, dsaEncoding: 'der' }, signature);
    case 'SM2DSA':
      // OpenSSL's one-step verification hashes an identity of its own choice in; its two-step one hashes what it is given.
      return createVerify('sm3').update(sm2IdentityHash(point!)).update(message).verify(key, signature);
  }
}

/**
 * Verifies a signature over a digest. node:crypto always hashes what it verifies, so this is for the algorithms an audited
 * library verifies from the digest.
 *
 * @throws SignatureAlgorithmError for RSA and SM2.
 */
export function verifyDigestLocally(
  algorithm: KmsSignatureAlgorithm,
  { kind, point }: VerificationKey,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (algorithm !== 'ECDSA_SHA_256') {
    throw new SignatureAlgorithmError(
      `a digest cannot be verified locally with ${algorithm}: verify the message itself, or verify through KMS`,
    );
  }
  const curve = kind === 'P-256K' ? secp256k1 : p256;
  try {
    // KMS, like OpenSSL, does not normalize s, so both of its values are signatures.
    return curve.verify(signature, digest, point!, { prehash: false, format: 'der', lowS: false });
  } catch {
    return false;
  }
}
