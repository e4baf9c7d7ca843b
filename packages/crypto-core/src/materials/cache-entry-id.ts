import { backend } from '#backend';
import type { MaybePromise } from '../backend/backend.ts';
import { concat } from '../bytes/concat.ts';
import { compareBytes, serializeContext } from '../encryption-context.ts';
import type { EncryptedDataKey } from '../keyring.ts';
import { encodeProviderInfo, encodeUtf8 } from '../text.ts';
import type { DecryptionMaterialsRequest, EncryptionMaterialsRequest } from './manager.ts';

const separator = 0;
const cachingResource = Uint8Array.of(0x01);
const encryptScope = Uint8Array.of(0x01);
const decryptScope = Uint8Array.of(0x02);
const withAlgorithmSuite = Uint8Array.of(0x01);

/**
 * The cache entry of an encryption request. The client always names the suite, so this is the formula "with algorithm
 * suite".
 *
 * @see framework/caching-cmm.md#appendix-a-cache-entry-identifier-formulas of the AWS Encryption SDK specification
 */
export function encryptionEntryId(
  partitionId: string,
  request: EncryptionMaterialsRequest,
): MaybePromise<string> {
  return digest([
    cachingResource,
    encryptScope,
    encodeUtf8(partitionId),
    withAlgorithmSuite,
    u16(request.suite.id),
    serializeContext(request.encryptionContext),
  ]);
}

/** The cache entry of a decryption request (the same appendix, "decryption materials"). */
export function decryptionEntryId(
  partitionId: string,
  request: DecryptionMaterialsRequest,
): MaybePromise<string> {
  return digest([
    cachingResource,
    decryptScope,
    encodeUtf8(partitionId),
    u16(request.suite.id),
    serializeSorted(request.encryptedDataKeys),
    serializeContext(request.encryptionContext),
  ]);
}

/** Where short inputs are put together: both backends take what they need of it before they return. */
const scratch = new Uint8Array(4096);

function digest(fields: readonly Uint8Array[]): MaybePromise<string> {
  let length = fields.length - 1;
  for (const field of fields) length += field.length;
  const input = length <= scratch.length ? scratch.subarray(0, length) : new Uint8Array(length);
  let at = 0;
  for (const field of fields) {
    if (at > 0) {
      input[at] = separator;
      at += 1;
    }
    input.set(field, at);
    at += field.length;
  }
  return backend.sha384(input);
}

function serializeSorted(encryptedDataKeys: readonly EncryptedDataKey[]): Uint8Array {
  const [only] = encryptedDataKeys;
  if (only !== undefined && encryptedDataKeys.length === 1) return serializeEncryptedDataKey(only);
  return concat(...encryptedDataKeys.map(serializeEncryptedDataKey).sort(compareBytes));
}

function serializeEncryptedDataKey({ providerId, providerInfo, ciphertext }: EncryptedDataKey): Uint8Array {
  const fields = [encodeUtf8(providerId), encodeProviderInfo(providerInfo), ciphertext];
  return concat(...fields.flatMap((field) => [u16(field.length), field]));
}

/** Two bytes, big-endian: suite ids, and the lengths of an encrypted data key's fields. */
function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
