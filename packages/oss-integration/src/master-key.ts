import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto';
import { InvalidArgumentError } from '@yunseal/crypto-core';
import { MasterKeyError } from './errors.ts';

/** How a master key wraps, as layout `oss-sdk` names it in `client-side-encryption-wrap-alg`. */
export type WrapAlgorithm = 'RSA/NONE/PKCS1Padding' | 'KMS/ALICLOUD';

/**
 * What wraps the content keys of layout `oss-sdk`. Anyone can write one; `rsaMasterKey` and `kmsMasterKey` are ready.
 */
export interface MasterKey {
  readonly wrapAlgorithm: WrapAlgorithm | (string & {});
  /**
   * The `matdesc` of the objects that this key wraps, to the letter: a reader picks the master key by it. JSON text of
   * an object of strings, or absent.
   */
  readonly description?: string | undefined;
  /** Wrap 32 bytes (the content key) or 16 (its IV). */
  wrap(bytes: Uint8Array): Promise<Uint8Array>;
  unwrap(wrapped: Uint8Array): Promise<Uint8Array>;
}

/** A `matdesc`: its exact text, or fields to make it of, in this order. */
export type MaterialDescription = string | Readonly<Record<string, string>>;

/** A key in PEM, or one that `node:crypto` made. */
export type RsaKey = string | KeyObject;

/**
 * RSA as the SDKs do it: PKCS#1 v1.5 (`RSA/NONE/PKCS1Padding`). With the public key alone it writes, with the private
 * key it reads and writes.
 */
export function rsaMasterKey(options: {
  readonly publicKey?: RsaKey | undefined;
  readonly privateKey?: RsaKey | undefined;
  readonly description?: MaterialDescription | undefined;
}): MasterKey {
  const { description } = options;
  const privateKey = options.privateKey === undefined ? undefined : rsaKey('privateKey', options.privateKey);
  if (options.publicKey === undefined && privateKey === undefined) {
    throw new InvalidArgumentError('rsaMasterKey needs a publicKey, a privateKey, or both');
  }
  const publicKey =
    options.publicKey === undefined
      ? createPublicKey(privateKey as KeyObject)
      : rsaKey('publicKey', options.publicKey);
  return {
    wrapAlgorithm: 'RSA/NONE/PKCS1Padding',
    description: descriptionText(description),
    wrap: async (bytes) => publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, bytes),
    async unwrap(wrapped) {
      if (privateKey === undefined) {
        throw new MasterKeyError('this RSA master key has no private key: it can write, not read');
      }
      try {
        return decryptPkcs1(privateKey, wrapped);
      } catch {
        throw contentKeyNotOpened();
      }
    },
  };
}

/**
 * One error for whatever is wrong with a wrapped key. To tell bad padding from a wrong length would be an oracle for
 * whoever can plant wrapped keys of their own (Bleichenbacher's attack on PKCS#1 v1.5).
 */
export function contentKeyNotOpened(): MasterKeyError {
  return new MasterKeyError(
    "the master key does not open the object's content key: it is another key than the object's, or the object's metadata was changed",
  );
}

/** The two KMS calls behind `kmsMasterKey`, in the terms of the KMS API: text in, text out. */
export interface KmsWrapping {
  /** `Encrypt` under the master key, without encryption context. Gives the CiphertextBlob, Base64 as in the answer. */
  encrypt(plaintext: string): Promise<string>;
  /** `Decrypt`, without encryption context. Gives the Plaintext as in the answer. */
  decrypt(ciphertextBlob: string): Promise<string>;
  readonly description?: MaterialDescription | undefined;
}

/**
 * KMS as the SDKs' samples do it (`KMS/ALICLOUD`): key and IV are each sent as Base64 text to `Encrypt`, and the blob is
 * stored by its raw bytes. Blobs stored as text, which is how oss2 for Python does it, are opened too.
 */
export function kmsMasterKey({ encrypt, decrypt, description }: KmsWrapping): MasterKey {
  return {
    wrapAlgorithm: 'KMS/ALICLOUD',
    description: descriptionText(description),
    wrap: async (bytes) => Buffer.from(await encrypt(Buffer.from(bytes).toString('base64')), 'base64'),
    unwrap: async (wrapped) => Buffer.from(await decrypt(ciphertextBlobText(wrapped)), 'base64'),
  };
}

/** A CiphertextBlob as KMS takes it. Its raw bytes hold ciphertext, which is never Base64 text from end to end. */
function ciphertextBlobText(wrapped: Uint8Array): string {
  const text = Buffer.from(wrapped).toString('latin1');
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? text : Buffer.from(wrapped).toString('base64');
}

/**
 * The master key for an object: the one with its exact description; else one whose description says the same in another
 * order; for an object without description, the first without one, or the only one there is.
 */
export function pickMasterKey(
  masterKeys: readonly MasterKey[],
  wrapAlgorithm: string,
  description: string | undefined,
): MasterKey {
  const candidates = masterKeys.filter((key) => key.wrapAlgorithm === wrapAlgorithm);
  const exact = candidates.find((key) => (key.description ?? '') === (description ?? ''));
  if (exact !== undefined) return exact;
  const same = candidates.find((key) => sameFields(key.description, description));
  if (same !== undefined) return same;
  const only = isEmptyDescription(description) && candidates.length === 1 ? candidates[0] : undefined;
  if (only !== undefined) return only;
  const known = masterKeys.map((key) => `${key.wrapAlgorithm} ${key.description ?? '(no description)'}`);
  throw new MasterKeyError(
    `no master key for ${wrapAlgorithm} with matdesc ${description ?? '(none)'}; this client has: ${known.join('; ') || 'none'}`,
  );
}

function descriptionText(description: MaterialDescription | undefined): string | undefined {
  if (description === undefined || typeof description === 'string') {
    if (description !== undefined && fieldsOf(description) === undefined) {
      throw new InvalidArgumentError('a matdesc is JSON text of an object of strings');
    }
    return description;
  }
  return JSON.stringify(description);
}

function fieldsOf(description: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(description ?? '{}');
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function isEmptyDescription(description: string | undefined): boolean {
  return description === undefined || description === '' || description === '{}';
}

function sameFields(a: string | undefined, b: string | undefined): boolean {
  const [left, right] = [fieldsOf(a), fieldsOf(b)];
  if (left === undefined || right === undefined) return false;
  const sorted = (fields: Record<string, unknown>) => JSON.stringify(Object.entries(fields).sort());
  return sorted(left) === sorted(right);
}

function rsaKey(option: string, key: RsaKey): KeyObject {
  let object: KeyObject;
  try {
    const create = option === 'privateKey' ? createPrivateKey : createPublicKey;
    object = typeof key === 'string' ? create(key) : key;
  } catch {
    throw new InvalidArgumentError(`${option} is not a key in PEM`);
  }
  if (object.asymmetricKeyType !== 'rsa') throw new InvalidArgumentError(`${option} is not an RSA key`);
  return object;
}

/**
 * Builds of OpenSSL without implicit rejection (Node.js 22's) refuse PKCS#1 v1.5 for private keys; there the padding
 * is removed here. Whether it was right shows only as success or failure, which reading an object shows anyway.
 */
function decryptPkcs1(key: KeyObject, wrapped: Uint8Array): Uint8Array {
  try {
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, wrapped);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_INVALID_ARG_VALUE') throw error;
  }
  const block = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, wrapped);
  const separator = block.indexOf(0, 2);
  if (block[0] !== 0 || block[1] !== 2 || separator < 10) throw new Error('padding');
  return block.subarray(separator + 1);
}
