import { randomBytes } from 'node:crypto';
import type { Parameters } from '../http/parameters.ts';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { blobVersionId, openBlob, sealBlob } from './ciphertext-blob.ts';
import { readEncryptionContext } from './encryption-context.ts';
import { kmsError } from './errors.ts';
import { authorizedKey, currentKey, primaryVersion, requireSymmetric } from './keys.ts';
import { type KeyRecord, type KeyVersionRecord, openKms } from './records.ts';

/** Bytes that Encrypt takes ("Encrypt", up to 6 KB). */
const maxPlaintext = 6 * 1024;

/** Encrypt (KMS 2016-01-20). */
export function encrypt(call: RpcCall): Answer {
  const { parameters, platform } = call;
  const key = authorizedKey(call, parameters.required('KeyId'));
  const plaintext = readPlaintext(parameters.required('Plaintext'));
  if (plaintext.length > maxPlaintext + 1)
    throw kmsError.invalid('Plaintext', `it has more than ${maxPlaintext} bytes`);
  const context = readEncryptionContext(parameters);
  requireSymmetric(key);
  const version = primaryVersion(openKms(platform.store), key);
  return {
    CiphertextBlob: sealBlob(key, version, plaintext, context).toString('base64'),
    KeyId: key.keyId,
    KeyVersionId: version.keyVersionId,
  };
}

/** Decrypt (KMS 2016-01-20): the ciphertext names its key. */
export function decrypt(call: RpcCall): Answer {
  const { parameters } = call;
  const { key, version, plaintext } = decryptBlob(call, readEncryptionContext(parameters));
  return { KeyId: key.keyId, KeyVersionId: version.keyVersionId, Plaintext: showPlaintext(plaintext) };
}

/** ReEncrypt (KMS 2016-01-20): from one key, or context, to another; the plaintext stays inside. */
export function reEncrypt(call: RpcCall): Answer {
  const { parameters, platform } = call;
  const source = readEncryptionContext(parameters, 'SourceEncryptionContext');
  const destination = readEncryptionContext(parameters, 'DestinationEncryptionContext');
  const { plaintext } = decryptBlob(call, source, 'kms:ReEncryptFrom');
  const key = authorizedKey(call, parameters.required('DestinationKeyId'), 'kms:ReEncryptTo');
  requireSymmetric(key);
  const version = primaryVersion(openKms(platform.store), key);
  return {
    CiphertextBlob: sealBlob(key, version, plaintext, destination).toString('base64'),
    KeyId: key.keyId,
    KeyVersionId: version.keyVersionId,
  };
}

/** GenerateDataKey (KMS 2016-01-20). */
export function generateDataKey(call: RpcCall): Answer {
  const { dataKey, answer } = newDataKey(call);
  return { ...answer, Plaintext: dataKey.toString('base64') };
}

/** GenerateDataKeyWithoutPlaintext (KMS 2016-01-20). */
export function generateDataKeyWithoutPlaintext(call: RpcCall): Answer {
  return newDataKey(call).answer;
}

/** Draws a data key and wraps it, for operations that differ in what they then do with it. */
export function newDataKey(call: RpcCall): { dataKey: Buffer; answer: Answer } {
  const { parameters, platform } = call;
  const key = authorizedKey(call, parameters.required('KeyId'));
  const length = dataKeyLength(parameters);
  const context = readEncryptionContext(parameters);
  requireSymmetric(key);
  const version = primaryVersion(openKms(platform.store), key);
  const dataKey = randomBytes(length);
  const blob = sealBlob(key, version, Buffer.concat([bytesMark, dataKey]), context);
  return {
    dataKey,
    answer: { CiphertextBlob: blob.toString('base64'), KeyId: key.keyId, KeyVersionId: version.keyVersionId },
  };
}

function dataKeyLength(parameters: Parameters): number {
  const bytes = parameters.optionalInteger('NumberOfBytes', { min: 1, max: 1024 });
  const spec = parameters.oneOf('KeySpec', ['AES_256', 'AES_128']);
  return bytes ?? (spec === 'AES_128' ? 16 : 32);
}

/**
 * Opens the call's CiphertextBlob under its key, once RAM has allowed it.
 *
 * @throws ServiceError `InvalidParameter`, `Forbidden.KeyNotFound`, the refusal
 */
export function decryptBlob(
  call: RpcCall,
  context: string,
  action?: string,
): { key: KeyRecord; version: KeyVersionRecord; plaintext: Buffer } {
  const { parameters, platform, region, caller } = call;
  const blob = readBase64(parameters, 'CiphertextBlob');
  const versionId = blobVersionId(blob);
  if (versionId === undefined) throw kmsError.invalid('CiphertextBlob', 'it is no ciphertext of KMS');
  const kms = openKms(platform.store);
  const named = kms.versions.get(versionId);
  const known = named === undefined ? undefined : currentKey(platform, named.keyId);
  // Other accounts' and regions' keys are answered like those that never were.
  const own = known?.accountId === caller.accountId && known.region === region ? known.keyId : 'unknown';
  const key = authorizedKey(call, own, action);
  requireSymmetric(key);
  const version = kms.versions.get(versionId) as KeyVersionRecord;
  return { key, version, plaintext: openBlob(key, version, blob, context) };
}

/**
 * Plaintext is documented to be base64, and the documentation's own samples send text all the same: the service gives
 * back what it was given. So a mark says which it was, and bytes are not stored by a third longer than they are.
 */
const bytesMark = Buffer.from([0]);
const textMark = Buffer.from([1]);

function readPlaintext(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text
    ? Buffer.concat([bytesMark, bytes])
    : Buffer.concat([textMark, Buffer.from(text, 'utf8')]);
}

function showPlaintext(marked: Buffer): string {
  return marked.subarray(1).toString(marked[0] === 0 ? 'base64' : 'utf8');
}

/** The bytes of a plaintext, whichever way it was given. */
export function plaintextBytes(marked: Buffer): Buffer {
  return marked.subarray(1);
}

/** @throws ServiceError `MissingParameter`, `InvalidParameter` */
export function readBase64(parameters: Parameters, name: string): Buffer {
  const text = parameters.required(name);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw kmsError.invalid(name, 'it is not base64');
  return bytes;
}
