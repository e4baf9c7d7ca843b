import { backend } from '#backend';
import type { MaybePromise } from '../backend/backend.ts';
import { concat } from '../bytes/concat.ts';
import { compareBytes, serializeContext } from '../encryption-context.ts';
import type { EncryptedDataKey } from '../keyring.ts';
import { encodeProviderInfo, encodeUtf8 } from '../text.ts';
import type { DecryptionMaterialsRequest, EncryptionMaterialsRequest } from './manager.ts';

const separator = Uint8Array.of(0);
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
    suiteId(request.suite.id),
    serializeContext(request.encryptionContext),
  ]);
}

/** The cache entry of a decryption request (the same appendix, "decryption materials"). */
export function decryptionEntryId(
  partitionId: string,
  request: DecryptionMaterialsRequest,
): MaybePromise<string> {
  const keys = request.encryptedDataKeys.map(serializeEncryptedDataKey).sort(compareBytes);
  return digest([
    cachingResource,
    decryptScope,
    encodeUtf8(partitionId),
    suiteId(request.suite.id),
    concat(...keys),
    serializeContext(request.encryptionContext),
  ]);
}

function digest(fields: readonly Uint8Array[]): MaybePromise<string> {
  const parts: Uint8Array[] = [];
  for (const field of fields) parts.push(field, separator);
  parts.pop();
  return backend.sha384(concat(...parts));
}

function serializeEncryptedDataKey({ providerId, providerInfo, ciphertext }: EncryptedDataKey): Uint8Array {
  const fields = [encodeUtf8(providerId), encodeProviderInfo(providerInfo), ciphertext];
  return concat(...fields.flatMap((field) => [Uint8Array.of(field.length >> 8, field.length & 0xff), field]));
}

function suiteId(id: number): Uint8Array {
  return Uint8Array.of(id >> 8, id & 0xff);
}
