import { ByteReader } from '../bytes/reader.ts';
import {
  InvalidArgumentError,
  LimitExceededError,
  MalformedMessageError,
  TruncatedMessageError,
} from '../errors.ts';
import {
  finalFrameMark,
  finalFrameOverhead,
  frameSize,
  ivLength,
  maxSequenceNumber,
  tagLength,
} from './frame.ts';

/** How many frames a plaintext takes; an empty one takes the final frame alone. */
export function countFrames(plaintextLength: number, frameLength: number): number {
  const count = Math.max(1, Math.ceil(plaintextLength / frameLength));
  if (count > maxSequenceNumber) {
    throw new LimitExceededError(
      `${plaintextLength} bytes in frames of ${frameLength} are ${count} frames; ${maxSequenceNumber} is the most: use a longer frameLength`,
    );
  }
  return count;
}

/** Length of a framed body, in bytes, without header and footer. */
export function bodyLength(plaintextLength: number, frameLength: number): number {
  const count = countFrames(plaintextLength, frameLength);
  return (
    (count - 1) * frameSize('regular', frameLength) +
    frameSize('final', plaintextLength - (count - 1) * frameLength)
  );
}

/** Where one frame's parts stand. Offsets count within the bytes that were given. */
export interface FrameParts {
  readonly kind: 'regular' | 'final';
  readonly sequenceNumber: number;
  readonly ivOffset: number;
  /** Content and tag stand from here to `end`. */
  readonly contentOffset: number;
  readonly contentLength: number;
  readonly end: number;
}

/**
 * Read the fields in the clear of the frame at `offset`, and check them.
 *
 * @param messageOffset where `bytes` start in the message, for errors
 * @throws {TruncatedMessageError} when `bytes` end before the frame does; its `needed` says where the frame ends as
 * far as is known
 * @throws {MalformedMessageError} when it is not frame number `sequenceNumber`, or longer than a frame may be
 */
export function locateFrame(
  bytes: Uint8Array,
  offset: number,
  sequenceNumber: number,
  frameLength: number,
  messageOffset = 0,
): FrameParts {
  const reader = new ByteReader(bytes, offset, messageOffset);
  const first = reader.u32('a frame');
  const isFinal = first === finalFrameMark;
  const found = isFinal ? reader.u32('the final frame') : first;
  if (found !== sequenceNumber) {
    throw new MalformedMessageError(
      `frame number ${found} stands where number ${sequenceNumber} belongs`,
      reader.position - 4,
    );
  }
  const ivOffset = reader.offset;
  reader.take(ivLength, 'a frame');
  let contentLength = frameLength;
  if (isFinal) {
    const lengthOffset = reader.position;
    contentLength = reader.u32('the final frame');
    if (contentLength > frameLength) {
      throw new MalformedMessageError(
        `the final frame has ${contentLength} bytes, more than the frame length ${frameLength}`,
        lengthOffset,
      );
    }
  }
  const contentOffset = reader.offset;
  const end = contentOffset + contentLength + tagLength;
  if (end > bytes.length) {
    throw new TruncatedMessageError(
      isFinal ? 'the final frame' : `frame ${sequenceNumber}`,
      messageOffset + offset,
      messageOffset + end,
    );
  }
  return { kind: isFinal ? 'final' : 'regular', sequenceNumber, ivOffset, contentOffset, contentLength, end };
}

/**
 * How many bytes the frame that starts here takes, as far as these bytes tell: at least that many must be there before
 * {@link locateFrame} can succeed. It costs a stream much less to ask than to try.
 */
export function bytesNeeded(bytes: Uint8Array, frameLength: number): number {
  if (bytes.length < 4) return 4;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint32(0) !== finalFrameMark) return frameSize('regular', frameLength);
  const lengthOffset = finalFrameOverhead - tagLength - 4;
  if (bytes.length < lengthOffset + 4) return lengthOffset + 4;
  // A length that is too long is for locateFrame to refuse, without waiting for so many bytes.
  return frameSize('final', Math.min(view.getUint32(lengthOffset), frameLength));
}

/** Where one frame stands in the message, and its content in the plaintext. All in bytes. */
export interface FrameSpan {
  /** Counted from 1. */
  readonly sequenceNumber: number;
  readonly final: boolean;
  /** From the start of the message. */
  readonly offset: number;
  readonly length: number;
  readonly plaintextOffset: number;
  readonly plaintextLength: number;
}

/** The frames of an unsigned message, worked out from its length alone. */
export interface FramedLayout {
  readonly frameCount: number;
  /** Authentic only once the final frame has been decrypted: until then a cut-off message looks like a shorter one. */
  readonly plaintextLength: number;
  /** @throws {InvalidArgumentError} when there is no frame of this number */
  frame(sequenceNumber: number): FrameSpan;
  /** The number of the frame that holds this byte of the plaintext. */
  frameAt(plaintextOffset: number): number;
}

/**
 * The frames of an unsigned message of this many bytes.
 *
 * @throws {MalformedMessageError} when no message has this length
 */
export function layoutOf(headerLength: number, frameLength: number, messageLength: number): FramedLayout {
  const body = messageLength - headerLength;
  const regularSize = frameSize('regular', frameLength);
  const regularFrames = Math.floor((body - finalFrameOverhead) / regularSize);
  const finalLength = body - finalFrameOverhead - regularFrames * regularSize;
  if (!Number.isSafeInteger(messageLength) || body < finalFrameOverhead || finalLength > frameLength) {
    throw new MalformedMessageError(
      `a message of ${messageLength} bytes cannot be cut into frames of ${frameLength}: it is cut off or has trailing bytes`,
      headerLength,
    );
  }
  const frameCount = regularFrames + 1;
  if (frameCount > maxSequenceNumber) {
    throw new LimitExceededError(`the message has ${frameCount} frames; ${maxSequenceNumber} is the most`);
  }
  return {
    frameCount,
    plaintextLength: regularFrames * frameLength + finalLength,
    frame(sequenceNumber) {
      if (!Number.isInteger(sequenceNumber) || sequenceNumber < 1 || sequenceNumber > frameCount) {
        throw new InvalidArgumentError(
          `there is no frame ${sequenceNumber}: the message has frames 1 to ${frameCount}`,
        );
      }
      const final = sequenceNumber === frameCount;
      const plaintextLength = final ? finalLength : frameLength;
      return {
        sequenceNumber,
        final,
        offset: headerLength + (sequenceNumber - 1) * regularSize,
        length: frameSize(final ? 'final' : 'regular', plaintextLength),
        plaintextOffset: (sequenceNumber - 1) * frameLength,
        plaintextLength,
      };
    },
    frameAt: (plaintextOffset) => Math.min(Math.floor(plaintextOffset / frameLength) + 1, frameCount),
  };
}
