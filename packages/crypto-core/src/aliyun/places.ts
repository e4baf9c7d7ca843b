import type { AliyunEncoding } from '../header.ts';
import type { TaggedHeader } from './header.ts';

/** A header that was read, not authenticated, and where it stands in the message (bytes from its start). */
export interface HeaderPlace {
  readonly encoding: AliyunEncoding;
  readonly header: TaggedHeader;
  readonly headerStart: number;
  readonly headerEnd: number;
  /** Where the message says it ends; the stream encoding does not say. */
  readonly end: number | undefined;
}

/** Where a body's parts stand in the message (bytes from its start). */
export interface BodyPlace {
  readonly iv: Uint8Array;
  readonly ciphertextStart: number;
  /** Undefined in the stream encoding, whose ciphertext ends where the message does, less the tag. */
  readonly ciphertextLength: number | undefined;
  /** Length of what follows the ciphertext: the tag, and in DER its identifier and length octets. */
  readonly trailerLength: number;
}
