import { MalformedMessageError } from '../errors.ts';
import { type Cursor, take } from './cursor.ts';
import { derTags } from './der.ts';
import { readDerBodyStart, readDerMessageHeader } from './message-encoding.ts';
import type { BodyPlace, HeaderPlace } from './places.ts';
import { type HeaderProgress, readStreamBodyStart, readStreamMessageHeader } from './stream-encoding.ts';

/** Whether a message that starts with this byte is of this format: a DER SEQUENCE, or the top byte of version 1. */
export function startsAliyunMessage(firstByte: number): boolean {
  return firstByte === derTags.sequence || firstByte === 0;
}

/**
 * Read a message of either encoding up to its body.
 *
 * @param progress of earlier attempts on fewer bytes of the same message; kept up to date
 * @throws {TruncatedMessageError} when the bytes end before; its `needed` says how many to come back with
 * @throws {MalformedMessageError | UnsupportedAlgorithmError | LimitExceededError}
 */
export function readMessageHeader(
  cursor: Cursor,
  maxEncryptedDataKeys: number,
  progress?: HeaderProgress,
): HeaderPlace {
  const first = take({ ...cursor }, 1, 'the message')[0]!;
  if (!startsAliyunMessage(first)) {
    const found = `0x${first.toString(16).padStart(2, '0')}`;
    throw new MalformedMessageError(
      `a message of the aliyun format starts with 0x30 or 0x00, not ${found}`,
      0,
    );
  }
  return first === 0
    ? readStreamMessageHeader(cursor, maxEncryptedDataKeys, progress)
    : readDerMessageHeader(cursor, maxEncryptedDataKeys);
}

/** Read on, from the end of the header to the ciphertext. Throws as {@link readMessageHeader} does. */
export function readBodyStart(cursor: Cursor, { header, end }: HeaderPlace): BodyPlace {
  return end === undefined
    ? readStreamBodyStart(cursor, header.suite)
    : readDerBodyStart(cursor, header.suite, end);
}
