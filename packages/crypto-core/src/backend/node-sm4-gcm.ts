import { createCipheriv, type KeyObject, timingSafeEqual } from 'node:crypto';
import { ghash } from '@noble/ciphers/_polyval.js';
import type { BodyDecryptor, BodyEncryptor } from './body-key.ts';

/*
 * GCM over SM4 (RFC 8998 registers it; the mode is NIST SP 800-38D with another block cipher). OpenSSL as Node.js
 * ships it has SM4 but not this mode, so it is put together here from OpenSSL's SM4 and an audited GHASH. Section
 * numbers are those of SP 800-38D. The GHASH's module is exported by its package under an underscore, so package.json
 * takes patch releases only.
 */

const blockLength = 16;
const empty = new Uint8Array(0);

/** Section 7.1. `iv` is 12 bytes. */
export function sm4GcmEncryptor(key: KeyObject, iv: Uint8Array, aad: Uint8Array): BodyEncryptor {
  const gctr = sm4Gctr(key, iv);
  const authenticator = sm4Authenticator(key, iv, aad);
  return {
    update(plaintext) {
      const ciphertext = gctr(plaintext);
      authenticator.update(ciphertext);
      return ciphertext;
    },
    final: () => ({ ciphertext: empty, tag: authenticator.tag() }),
  };
}

/** Section 7.2, with the plaintext given out before the tag is checked: the caller holds it back. */
export function sm4GcmDecryptor(key: KeyObject, iv: Uint8Array, aad: Uint8Array): BodyDecryptor {
  const gctr = sm4Gctr(key, iv);
  const authenticator = sm4Authenticator(key, iv, aad);
  return {
    update(ciphertext) {
      authenticator.update(ciphertext);
      return gctr(ciphertext);
    },
    final(tag) {
      const expected = authenticator.tag();
      return tag.length === expected.length && timingSafeEqual(tag, expected) ? empty : undefined;
    },
  };
}

/** The pre-counter block J0 of a 96-bit IV (section 7.1, step 2), with its 32-bit counter at `count`. */
function counterBlock(iv: Uint8Array, count: number): Uint8Array {
  const block = new Uint8Array(blockLength);
  block.set(iv);
  new DataView(block.buffer).setUint32(12, count);
  return block;
}

/**
 * GCTR (section 6.5) from inc32(J0). OpenSSL counts in all 128 bits and GCM in the last 32, which is the same as long
 * as a body has no more than the 2^32 - 2 blocks that section 5.2.1.1 allows.
 */
function sm4Gctr(key: KeyObject, iv: Uint8Array): (bytes: Uint8Array) => Uint8Array {
  const counting = createCipheriv('sm4-ctr', key, counterBlock(iv, 2));
  return (bytes) => {
    const { buffer, byteOffset, length } = counting.update(bytes);
    return new Uint8Array(buffer, byteOffset, length);
  };
}

interface Authenticator {
  /** Takes the ciphertext, in pieces of any length. */
  update(ciphertext: Uint8Array): void;
  tag(): Uint8Array;
}

/** The tag: GHASH (section 6.4) over data, ciphertext and their lengths, encrypted with the block at J0. */
function sm4Authenticator(key: KeyObject, iv: Uint8Array, aad: Uint8Array): Authenticator {
  const ecb = createCipheriv('sm4-ecb', key, null).setAutoPadding(false);
  const hashKey = ecb.update(new Uint8Array(blockLength));
  const mask = ecb.update(counterBlock(iv, 1));
  const hash = ghash.create(hashKey);
  // Each update is padded with zeros to a whole block, which the mode wants after the data and after the ciphertext.
  hash.update(aad);
  const pending = new Uint8Array(blockLength);
  let pendingLength = 0;
  let ciphertextLength = 0;
  return {
    update(ciphertext) {
      ciphertextLength += ciphertext.length;
      let rest = ciphertext;
      if (pendingLength > 0) {
        const filling = rest.subarray(0, blockLength - pendingLength);
        pending.set(filling, pendingLength);
        pendingLength += filling.length;
        rest = rest.subarray(filling.length);
        if (pendingLength < blockLength) return;
        hash.update(pending);
        pendingLength = 0;
      }
      const whole = rest.length - (rest.length % blockLength);
      // In slices, because the hash copies what it is given.
      for (let at = 0; at < whole; at += 65_536) hash.update(rest.subarray(at, Math.min(whole, at + 65_536)));
      pending.set(rest.subarray(whole));
      pendingLength = rest.length - whole;
    },
    tag() {
      hash.update(pending.subarray(0, pendingLength));
      const lengths = new DataView(new ArrayBuffer(blockLength));
      lengths.setBigUint64(0, BigInt(aad.length) * 8n);
      lengths.setBigUint64(8, BigInt(ciphertextLength) * 8n);
      hash.update(new Uint8Array(lengths.buffer));
      const tag = hash.digest();
      hashKey.fill(0);
      return tag.map((byte, i) => byte ^ mask[i]!);
    },
  };
}
