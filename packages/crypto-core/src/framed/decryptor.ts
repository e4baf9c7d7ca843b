import { backend } from '#backend';
import type { Verifier } from '../backend/backend.ts';
import { PendingBytes } from '../bytes/pending.ts';
import { ByteReader } from '../bytes/reader.ts';
import {
  AuthenticationError,
  LimitExceededError,
  MalformedMessageError,
  TruncatedMessageError,
} from '../errors.ts';
import type { ByteTransform, Emit, ReadSession } from '../format.ts';
import type { FramedHeader } from '../header.ts';
import { checkSignature, messageVerifier, requireIncrementalSignature } from './footer.ts';
import {
  type FrameCipher,
  finalFrameOverhead,
  frameCipher,
  ivLength,
  maxSequenceNumber,
  tagLength,
} from './frame.ts';
import { type HeaderProgress, type ParsedHeader, parseHeader } from './header.ts';
import { verifyHeader } from './header-authentication.ts';
import { bytesNeeded, type FrameParts, locateFrame } from './layout.ts';
import { frameAuthenticationError, readNonFramedPrefix } from './whole.ts';

/** A part of the message that is read in one piece once all its bytes are there. */
type Part = 'header' | 'frames' | 'non-framed body' | 'footer' | 'nothing more';

/** Decrypt and check a part that was parsed; gives the number of bytes it took. */
type ReadPart = (emit: Emit) => Promise<number>;

/**
 * Decrypt as a stream. A frame's plaintext is emitted when its tag has been checked; in a signed message the last
 * frame's (or the whole non-framed body's) only when the signature has been verified too.
 *
 * @see client-apis/decrypt.md#decrypt-the-message-body of the AWS Encryption SDK specification
 */
export function createDecryptor(session: ReadSession): ByteTransform {
  const pending = new PendingBytes();
  /** Where `pending`, or the chunk being read, starts in the message. */
  let position = 0;
  /** No use in trying again with fewer bytes than this, counted from the start of the message. */
  let needed = 1;
  let part: Part = 'header';
  const progress: HeaderProgress = {};
  let header: FramedHeader | undefined;
  let frames: FrameCipher | undefined;
  let verifier: Verifier | undefined;
  let sequenceNumber = 1;
  /** Plaintext of a signed message that waits for the signature. */
  const heldBack: Uint8Array[] = [];
  let heldLength = 0;

  /**
   * Parse one part of `bytes`, which start at `position`. Only this can find that more bytes are needed: a
   * TruncatedMessageError out of what it gives back (a keyring's, say) is a failure like any other.
   */
  const parsePart = (bytes: Uint8Array): ReadPart => {
    switch (part) {
      case 'header': {
        const parsed = parseHeader(bytes, session.maxEncryptedDataKeys, progress);
        return () => readHeader(parsed, bytes);
      }
      case 'frames': {
        const frame = locateFrame(bytes, 0, sequenceNumber, header!.frameLength, position);
        return (emit) => readFrame(frame, bytes, emit);
      }
      case 'non-framed body': {
        const reader = new ByteReader(bytes, 0, position);
        const { iv, length } = readNonFramedPrefix(reader);
        const sealed = reader.take(length + tagLength, 'the body');
        return (emit) => readNonFramed(iv, sealed, bytes.subarray(0, reader.offset), emit);
      }
      case 'footer': {
        const reader = new ByteReader(bytes, 0, position);
        const signature = reader.take(reader.u16('the length of the signature'), 'the signature');
        return (emit) => readFooter(signature, reader.offset, emit);
      }
      case 'nothing more':
        throw new MalformedMessageError('bytes follow the end of the message', position);
    }
  };

  const readHeader = async (parsed: ParsedHeader, bytes: Uint8Array): Promise<number> => {
    requireIncrementalSignature(parsed.header.suite);
    const opened = await session.open(parsed.header);
    const key = await verifyHeader(parsed, opened);
    verifier = await messageVerifier(parsed.header.suite, opened.materials.encryptionContext);
    header = parsed.header;
    frames = frameCipher(key, header.messageId);
    verifier?.update(bytes.subarray(0, header.headerLength));
    part = header.contentType === 'framed' ? 'frames' : 'non-framed body';
    session.onHeader?.(header);
    return header.headerLength;
  };

  const readFrame = async (frame: FrameParts, bytes: Uint8Array, emit: Emit): Promise<number> => {
    const plaintext = backend.allocate(frame.contentLength);
    const opening = frames!.open(
      frame.kind,
      sequenceNumber,
      bytes.subarray(frame.ivOffset, frame.ivOffset + ivLength),
      bytes.subarray(frame.contentOffset, frame.end),
      plaintext,
      0,
    );
    if (!(opening instanceof Promise ? await opening : opening))
      throw frameAuthenticationError(sequenceNumber);
    verifier?.update(bytes.subarray(0, frame.end));
    if (frame.kind === 'final') endBody(plaintext, emit);
    else {
      if (sequenceNumber === maxSequenceNumber) {
        throw new LimitExceededError(`the message has more than ${maxSequenceNumber} frames`);
      }
      sequenceNumber += 1;
      if (verifier !== undefined && session.holdBack === 'all') hold(plaintext);
      else emit(plaintext);
    }
    return frame.end;
  };

  const readNonFramed = async (
    iv: Uint8Array,
    sealed: Uint8Array,
    body: Uint8Array,
    emit: Emit,
  ): Promise<number> => {
    const plaintext = backend.allocate(sealed.length - tagLength);
    if (!(await frames!.open('non-framed', 1, iv, sealed, plaintext, 0))) {
      throw new AuthenticationError("the body's tag does not match: the body was changed", 'body');
    }
    verifier?.update(body);
    endBody(plaintext, emit);
    return body.length;
  };

  const readFooter = async (signature: Uint8Array, length: number, emit: Emit): Promise<number> => {
    await checkSignature(verifier!, signature);
    for (const plaintext of heldBack.splice(0)) emit(plaintext);
    part = 'nothing more';
    return length;
  };

  const endBody = (plaintext: Uint8Array, emit: Emit) => {
    if (verifier === undefined) {
      emit(plaintext);
      part = 'nothing more';
    } else {
      hold(plaintext);
      part = 'footer';
    }
  };

  const hold = (plaintext: Uint8Array) => {
    heldBack.push(plaintext);
    heldLength += plaintext.length;
    if (session.holdBack === 'all' && heldLength > session.maxUnverifiedBytes) {
      throw new LimitExceededError(
        `more than ${session.maxUnverifiedBytes} bytes would be held until the signature is verified: raise maxUnverifiedBytes, or let signedMessages be 'hold-end'`,
      );
    }
  };

  /** Read as many parts as `bytes` hold; gives the number of bytes they took. */
  const readParts = async (bytes: Uint8Array, emit: Emit): Promise<number> => {
    let at = 0;
    while (at < bytes.length && position + (bytes.length - at) >= needed) {
      const rest = at === 0 ? bytes : bytes.subarray(at);
      if (part === 'frames') {
        const length = bytesNeeded(rest, header!.frameLength);
        if (rest.length < length) {
          needed = position + length;
          checkPieceLength();
          break;
        }
      }
      let read: ReadPart;
      try {
        read = parsePart(rest);
      } catch (error) {
        if (!(error instanceof TruncatedMessageError)) throw error;
        needed = error.needed;
        checkPieceLength();
        break;
      }
      const taken = await read(emit);
      at += taken;
      position += taken;
      needed = position + 1;
    }
    return at;
  };

  /** A frame, or a non-framed body, must be gathered before it can be checked. */
  const checkPieceLength = () => {
    if (part !== 'frames' && part !== 'non-framed body') return;
    const length = needed - position - finalFrameOverhead;
    if (length <= session.maxUnverifiedBytes) return;
    throw new LimitExceededError(
      `a piece of ${length} bytes, at byte ${position}, must be held until its tag is checked; maxUnverifiedBytes allows ${session.maxUnverifiedBytes}`,
    );
  };

  return {
    async write(chunk, emit) {
      let rest = chunk;
      // Complete the part that is waiting with just the bytes it lacks, then read the rest of the chunk in place.
      while (pending.length > 0 && rest.length > 0) {
        const missing = Math.min(needed - position - pending.length, rest.length);
        pending.append(rest.subarray(0, missing));
        rest = rest.subarray(missing);
        pending.drop(await readParts(pending.bytes, emit));
      }
      if (rest.length > 0) pending.append(rest.subarray(await readParts(rest, emit)));
    },
    end() {
      if (part === 'nothing more') return;
      // What is there is too short: parsing it once more says which field is cut off.
      parsePart(pending.bytes);
      throw new TruncatedMessageError('the message', position, position + pending.length + 1);
    },
    close() {
      frames = undefined;
      verifier = undefined;
      for (const plaintext of heldBack.splice(0)) plaintext.fill(0);
      pending.clear();
    },
  };
}
