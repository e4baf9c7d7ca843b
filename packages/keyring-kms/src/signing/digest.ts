import { createHash } from 'node:crypto';
import { InvalidArgumentError } from '@yunseal/crypto-core';
import type { KmsSignatureAlgorithm } from '../kms-client.ts';

/** Length of every digest KMS signs, in bytes: SHA-256 and SM3 alike. */
export const digestLength = 32;

/** The identity KMS signs under where none is agreed on (GB/T 35276-2017, section 10). */
const defaultIdentity = Buffer.from('1234567812345678');

/** a, b, and the base point's coordinates of the SM2 curve (GB/T 32918.5-2017), as the identity hash takes them in. */
const sm2Domain = Buffer.from(
  [
    'fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc',
    '28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93',
    '32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7',
    'bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0',
  ].join(''),
  'hex',
);

/**
 * What SM2 puts before the message: the hash Z of the signer's identity, the curve and the public key
 * (GB/T 32918.2-2016, section 5.5).
 *
 * @param point - the public key, `04 || X || Y`.
 */
export function sm2IdentityHash(point: Uint8Array): Buffer {
  const bits = Buffer.alloc(2);
  bits.writeUInt16BE(defaultIdentity.length * 8);
  return createHash('sm3')
    .update(bits)
    .update(defaultIdentity)
    .update(sm2Domain)
    .update(point.subarray(1))
    .digest();
}

/** The digest of a message that KMS signs. `point` is needed for SM2DSA only. */
export function digestOf(
  algorithm: KmsSignatureAlgorithm,
  message: Uint8Array,
  point: Uint8Array | undefined,
): Uint8Array {
  if (algorithm !== 'SM2DSA') return createHash('sha256').update(message).digest();
  return createHash('sm3').update(sm2IdentityHash(point!)).update(message).digest();
}

/** @throws InvalidArgumentError when the digest has another length. */
export function checkDigest(digest: Uint8Array): void {
  if (digest.length !== digestLength) {
    throw new InvalidArgumentError(
      `a digest of ${digestLength} bytes is needed, this one has ${digest.length}`,
    );
  }
}

export function bytesOf(message: Uint8Array | string): Uint8Array {
  return typeof message === 'string' ? new TextEncoder().encode(message) : message;
}
