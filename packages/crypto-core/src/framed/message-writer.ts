import { requireBytes } from '../bytes/require-bytes.ts';
import { InvalidArgumentError, UnsupportedOperationError } from '../errors.ts';
import type { WriteSession } from '../format.ts';
import type { FramedHeader } from '../header.ts';
import { beginMessage } from './begin-message.ts';
import { type FrameCipher, frameCipher, frameSize, maxSequenceNumber } from './frame.ts';
import { bodyLength } from './layout.ts';

/** A new framed message whose frames are encrypted one by one, in any order: parallel multipart uploads. */
export interface MessageWriter {
  readonly header: FramedHeader;
  /** What the message starts with. */
  readonly headerBytes: Uint8Array;
  /** Length of the whole message for a plaintext of this many bytes. */
  messageLength(plaintextLength: number): number;
  /**
   * Encrypt one frame. Frames are numbered from 1 and all have `header.frameLength` bytes, except the final one, which
   * has that many or fewer. Calls may run side by side. A number can be used once: encrypting other bytes under it
   * would reuse an IV, so keep the result for a retry.
   *
   * @throws {InvalidArgumentError} when the number was used, the length is not the frame's, or an argument is of another
   * type
   */
  encryptFrame(sequenceNumber: number, plaintext: Uint8Array, kind: 'regular' | 'final'): Promise<Uint8Array>;
  /** Drop the keys; `encryptFrame` fails from then on. */
  close(): void;
  [Symbol.dispose](): void;
}

/** @throws {UnsupportedOperationError} for a signed suite, whose signature needs the frames in order */
export async function openMessageWriter(session: WriteSession): Promise<MessageWriter> {
  const { suite } = session.materials;
  if (suite.signature !== undefined) {
    throw new UnsupportedOperationError(
      `frames of the signed suite ${suite.name} cannot be written one by one: the signature needs them in order`,
    );
  }
  const { header, bytes: headerBytes, cipher } = await beginMessage(session);
  const { frameLength } = header;
  let frames: FrameCipher | undefined = frameCipher(cipher, header.messageId);
  const numbers = usedNumbers();
  let finalNumber: number | undefined;
  let highest = 0;

  const check = (sequenceNumber: number, length: number, isFinal: boolean) => {
    if (!Number.isInteger(sequenceNumber) || sequenceNumber < 1 || sequenceNumber > maxSequenceNumber) {
      throw new InvalidArgumentError(
        `frame number ${sequenceNumber} is not a whole number from 1 to ${maxSequenceNumber}`,
      );
    }
    if (isFinal ? length > frameLength : length !== frameLength) {
      throw new InvalidArgumentError(
        `frame ${sequenceNumber} has ${length} bytes; ${isFinal ? 'the final frame has at most' : 'a regular frame has'} ${frameLength}`,
      );
    }
    if (
      isFinal
        ? finalNumber !== undefined || sequenceNumber < highest
        : sequenceNumber > (finalNumber ?? Infinity)
    ) {
      throw new InvalidArgumentError(
        `frame ${sequenceNumber} does not fit: the final frame is the one, and the last`,
      );
    }
    if (!numbers.take(sequenceNumber)) {
      throw new InvalidArgumentError(
        `frame ${sequenceNumber} was encrypted before: its number cannot be used again`,
      );
    }
  };
  const close = () => {
    frames = undefined;
  };
  return {
    header,
    headerBytes,
    messageLength: (plaintextLength) => headerBytes.length + bodyLength(plaintextLength, frameLength),
    async encryptFrame(sequenceNumber, plaintext, kind) {
      if (frames === undefined) throw new InvalidArgumentError('the message writer is closed');
      if (kind !== 'regular' && kind !== 'final') {
        throw new InvalidArgumentError(`kind must be regular or final, not ${String(kind)}`);
      }
      requireBytes('plaintext', plaintext);
      check(sequenceNumber, plaintext.length, kind === 'final');
      highest = Math.max(highest, sequenceNumber);
      if (kind === 'final') finalNumber = sequenceNumber;
      const frame = new Uint8Array(frameSize(kind, plaintext.length));
      await frames.seal(kind, sequenceNumber, plaintext, frame, 0);
      return frame;
    },
    close,
    [Symbol.dispose]: close,
  };
}

/** Which numbers were used, in little memory when they come roughly in order. */
function usedNumbers(): { take(number: number): boolean } {
  let allBelow = 1;
  const above = new Set<number>();
  return {
    take(number) {
      if (number < allBelow || above.has(number)) return false;
      above.add(number);
      while (above.delete(allBelow)) allBelow += 1;
      return true;
    },
  };
}
