import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { SignatureAlgorithmError } from '../errors.ts';
import type { KmsSignatureAlgorithm } from '../kms-client.ts';

/** The kinds of asymmetric key KMS signs with. */
export type SigningKeyKind = 'RSA' | 'P-256' | 'P-256K' | 'SM2';

/** A public key, with what the algorithms need of it. */
export interface VerificationKey {
  readonly key: KeyObject;
  readonly kind: SigningKeyKind;
  /** The uncompressed point `04 || X || Y` of an elliptic-curve key, 65 bytes. */
  readonly point: Uint8Array | undefined;
}

/** SubjectPublicKeyInfo of a 256-bit curve up to the point: the curves' object identifiers are in it. */
const curvePrefixes: readonly (readonly [SigningKeyKind, string])[] = [
  ['P-256', '3059301306072a8648ce3d020106082a8648ce3d030107034200'],
  ['P-256K', '3056301006072a8648ce3d020106052b8104000a034200'],
  ['SM2', '3059301306072a8648ce3d020106082a811ccf5501822d034200'],
];

/**
 * Reads a public key.
 *
 * @param source - SubjectPublicKeyInfo in PEM (what GetPublicKey gives), or a KeyObject.
 * @throws SignatureAlgorithmError when it is no public key, or not of a kind KMS signs with.
 */
export function verificationKey(source: string | KeyObject): VerificationKey {
  let key: KeyObject;
  try {
    key = typeof source === 'string' ? createPublicKey(source) : source;
  } catch {
    throw new SignatureAlgorithmError('the public key is no SubjectPublicKeyInfo in PEM');
  }
  if (key.type !== 'public')
    throw new SignatureAlgorithmError(`a public key is needed, not a ${key.type} one`);
  if (key.asymmetricKeyType === 'rsa') return { key, kind: 'RSA', point: undefined };
  // OpenSSL gives an SM2 key no type that Node.js knows, so curves are told apart by their identifiers.
  const spki = key.export({ type: 'spki', format: 'der' });
  const hex = spki.toString('hex');
  for (const [kind, prefix] of curvePrefixes) {
    if (hex.startsWith(`${prefix}04`)) return { key, kind, point: spki.subarray(prefix.length / 2) };
  }
  throw new SignatureAlgorithmError(
    `a ${key.asymmetricKeyType ?? 'key of unknown type'} public key is none that KMS signs with: RSA, P-256, P-256K (secp256k1) or SM2, uncompressed`,
  );
}

/**
 * Takes the public key out of an X.509 certificate. Whether to trust the certificate (its chain, its dates) is for the
 * caller to decide beforehand.
 *
 * @throws SignatureAlgorithmError when the text is no certificate.
 */
export function certificateKey(certificate: string | X509Certificate): VerificationKey {
  let parsed: X509Certificate;
  try {
    parsed = typeof certificate === 'string' ? new X509Certificate(certificate) : certificate;
  } catch {
    throw new SignatureAlgorithmError('the certificate is no X.509 certificate in PEM');
  }
  return verificationKey(parsed.publicKey);
}

const kindsOf: Readonly<Record<KmsSignatureAlgorithm, readonly SigningKeyKind[]>> = {
  RSA_PSS_SHA_256: ['RSA'],
  RSA_PKCS1_SHA_256: ['RSA'],
  ECDSA_SHA_256: ['P-256', 'P-256K'],
  SM2DSA: ['SM2'],
};

/** @throws SignatureAlgorithmError when the key is not one the algorithm uses. */
export function checkKeyFits(algorithm: KmsSignatureAlgorithm, key: VerificationKey): void {
  if (!kindsOf[algorithm].includes(key.kind)) {
    throw new SignatureAlgorithmError(
      `${algorithm} needs a ${kindsOf[algorithm].join(' or ')} key, this is a ${key.kind} key`,
    );
  }
}

/** The algorithm a key can only be for; `undefined` for RSA, which has two. */
export function onlyAlgorithmOf(key: VerificationKey): KmsSignatureAlgorithm | undefined {
  if (key.kind === 'RSA') return undefined;
  return key.kind === 'SM2' ? 'SM2DSA' : 'ECDSA_SHA_256';
}
