import { UnsupportedAlgorithmError } from '../errors.ts';
import type { BodyCipher, BodyKey } from './body-key.ts';

const { subtle } = globalThis.crypto;
const tagLength = 16;
const empty = new Uint8Array(0);

/**
 * A body key over WebCrypto: AES-GCM, AES-CTR and padded AES-CBC, on whole bodies. It has no SM4, no CBC without
 * padding, and nothing that works in pieces.
 *
 * @throws {UnsupportedAlgorithmError}
 */
export async function bodyKey(suite: BodyCipher, bytes: Uint8Array): Promise<BodyKey> {
  const { name } = suite;
  const mode = webMode(suite);
  const importKey = (algorithm: string) =>
    subtle.importKey('raw', source(bytes), algorithm, false, ['encrypt', 'decrypt']);
  const [gcmKey, key] = await Promise.all([importKey('AES-GCM'), importKey(mode)]);
  const gcmParameters = (iv: Uint8Array, aad: Uint8Array) => ({
    name: 'AES-GCM',
    iv: source(iv),
    additionalData: source(aad),
    tagLength: tagLength * 8,
  });
  const parameters = (iv: Uint8Array, aad: Uint8Array) => {
    if (mode === 'AES-GCM') return gcmParameters(iv, aad);
    return mode === 'AES-CBC'
      ? { name: mode, iv: source(iv) }
      : { name: mode, counter: source(iv), length: 128 };
  };
  const notInPieces = () => {
    throw new UnsupportedAlgorithmError(
      `WebCrypto cannot use ${name} in pieces: use encrypt and decrypt, not streams, or the framed format`,
    );
  };
  return {
    gmac: async (iv, aad) => new Uint8Array(await subtle.encrypt(gcmParameters(iv, aad), gcmKey, empty)),
    async encrypt(iv, aad, plaintext, output, offset) {
      const sealed = new Uint8Array(await subtle.encrypt(parameters(iv, aad), key, source(plaintext)));
      const end = mode === 'AES-GCM' ? sealed.length - tagLength : sealed.length;
      output.set(sealed.subarray(0, end), offset);
      return sealed.subarray(end);
    },
    async decrypt(iv, aad, ciphertext, tag) {
      const sealed = new Uint8Array(ciphertext.length + tag.length);
      sealed.set(ciphertext);
      sealed.set(tag, ciphertext.length);
      try {
        return new Uint8Array(await subtle.decrypt(parameters(iv, aad), key, sealed));
      } catch {
        return undefined;
      }
    },
    encryptor: notInPieces,
    decryptor: notInPieces,
  };
}

function webMode({ name, cipher, padding }: BodyCipher): 'AES-GCM' | 'AES-CBC' | 'AES-CTR' {
  if (cipher.startsWith('sm4')) {
    throw new UnsupportedAlgorithmError(`${name} needs SM4, which WebCrypto does not have`);
  }
  if (cipher.endsWith('-gcm')) return 'AES-GCM';
  if (cipher.endsWith('-ctr')) return 'AES-CTR';
  if (padding === 'pkcs7') return 'AES-CBC';
  throw new UnsupportedAlgorithmError(`${name} needs CBC without padding, which WebCrypto does not have`);
}

/** WebCrypto's types ask for an ArrayBuffer underneath; a SharedArrayBuffer is refused by the platform itself. */
function source(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
