import { backend } from '#backend';
import type { Verifier } from '../backend/backend.ts';
import { concat } from '../bytes/concat.ts';
import { ByteReader } from '../bytes/reader.ts';
import { AuthenticationError, LimitExceededError, MalformedMessageError } from '../errors.ts';
import type { DecryptedMessage, EncryptedMessage, ReadSession, WriteSession } from '../format.ts';
import { beginMessage } from './begin-message.ts';
import { checkSignature, messageSigner, messageVerifier, serializeFooter } from './footer.ts';
import {
  type FrameCipher,
  frameCipher,
  frameSize,
  ivLength,
  maxSequenceNumber,
  regularPrefix,
  tagLength,
} from './frame.ts';
import { type ParsedHeader, parseHeader } from './header.ts';
import { verifyHeader } from './header-authentication.ts';
import { bodyLength, countFrames, type FrameParts, locateFrame } from './layout.ts';

/** The most a non-framed body may hold: GCM's limit of 2^36 - 32 bytes. */
export const maxNonFramedLength = 2 ** 36 - 32;

/** Encrypt bytes that are all in memory. */
export async function encryptWhole(plaintext: Uint8Array, session: WriteSession): Promise<EncryptedMessage> {
  const { frameLength } = session;
  const signer = messageSigner(session.materials);
  const count = countFrames(plaintext.length, frameLength);
  const { header, bytes, cipher } = await beginMessage(session, bodyLength(plaintext.length, frameLength));
  const frames = frameCipher(cipher, header.messageId);

  let at = header.headerLength;
  for (let sequenceNumber = 1; sequenceNumber <= count; sequenceNumber += 1) {
    const kind = sequenceNumber === count ? 'final' : 'regular';
    const start = (sequenceNumber - 1) * frameLength;
    const content = count === 1 ? plaintext : plaintext.subarray(start, start + frameLength);
    const pending = frames.seal(kind, sequenceNumber, content, bytes, at);
    if (pending !== undefined) await pending;
    at += frameSize(kind, content.length);
  }
  if (signer === undefined) return { ciphertext: bytes, header };
  signer.update(bytes);
  return { ciphertext: concat(bytes, await serializeFooter(signer)), header };
}

/** Decrypt a message that is all in memory. Nothing is returned unless every byte was authenticated. */
export async function decryptWhole(ciphertext: Uint8Array, session: ReadSession): Promise<DecryptedMessage> {
  const parsed = parseHeader(ciphertext, session.maxEncryptedDataKeys);
  const opened = await session.open(parsed.header);
  const key = await verifyHeader(parsed, opened);
  const verifier = await messageVerifier(parsed.header.suite, opened.materials.encryptionContext);
  session.onHeader?.(parsed.header);
  const frames = frameCipher(key, parsed.header.messageId);
  const { plaintext, end } =
    parsed.header.contentType === 'framed'
      ? await openFrames(ciphertext, parsed, frames)
      : await openNonFramed(ciphertext, parsed, frames);
  try {
    await readFooter(ciphertext, end, verifier);
  } catch (error) {
    plaintext.fill(0);
    throw error;
  }
  return { plaintext, header: parsed.header, context: opened.materials.encryptionContext };
}

interface OpenedBody {
  readonly plaintext: Uint8Array;
  /** Where the body ends in the message. */
  readonly end: number;
}

async function openFrames(
  message: Uint8Array,
  { header }: ParsedHeader,
  frames: FrameCipher,
): Promise<OpenedBody> {
  // First find out how long the plaintext is, from frames that are all there: no length is taken on trust.
  const { frameLength, headerLength } = header;
  let last: FrameParts;
  let offset = headerLength;
  let sequenceNumber = 1;
  for (;;) {
    last = locateFrame(message, offset, sequenceNumber, frameLength);
    offset = last.end;
    if (last.kind === 'final') break;
    if (sequenceNumber === maxSequenceNumber) {
      throw new LimitExceededError(`the message has more than ${maxSequenceNumber} frames`);
    }
    sequenceNumber += 1;
  }

  const plaintext = backend.allocate((last.sequenceNumber - 1) * frameLength + last.contentLength);
  const regularSize = frameSize('regular', frameLength);
  for (let number = 1; number <= last.sequenceNumber; number += 1) {
    const isFinal = number === last.sequenceNumber;
    const contentOffset = isFinal
      ? last.contentOffset
      : headerLength + (number - 1) * regularSize + regularPrefix;
    const end = isFinal ? last.end : contentOffset + frameLength + tagLength;
    const ivOffset = isFinal ? last.ivOffset : contentOffset - ivLength;
    const opened = frames.open(
      isFinal ? 'final' : 'regular',
      number,
      message.subarray(ivOffset, ivOffset + ivLength),
      message.subarray(contentOffset, end),
      plaintext,
      (number - 1) * frameLength,
    );
    if (!(opened instanceof Promise ? await opened : opened)) {
      plaintext.fill(0);
      throw frameAuthenticationError(number);
    }
  }
  return { plaintext, end: last.end };
}

async function openNonFramed(
  message: Uint8Array,
  { header }: ParsedHeader,
  frames: FrameCipher,
): Promise<OpenedBody> {
  const reader = new ByteReader(message, header.headerLength);
  const { iv, length } = readNonFramedPrefix(reader);
  const sealed = reader.take(length + tagLength, 'the body');
  const plaintext = backend.allocate(length);
  if (!(await frames.open('non-framed', 1, iv, sealed, plaintext, 0))) {
    throw new AuthenticationError("the body's tag does not match: the body was changed", 'body');
  }
  return { plaintext, end: reader.offset };
}

/** IV and content length, which stand before a non-framed body. */
export function readNonFramedPrefix(reader: ByteReader): { iv: Uint8Array; length: number } {
  const iv = reader.take(ivLength, "the body's IV");
  const lengthOffset = reader.position;
  const length = reader.u64("the body's length");
  if (length > BigInt(maxNonFramedLength)) {
    throw new MalformedMessageError(
      `the body claims ${length} bytes; ${maxNonFramedLength} is the most`,
      lengthOffset,
    );
  }
  return { iv, length: Number(length) };
}

async function readFooter(message: Uint8Array, start: number, verifier: Verifier | undefined): Promise<void> {
  const reader = new ByteReader(message, start);
  const signature =
    verifier === undefined
      ? undefined
      : reader.take(reader.u16('the length of the signature'), 'the signature');
  if (reader.remaining > 0) {
    throw new MalformedMessageError(`${reader.remaining} bytes follow the end of the message`, reader.offset);
  }
  if (verifier !== undefined && signature !== undefined) {
    verifier.update(message.subarray(0, start));
    await checkSignature(verifier, signature);
  }
}

export function frameAuthenticationError(sequenceNumber: number): AuthenticationError {
  return new AuthenticationError(
    `the tag of frame ${sequenceNumber} does not match: the message was changed`,
    'frame',
    sequenceNumber,
  );
}
