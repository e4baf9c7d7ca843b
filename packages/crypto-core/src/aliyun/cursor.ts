import { MalformedMessageError, TruncatedMessageError } from '../errors.ts';

/**
 * A place in bytes that are being parsed. Every read checks the end first, so a length that lies costs nothing:
 * nothing is ever allocated for bytes that are not there.
 */
export interface Cursor {
  readonly bytes: Uint8Array;
  /** Where the next read starts, from the start of the message: what errors report. */
  offset: number;
  /** Where this cursor must stop: the end of the element around it, or of what has arrived. */
  readonly end: number;
  /** Whether `end` is what an enclosing element claims, and not just where the bytes stop. */
  readonly enclosed: boolean;
}

/**
 * A longer header is refused before it is collected, in bytes. A whole context and a hundred KMS blobs take far less.
 */
export const maxHeaderLength = 1024 * 1024;

export function cursorOver(bytes: Uint8Array): Cursor {
  return { bytes, offset: 0, end: bytes.length, enclosed: false };
}

/**
 * The next `length` bytes, as a view of the input. `what` names the field and `start` says where it begins.
 *
 * @throws {MalformedMessageError} when the enclosing element ends before
 * @throws {TruncatedMessageError} when the input does
 */
export function take(cursor: Cursor, length: number, what: string, start = cursor.offset): Uint8Array {
  const from = cursor.offset;
  const left = cursor.end - from;
  if (length > left) {
    if (!cursor.enclosed) throw new TruncatedMessageError(what, start, from + length);
    throw new MalformedMessageError(
      `${what} needs ${length} bytes; the element around it has ${left} left`,
      start,
    );
  }
  cursor.offset = from + length;
  return cursor.bytes.subarray(from, cursor.offset);
}

/** A cursor over the next `length` bytes; the given cursor moves past them. */
export function enter(cursor: Cursor, length: number, what: string, start = cursor.offset): Cursor {
  const offset = cursor.offset;
  take(cursor, length, what, start);
  return { bytes: cursor.bytes, offset, end: cursor.offset, enclosed: true };
}

/** Refuse bytes that no field accounts for. */
export function expectEnd(cursor: Cursor, what: string): void {
  const left = cursor.end - cursor.offset;
  if (left > 0) {
    throw new MalformedMessageError(`trailing bytes after the last field of ${what}: ${left}`, cursor.offset);
  }
}

/** Refuse a header that would end past {@link maxHeaderLength}. */
export function checkHeaderEnd(end: number, what: string, start: number): void {
  if (end > maxHeaderLength) {
    throw new MalformedMessageError(
      `${what} would make the header ${end} bytes long; ${maxHeaderLength} is the most`,
      start,
    );
  }
}

/** A 32-bit unsigned integer, big-endian. */
export function takeUint32(cursor: Cursor, what: string): number {
  const bytes = take(cursor, 4, what);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

/** A byte string that follows its length as a 32-bit integer. */
export function takeLengthPrefixed(cursor: Cursor, what: string): Uint8Array {
  const start = cursor.offset;
  const length = takeUint32(cursor, `the length of ${what}`);
  checkHeaderEnd(cursor.offset + length, what, start);
  return take(cursor, length, what, start);
}
