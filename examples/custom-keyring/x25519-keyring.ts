import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { type Keyring, serializeContext } from '@yunseal/crypto-core';

const providerId = 'x25519-example';
const publicKeyLength = 32;
const tagLength = 16;
const label = 'yunseal example: X25519, HKDF-SHA256, AES-256-GCM';

export interface X25519KeyringOptions {
  /** Public keys to encrypt for: 32 bytes each. */
  readonly recipients?: readonly Uint8Array[];
  /** The private key to decrypt with: 32 bytes. */
  readonly identity?: Uint8Array;
}

/** A new pair of keys, as bytes. */
export function generateX25519(): { publicKey: Uint8Array; privateKey: Uint8Array } {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return { publicKey: exportPublic(publicKey), privateKey: fromJwk(privateKey.export({ format: 'jwk' }).d!) };
}

/**
 * Encrypts for any number of X25519 public keys; whoever has one of the private keys can decrypt. Each data key is
 * wrapped under a key agreed between a one-time key pair and the recipient's, with the encryption context bound to it.
 */
export function x25519Keyring({ recipients = [], identity }: X25519KeyringOptions): Keyring {
  const keys = recipients.map((bytes) => ({ bytes: Uint8Array.from(bytes), key: importPublic(bytes) }));
  const own = identity === undefined ? undefined : importPrivate(identity);
  const ownPublic = own === undefined ? undefined : exportPublic(createPublicKey(own));

  return {
    async onEncrypt(materials) {
      if (keys.length === 0) throw new Error('this X25519 keyring has no recipients, so it cannot encrypt');
      const { suite, encryptionContext, encryptedDataKeys } = materials;
      const dataKey = materials.plaintextDataKey ?? new Uint8Array(randomBytes(suite.dataKeyLength));
      const wrapped = keys.map(({ bytes, key }) => ({
        providerId,
        providerInfo: toBase64(bytes),
        ciphertext: wrap(dataKey, bytes, key, serializeContext(encryptionContext)),
      }));
      return {
        ...materials,
        plaintextDataKey: dataKey,
        encryptedDataKeys: [...encryptedDataKeys, ...wrapped],
      };
    },

    async onDecrypt(materials, encryptedDataKeys) {
      if (own === undefined || ownPublic === undefined || materials.plaintextDataKey !== undefined)
        return materials;
      const info = toBase64(ownPublic);
      const aad = serializeContext(materials.encryptionContext);
      const length = publicKeyLength + materials.suite.dataKeyLength + tagLength;
      for (const candidate of encryptedDataKeys) {
        if (candidate.providerId !== providerId || candidate.providerInfo !== info) continue;
        if (candidate.ciphertext.length !== length) continue;
        const dataKey = unwrap(candidate.ciphertext, ownPublic, own, aad);
        if (dataKey !== undefined) return { ...materials, plaintextDataKey: dataKey };
      }
      return materials;
    },
  };
}

/** One-time public key, wrapped data key, tag. */
function wrap(
  dataKey: Uint8Array,
  recipient: Uint8Array,
  recipientKey: KeyObject,
  aad: Uint8Array,
): Uint8Array {
  const oneTime = generateKeyPairSync('x25519');
  const oneTimePublic = exportPublic(oneTime.publicKey);
  const wrappingKey = agree(oneTime.privateKey, recipientKey, oneTimePublic, recipient);
  // The wrapping key is used once, so the IV may be constant.
  const cipher = createCipheriv('aes-256-gcm', wrappingKey, new Uint8Array(12));
  cipher.setAAD(aad);
  const sealed = Buffer.concat([oneTimePublic, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()]);
  wrappingKey.fill(0);
  return new Uint8Array(sealed);
}

function unwrap(
  ciphertext: Uint8Array,
  own: Uint8Array,
  ownKey: KeyObject,
  aad: Uint8Array,
): Uint8Array | undefined {
  const oneTimePublic = ciphertext.subarray(0, publicKeyLength);
  const end = ciphertext.length - tagLength;
  try {
    const wrappingKey = agree(ownKey, importPublic(oneTimePublic), oneTimePublic, own);
    const decipher = createDecipheriv('aes-256-gcm', wrappingKey, new Uint8Array(12), {
      authTagLength: tagLength,
    });
    wrappingKey.fill(0);
    decipher.setAAD(aad);
    decipher.setAuthTag(ciphertext.subarray(end));
    const dataKey = Buffer.concat([
      decipher.update(ciphertext.subarray(publicKeyLength, end)),
      decipher.final(),
    ]);
    return new Uint8Array(dataKey);
  } catch {
    // A point of small order, or a tag that does not match: not ours, or changed.
    return undefined;
  }
}

function agree(
  privateKey: KeyObject,
  publicKey: KeyObject,
  oneTime: Uint8Array,
  recipient: Uint8Array,
): Uint8Array {
  const shared = diffieHellman({ privateKey, publicKey });
  const key = hkdfSync('sha256', shared, Buffer.concat([oneTime, recipient]), label, 32);
  shared.fill(0);
  return new Uint8Array(key);
}

function importPublic(bytes: Uint8Array): KeyObject {
  if (bytes.length !== publicKeyLength)
    throw new Error(`an X25519 public key has 32 bytes, not ${bytes.length}`);
  return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'X25519', x: toBase64Url(bytes) } });
}

function importPrivate(bytes: Uint8Array): KeyObject {
  if (bytes.length !== 32) throw new Error(`an X25519 private key has 32 bytes, not ${bytes.length}`);
  // A PKCS#8 PrivateKeyInfo for X25519 is this prefix and the key (RFC 8410, section 7).
  const prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
  return createPrivateKey({ format: 'der', type: 'pkcs8', key: Buffer.concat([prefix, bytes]) });
}

function exportPublic(key: KeyObject): Uint8Array {
  return fromJwk(key.export({ format: 'jwk' }).x!);
}

function fromJwk(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'));
}

function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
