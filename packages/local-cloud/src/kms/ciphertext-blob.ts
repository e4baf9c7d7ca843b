import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { kmsError } from './errors.ts';
import type { KeyRecord, KeyVersionRecord } from './records.ts';

/**
 * What KMS gives for a plaintext: the id of the key version, then whatever that version made of it. Like the real
 * service's, it is opaque to clients, starts with the version's id, and is told in base64.
 *
 * Under Aliyun_AES_256: 12 random bytes, the AES-256-GCM ciphertext, the 16-byte tag. Under Aliyun_SM4: 16 random
 * bytes, the SM4-CTR ciphertext, HMAC-SHA256 over all before it (OpenSSL's SM4 has no mode that authenticates).
 */

const versionIdLength = 36;
const gcmNonceLength = 12;
const gcmTagLength = 16;
const ctrIvLength = 16;
const macLength = 32;

/** Encryption context in one form whatever the order of its entries was. */
export type CanonicalContext = string;

/** The key version a blob names; undefined for what is no blob. */
export function blobVersionId(blob: Uint8Array): string | undefined {
  if (blob.length <= versionIdLength) return undefined;
  const id = Buffer.from(blob.buffer, blob.byteOffset, versionIdLength).toString('latin1');
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? id : undefined;
}

export function sealBlob(
  key: KeyRecord,
  version: KeyVersionRecord,
  plaintext: Uint8Array,
  context: CanonicalContext,
): Buffer {
  const material = Buffer.from(version.material, 'base64');
  const head = Buffer.from(version.keyVersionId, 'latin1');
  const aad = additionalData(key, version, context);
  if (key.keySpec === 'Aliyun_AES_256') {
    const nonce = randomBytes(gcmNonceLength);
    const cipher = createCipheriv('aes-256-gcm', material, nonce);
    cipher.setAAD(aad);
    return Buffer.concat([head, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }
  const iv = randomBytes(ctrIvLength);
  const cipher = createCipheriv('sm4-ctr', material, iv);
  const body = Buffer.concat([head, iv, cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([body, authenticate(material, aad, body)]);
}

/** @throws ServiceError `InvalidParameter` when blob, key version and context do not belong together */
export function openBlob(
  key: KeyRecord,
  version: KeyVersionRecord,
  blob: Uint8Array,
  context: CanonicalContext,
): Buffer {
  const material = Buffer.from(version.material, 'base64');
  const aad = additionalData(key, version, context);
  if (key.keySpec === 'Aliyun_AES_256') {
    if (blob.length < versionIdLength + gcmNonceLength + gcmTagLength) throw notOpened();
    const nonce = blob.subarray(versionIdLength, versionIdLength + gcmNonceLength);
    const decipher = createDecipheriv('aes-256-gcm', material, nonce);
    decipher.setAAD(aad);
    decipher.setAuthTag(blob.subarray(blob.length - gcmTagLength));
    try {
      const body = blob.subarray(versionIdLength + gcmNonceLength, blob.length - gcmTagLength);
      return Buffer.concat([decipher.update(body), decipher.final()]);
    } catch {
      throw notOpened();
    }
  }
  if (blob.length < versionIdLength + ctrIvLength + macLength) throw notOpened();
  const body = blob.subarray(0, blob.length - macLength);
  if (!timingSafeEqual(blob.subarray(blob.length - macLength), authenticate(material, aad, body)))
    throw notOpened();
  const decipher = createDecipheriv(
    'sm4-ctr',
    material,
    body.subarray(versionIdLength, versionIdLength + ctrIvLength),
  );
  return Buffer.concat([decipher.update(body.subarray(versionIdLength + ctrIvLength)), decipher.final()]);
}

/** Binds the blob to its key, its version and the encryption context. */
function additionalData(key: KeyRecord, version: KeyVersionRecord, context: CanonicalContext): Buffer {
  return Buffer.from(`${key.keyId}\n${version.keyVersionId}\n${context}`, 'utf8');
}

function authenticate(material: Buffer, aad: Buffer, body: Uint8Array): Buffer {
  const macKey = createHmac('sha256', material).update('mac').digest();
  return createHmac('sha256', macKey).update(`${aad.length}\n`).update(aad).update(body).digest();
}

const notOpened = () =>
  kmsError.invalid(
    'CiphertextBlob',
    'it was changed, or encrypted with another EncryptionContext than the one given',
  );
