import {
  type CipherGCMTypes,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  getCiphers,
  type KeyObject,
} from 'node:crypto';
import { concat } from '../bytes/concat.ts';
import { UnsupportedAlgorithmError } from '../errors.ts';
import type { BodyCipher, BodyDecryptor, BodyEncryptor, BodyKey } from './body-key.ts';
import { updateInto } from './node-cipher-output.ts';
import { sm4GcmDecryptor, sm4GcmEncryptor } from './node-sm4-gcm.ts';

const tagLength = 16;
const empty = new Uint8Array(0);
/** Well under the 2^31 - 1 bytes that node:crypto takes at a time. */
const maxUpdateLength = 2 ** 30;

/**
 * A body key over node:crypto.
 *
 * @throws {UnsupportedAlgorithmError} for SM4 where OpenSSL was built without it
 */
export function bodyKey(suite: BodyCipher, bytes: Uint8Array): BodyKey {
  const key = createSecretKey(bytes);
  const { encryptor, decryptor } = cipherPair(suite, key);
  const gmac = suite.cipher.startsWith('sm4')
    ? cipherPair({ ...suite, cipher: 'sm4-gcm' }, key)
    : aesGcm(`aes-${bytes.length * 8}-gcm` as CipherGCMTypes, key);
  return {
    gmac: (iv, aad) => gmac.encryptor(iv, aad).final().tag,
    encrypt(iv, aad, plaintext, output, offset) {
      const encrypting = encryptor(iv, aad);
      const end = offset + updateInto(encrypting, plaintext, output, offset);
      const { ciphertext, tag } = encrypting.final();
      output.set(ciphertext, end);
      return tag;
    },
    decrypt(iv, aad, ciphertext, tag) {
      const decrypting = decryptor(iv, aad);
      const pieces: Uint8Array[] = [];
      for (let from = 0; from < ciphertext.length; from += maxUpdateLength) {
        pieces.push(decrypting.update(ciphertext.subarray(from, from + maxUpdateLength)));
      }
      const last = decrypting.final(tag);
      if (last === undefined) {
        for (const piece of pieces) piece.fill(0);
        return undefined;
      }
      if (last.length > 0) pieces.push(last);
      return pieces.length === 1 ? pieces[0] : concat(...pieces);
    },
    encryptor,
    decryptor,
  };
}

type CipherPair = Pick<BodyKey, 'encryptor' | 'decryptor'>;

function cipherPair({ name, cipher, padding }: BodyCipher, key: KeyObject): CipherPair {
  if (cipher.startsWith('sm4') && !hasSm4()) {
    throw new UnsupportedAlgorithmError(
      `${name} needs SM4, which this runtime's OpenSSL was built without; use an AES suite or another build of Node.js`,
    );
  }
  if (cipher === 'sm4-gcm') {
    return {
      encryptor: (iv, aad) => sm4GcmEncryptor(key, iv, aad),
      decryptor: (iv, aad) => sm4GcmDecryptor(key, iv, aad),
    };
  }
  return cipher.endsWith('-gcm')
    ? aesGcm(cipher as CipherGCMTypes, key)
    : unauthenticated(cipher, padding === 'pkcs7', key);
}

function aesGcm(cipher: CipherGCMTypes, key: KeyObject): CipherPair {
  return {
    encryptor(iv, aad): BodyEncryptor {
      const encrypting = createCipheriv(cipher, key, iv, { authTagLength: tagLength });
      encrypting.setAAD(aad);
      return {
        update: (plaintext) => plainArray(encrypting.update(plaintext)),
        final: () => ({ ciphertext: plainArray(encrypting.final()), tag: encrypting.getAuthTag() }),
      };
    },
    decryptor(iv, aad): BodyDecryptor {
      const decrypting = createDecipheriv(cipher, key, iv, { authTagLength: tagLength });
      decrypting.setAAD(aad);
      return {
        update: (ciphertext) => plainArray(decrypting.update(ciphertext)),
        final(tag) {
          decrypting.setAuthTag(tag);
          return attempt(() => decrypting.final());
        },
      };
    },
  };
}

/** CBC and CTR. */
function unauthenticated(cipher: string, padded: boolean, key: KeyObject): CipherPair {
  return {
    encryptor(iv): BodyEncryptor {
      const encrypting = createCipheriv(cipher, key, iv).setAutoPadding(padded);
      return {
        update: (plaintext) => plainArray(encrypting.update(plaintext)),
        final: () => ({ ciphertext: plainArray(encrypting.final()), tag: empty }),
      };
    },
    decryptor(iv): BodyDecryptor {
      const decrypting = createDecipheriv(cipher, key, iv).setAutoPadding(padded);
      return {
        update: (ciphertext) => plainArray(decrypting.update(ciphertext)),
        final: () => attempt(() => decrypting.final()),
      };
    },
  };
}

/** Callers get plain arrays: a Buffer behaves differently in `slice`, JSON and equality. */
function plainArray({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

/** What OpenSSL gives, or undefined when it refuses. */
function attempt(final: () => Uint8Array): Uint8Array | undefined {
  try {
    return plainArray(final());
  } catch {
    return undefined;
  }
}

let sm4: boolean | undefined;

function hasSm4(): boolean {
  sm4 ??= getCiphers().includes('sm4-ctr');
  return sm4;
}
