import { createDecipheriv } from 'node:crypto';
import {
  type AliyunHeader,
  DataKeyUnwrapError,
  type EncryptionContext,
  joinAliyunMessage,
  type Keyring,
  LimitExceededError,
  parseAliyunHeader,
  sealAliyunHeader,
  splitAliyunMessage,
  UnsupportedOperationError,
  verifyAliyunHeader,
} from '@yunseal/crypto-core';
import { ObjectMetadataError } from '../errors.ts';
import type { ByteTaker } from '../frames.ts';
import { ENCRYPTION_SDK_FIELDS } from './layout.ts';
import { counterAt } from './oss-sdk.ts';

/**
 * Layout `encryption-sdk`: what the OSS examples of the Alibaba Cloud Encryption SDK write. The object is the bare
 * ciphertext of a message of the aliyun format; its header, IV and tag are in user metadata.
 */
export interface EncryptionSdkParts {
  /** The header's DER SEQUENCE. */
  readonly header: Uint8Array;
  readonly iv: Uint8Array;
  readonly tag: Uint8Array;
}

/** Decode the metadata of an object; `ObjectMetadataError` names a field that is missing or no Base64. */
export function readEncryptionSdkMetadata(metadata: Readonly<Record<string, string>>): EncryptionSdkParts {
  const bytes = (part: keyof typeof ENCRYPTION_SDK_FIELDS) => {
    const field = ENCRYPTION_SDK_FIELDS[part];
    const value = metadata[field];
    if (value === undefined) throw new ObjectMetadataError(field, 'is missing');
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw new ObjectMetadataError(field, 'is not Base64');
    return new Uint8Array(Buffer.from(value, 'base64'));
  };
  return { header: bytes('header'), iv: bytes('iv'), tag: bytes('tag') };
}

/** Take a whole message apart into an object's metadata and its bytes. */
export function detachMessage(message: Uint8Array): {
  readonly metadata: Record<string, string>;
  readonly ciphertext: Uint8Array;
} {
  const { header, iv, tag, ciphertext } = splitAliyunMessage(message);
  return { metadata: encryptionSdkMetadata({ header, iv, tag }), ciphertext };
}

export function encryptionSdkMetadata(parts: EncryptionSdkParts): Record<string, string> {
  const base64 = (value: Uint8Array) => Buffer.from(value).toString('base64');
  return {
    [ENCRYPTION_SDK_FIELDS.header]: base64(parts.header),
    [ENCRYPTION_SDK_FIELDS.iv]: base64(parts.iv),
    [ENCRYPTION_SDK_FIELDS.tag]: base64(parts.tag),
  };
}

/** Node.js decrypts less than 2 GiB at a time, and one tag covers all of an object. */
const MAX_WHOLE = 2 ** 31 - 1;
const READ_SIZE = 64 * 1024;
const FIRST_ALLOCATION = 1024 * 1024;

/**
 * The ciphertext of an object. Memory grows with what arrives, not with what is promised.
 *
 * @param length bytes that the object says it has
 * @throws {LimitExceededError} when it is longer than can be decrypted in one piece
 */
export async function takeCiphertext(source: ByteTaker, length: number): Promise<Uint8Array> {
  if (length > MAX_WHOLE) {
    throw new LimitExceededError(
      `the object has ${length} bytes in layout encryption-sdk, which is decrypted in memory, up to ${MAX_WHOLE} bytes; with allowUnauthenticated, getRange reads it in part`,
    );
  }
  const scratch = Buffer.allocUnsafeSlow(READ_SIZE);
  let gathered = new Uint8Array(Math.min(length, FIRST_ALLOCATION));
  let filled = 0;
  while (filled < length) {
    const bytes = await source.take(Math.min(READ_SIZE, length - filled), scratch);
    if (bytes.length === 0) break;
    if (filled + bytes.length > gathered.length) {
      const longer = new Uint8Array(Math.min(length, gathered.length * 2));
      longer.set(gathered);
      gathered = longer;
    }
    gathered.set(bytes, filled);
    filled += bytes.length;
  }
  return gathered.subarray(0, filled);
}

/** Put an object's metadata and bytes together into a message that a client can decrypt and verify. */
export function attachMessage(parts: EncryptionSdkParts, ciphertext: Uint8Array): Uint8Array {
  return joinAliyunMessage({ ...parts, ciphertext });
}

/**
 * Decrypt from any offset on, without verification: AES-GCM is AES-CTR whose counter starts at 2 for the first block
 * (NIST SP 800-38D, section 7.1). The header is verified, the bytes are not.
 */
export async function openUnverified(
  parts: EncryptionSdkParts,
  keyring: Keyring,
): Promise<{
  readonly header: AliyunHeader;
  readonly context: EncryptionContext;
  decrypt(offset: number): (chunk: Uint8Array) => Uint8Array;
}> {
  const dataKey = await unwrapDataKey(parts.header, keyring);
  const header = await verifyAliyunHeader(parts.header, dataKey);
  const { cipher } = header.suite;
  const ctr = { 'aes-128-gcm': 'aes-128-ctr', 'aes-256-gcm': 'aes-256-ctr', 'sm4-gcm': 'sm4-ctr' }[
    cipher as string
  ];
  if (ctr === undefined || parts.iv.length !== 12) {
    dataKey.fill(0);
    throw new UnsupportedOperationError(`an object in ${header.suite.name} cannot be read in part`);
  }
  return {
    header,
    context: header.context,
    decrypt(offset) {
      const start = new Uint8Array(16);
      start.set(parts.iv);
      start[15] = 2;
      const cipher = createDecipheriv(ctr, dataKey, counterAt(start, Math.floor(offset / 16)));
      cipher.update(new Uint8Array(offset % 16));
      return (chunk) => cipher.update(chunk);
    },
  };
}

/** Wrap the data key of a header again, for other keys. */
export async function rewrapEncryptionSdkHeader(
  header: Uint8Array,
  from: Keyring,
  to: Keyring,
): Promise<Uint8Array> {
  const dataKey = await unwrapDataKey(header, from);
  try {
    const { suite, context } = await verifyAliyunHeader(header, dataKey);
    const materials = await to.onEncrypt({
      suite,
      encryptionContext: context,
      encryptedDataKeys: [],
      plaintextDataKey: dataKey.slice(),
    });
    try {
      return await sealAliyunHeader(materials);
    } finally {
      materials.plaintextDataKey?.fill(0);
    }
  } finally {
    dataKey.fill(0);
  }
}

async function unwrapDataKey(header: Uint8Array, keyring: Keyring): Promise<Uint8Array> {
  const { suite, context, encryptedDataKeys } = parseAliyunHeader(header);
  const { plaintextDataKey } = await keyring.onDecrypt(
    { suite, encryptionContext: context },
    encryptedDataKeys,
  );
  if (plaintextDataKey === undefined) {
    throw new DataKeyUnwrapError("the keyring opens none of the object's encrypted data keys");
  }
  return plaintextDataKey;
}
