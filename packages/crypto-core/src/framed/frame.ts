import type { GcmKey, MaybePromise } from '../backend/backend.ts';
import { encodeUtf8 } from '../text.ts';

export const ivLength = 12;
export const tagLength = 16;
/** Bytes a regular frame adds to its content: sequence number, IV, tag. */
export const regularFrameOverhead = 4 + ivLength + tagLength;
/** Bytes the final frame adds: end mark, sequence number, IV, content length, tag. */
export const finalFrameOverhead = 4 + 4 + ivLength + 4 + tagLength;
/** Bytes before the content of a regular frame: sequence number and IV. */
export const regularPrefix = 4 + ivLength;
/** What stands in place of the sequence number at the start of the final frame. */
export const finalFrameMark = 0xffffffff;
/** The last sequence number: the next one would be the final frame's mark, or overflow. */
export const maxSequenceNumber = 0xffffffff;

const contentLabels = {
  regular: encodeUtf8('AWSKMSEncryptionClient Frame'),
  final: encodeUtf8('AWSKMSEncryptionClient Final Frame'),
  'non-framed': encodeUtf8('AWSKMSEncryptionClient Single Block'),
};

export type FrameKind = keyof typeof contentLabels;

/** Encrypts and decrypts the frames of one message, in any order. */
export interface FrameCipher {
  /** Write the whole frame to `output` at `offset`; it takes `frameSize(kind, plaintext.length)` bytes. */
  seal(
    kind: 'regular' | 'final',
    sequenceNumber: number,
    plaintext: Uint8Array,
    output: Uint8Array,
    offset: number,
  ): MaybePromise<void>;
  /**
   * Check and decrypt content and tag under the IV that the frame carries. False, with no plaintext left in `output`,
   * when the tag does not match.
   */
  open(
    kind: FrameKind,
    sequenceNumber: number,
    iv: Uint8Array,
    sealed: Uint8Array,
    output: Uint8Array,
    offset: number,
  ): MaybePromise<boolean>;
}

export function frameSize(kind: 'regular' | 'final', contentLength: number): number {
  return contentLength + (kind === 'final' ? finalFrameOverhead : regularFrameOverhead);
}

export function frameCipher(key: GcmKey, messageId: Uint8Array): FrameCipher {
  return {
    seal(kind, sequenceNumber, plaintext, output, offset) {
      const view = new DataView(output.buffer, output.byteOffset + offset);
      let at = 0;
      if (kind === 'final') {
        view.setUint32(0, finalFrameMark);
        at = 4;
      }
      view.setUint32(at, sequenceNumber);
      const ivStart = offset + at + 4;
      // The IV is the sequence number, left-padded with zeros to 12 bytes.
      output.fill(0, ivStart, ivStart + 8);
      view.setUint32(at + 12, sequenceNumber);
      at += 4 + ivLength;
      if (kind === 'final') {
        view.setUint32(at, plaintext.length);
        at += 4;
      }
      const iv = output.subarray(ivStart, ivStart + ivLength);
      return key.seal(
        iv,
        bodyAad(messageId, kind, sequenceNumber, plaintext.length),
        plaintext,
        output,
        offset + at,
      );
    },
    open(kind, sequenceNumber, iv, sealed, output, offset) {
      const aad = bodyAad(messageId, kind, sequenceNumber, sealed.length - tagLength);
      return key.open(iv, aad, sealed, output, offset);
    },
  };
}

/** Where body AADs are put together; both backends take what they need of it before they return. */
const scratch = new Uint8Array(128);
const scratchView = new DataView(scratch.buffer);

/**
 * Body AAD: message id, label, sequence number, content length. Valid until the next call.
 *
 * @see data-format/message-body-aad.md of the AWS Encryption SDK specification
 */
function bodyAad(messageId: Uint8Array, kind: FrameKind, sequenceNumber: number, length: number): Uint8Array {
  const label = contentLabels[kind];
  scratch.set(messageId);
  scratch.set(label, messageId.length);
  const at = messageId.length + label.length;
  scratchView.setUint32(at, sequenceNumber);
  scratchView.setUint32(at + 4, Math.floor(length / 0x1_0000_0000));
  scratchView.setUint32(at + 8, length >>> 0);
  return scratch.subarray(0, at + 12);
}
