import { requireBytes } from '../bytes/require-bytes.ts';
import { InvalidArgumentError, MalformedMessageError, UnsupportedOperationError } from '../errors.ts';
import type { ReadSession } from '../format.ts';
import type { FramedHeader } from '../header.ts';
import type { EncryptionContext } from '../keyring.ts';
import { messageVerifier } from './footer.ts';
import { type FrameCipher, frameCipher, ivLength } from './frame.ts';
import { parseHeader } from './header.ts';
import { verifyHeader } from './header-authentication.ts';
import { type FramedLayout, type FrameSpan, layoutOf, locateFrame } from './layout.ts';
import { frameAuthenticationError } from './whole.ts';

/** A framed message opened by its header alone, to decrypt frames in any order: ranged reads, parallel reads. */
export interface MessageReader {
  /** Authenticated. */
  readonly header: FramedHeader;
  /** Authenticated: the entries stored and those the caller supplied. */
  readonly context: EncryptionContext;
  /**
   * Where the frames of the message stand, given its length in bytes.
   *
   * @throws {MalformedMessageError} when no message has this length
   */
  layout(messageLength: number): FramedLayout;
  /**
   * Decrypt one frame; `bytes` are exactly the frame's. Calls may run side by side.
   *
   * @throws {AuthenticationError | MalformedMessageError} when it is not this frame of this message, unchanged
   */
  decryptFrame(span: FrameSpan, bytes: Uint8Array): Promise<Uint8Array>;
  /** Drop the keys; `decryptFrame` fails from then on. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * Open a message by its header.
 *
 * @param bytes the start of the message, at least its header
 * @throws {TruncatedMessageError} when `bytes` end inside the header; its `needed` says how many to come back with
 * @throws {UnsupportedOperationError} for a signed or non-framed message, which can only be read whole
 */
export async function openMessageReader(bytes: Uint8Array, session: ReadSession): Promise<MessageReader> {
  const parsed = parseHeader(bytes, session.maxEncryptedDataKeys);
  const { header } = parsed;
  if (header.suite.signature !== undefined) {
    throw new UnsupportedOperationError(
      `a message of the signed suite ${header.suite.name} cannot be read in part: its signature covers all of it`,
    );
  }
  if (header.contentType !== 'framed') {
    throw new UnsupportedOperationError(
      'a non-framed message cannot be read in part: it has one tag for all of it',
    );
  }
  const opened = await session.open(header);
  const key = await verifyHeader(parsed, opened);
  await messageVerifier(header.suite, opened.materials.encryptionContext);
  let frames: FrameCipher | undefined = frameCipher(key, header.messageId);
  const close = () => {
    frames = undefined;
  };
  return {
    header,
    context: opened.materials.encryptionContext,
    layout: (messageLength) => layoutOf(header.headerLength, header.frameLength, messageLength),
    async decryptFrame(span, bytes) {
      if (frames === undefined) throw new InvalidArgumentError('the message reader is closed');
      const frame = requireBytes('bytes', bytes);
      const parts = locateFrame(frame, 0, span.sequenceNumber, header.frameLength, span.offset);
      if ((parts.kind === 'final') !== span.final) {
        throw new MalformedMessageError(
          `a ${parts.kind} frame stands where ${span.final ? 'the final' : 'a regular'} frame belongs`,
          span.offset,
        );
      }
      if (parts.end !== frame.length) {
        throw new MalformedMessageError(
          `frame ${span.sequenceNumber} takes ${parts.end} bytes, but ${frame.length} were given`,
          span.offset + parts.end,
        );
      }
      const plaintext = new Uint8Array(parts.contentLength);
      const authentic = await frames.open(
        parts.kind,
        span.sequenceNumber,
        frame.subarray(parts.ivOffset, parts.ivOffset + ivLength),
        frame.subarray(parts.contentOffset),
        plaintext,
        0,
      );
      if (!authentic) throw frameAuthenticationError(span.sequenceNumber);
      return plaintext;
    },
    close,
    [Symbol.dispose]: close,
  };
}
