import { LimitExceededError, type MessageHeader, type TruncatedMessageError } from '@yunseal/crypto-core';
import type { OssSettings } from './settings.ts';

/**
 * Headers come from whoever can write to the bucket, and are read before anything of them is authenticated: how long
 * they may be, and how often more of one is fetched, is decided here.
 */

/** An encryption context takes 64 KiB at most; this leaves room for hundreds of wrapped keys. */
const MAX_HEADER_LENGTH = 1024 * 1024;
/** As in crypto-core. */
const DEFAULT_MAX_ENCRYPTED_DATA_KEYS = 10;

/**
 * How much to fetch of a header that is longer than the `have` bytes at hand: at least twice as much, so that a header
 * that asks for more and more is soon at its end.
 *
 * @throws {LimitExceededError}
 */
export function headerBytesToFetch({ needed }: TruncatedMessageError, have: number): number {
  if (needed > MAX_HEADER_LENGTH) {
    throw new LimitExceededError(
      `the message header has at least ${needed} bytes; ${MAX_HEADER_LENGTH} are read of an object at most`,
    );
  }
  return Math.min(MAX_HEADER_LENGTH, Math.max(needed, 2 * have));
}

/** @throws {LimitExceededError} */
export function checkKeyCount(
  { maxEncryptedDataKeys = DEFAULT_MAX_ENCRYPTED_DATA_KEYS }: OssSettings,
  { encryptedDataKeys }: Pick<MessageHeader, 'encryptedDataKeys'>,
): void {
  if (encryptedDataKeys.length <= maxEncryptedDataKeys) return;
  throw new LimitExceededError(
    `the message has ${encryptedDataKeys.length} encrypted data keys; the limit is maxEncryptedDataKeys, ${maxEncryptedDataKeys}`,
  );
}
