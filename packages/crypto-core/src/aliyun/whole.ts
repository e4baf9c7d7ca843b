import { backend } from '#backend';
import { concat } from '../bytes/concat.ts';
import { MalformedMessageError, TruncatedMessageError } from '../errors.ts';
import type { DecryptedMessage, EncryptedMessage, ReadSession, WriteSession } from '../format.ts';
import {
  bodyError,
  checkCiphertextLength,
  checkPlaintextEnd,
  checkPlaintextLength,
  ciphertextLengthOf,
} from './body.ts';
import { cursorOver } from './cursor.ts';
import { serializeContext } from './encryption-context.ts';
import {
  decodeDerTrailer,
  encodeDerHeader,
  encodeDerMessageStart,
  encodeDerTrailerStart,
} from './message-encoding.ts';
import { openMessage } from './open-message.ts';
import type { BodyPlace, HeaderPlace } from './places.ts';
import { publicHeader } from './public-header.ts';
import { readBodyStart, readMessageHeader } from './read-message.ts';
import { type StartedMessage, startMessage } from './start-message.ts';
import { encodeStreamBodyStart, encodeStreamHeader } from './stream-encoding.ts';

/** Encrypt bytes that are all in memory. */
export async function encryptWhole(plaintext: Uint8Array, session: WriteSession): Promise<EncryptedMessage> {
  const started = await startMessage(session);
  const { suite, context } = started.header;
  checkPlaintextLength(suite, plaintext.length);
  checkPlaintextEnd(suite, plaintext.length);
  const ciphertextLength = ciphertextLengthOf(suite, plaintext.length);
  const encoding = session.encoding ?? 'message';
  const { before, headerLength, beforeTag } =
    encoding === 'message' ? derParts(started, ciphertextLength) : streamParts(started);

  const message = backend.allocate(before.length + ciphertextLength + beforeTag.length + suite.tagLength);
  message.set(before);
  const tag = await started.key.encrypt(
    started.iv,
    serializeContext(context),
    plaintext,
    message,
    before.length,
  );
  message.set(beforeTag, before.length + ciphertextLength);
  message.set(tag, message.length - suite.tagLength);
  return { ciphertext: message, header: publicHeader(started.header, encoding, headerLength) };
}

/** What an encoding writes around ciphertext and tag. */
interface MessageParts {
  readonly before: Uint8Array;
  /** Offset in `before` at which the body starts. */
  readonly headerLength: number;
  readonly beforeTag: Uint8Array;
}

function derParts({ header, iv }: StartedMessage, ciphertextLength: number): MessageParts {
  const { before, headerLength } = encodeDerMessageStart(
    encodeDerHeader(header),
    iv,
    ciphertextLength,
    header.suite.tagLength,
  );
  return { before, headerLength, beforeTag: encodeDerTrailerStart(header.suite.tagLength) };
}

export function streamParts({ header, iv }: StartedMessage): MessageParts {
  const headerBytes = encodeStreamHeader(header);
  return {
    before: concat(headerBytes, encodeStreamBodyStart(iv)),
    headerLength: headerBytes.length,
    beforeTag: new Uint8Array(0),
  };
}

/** Decrypt a message that is all in memory. */
export async function decryptWhole(ciphertext: Uint8Array, session: ReadSession): Promise<DecryptedMessage> {
  const whole = readWholeMessage(ciphertext, session.maxEncryptedDataKeys);
  const { suite } = whole.place.header;
  const { header, opened, key } = await openMessage(whole.place, session);
  const { context } = header;
  const plaintext = await key.decrypt(whole.body.iv, serializeContext(context), whole.ciphertext, whole.tag);
  if (plaintext === undefined) throw bodyError(suite, whole.body);
  return { plaintext, header, context: opened.materials.encryptionContext };
}

/** A message's parts, all checked against each other; nothing is authenticated. Views of the message. */
export interface WholeMessage {
  readonly place: HeaderPlace;
  readonly body: BodyPlace;
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

export function readWholeMessage(message: Uint8Array, maxEncryptedDataKeys: number): WholeMessage {
  const cursor = cursorOver(message);
  const place = readMessageHeader(cursor, maxEncryptedDataKeys);
  const body = readBodyStart(cursor, place);
  const { suite } = place.header;
  const end = place.end ?? message.length;
  if (end < message.length) {
    throw new MalformedMessageError(`trailing bytes after the message: ${message.length - end}`, end);
  }
  const trailerStart = end - body.trailerLength;
  if (end > message.length || trailerStart < body.ciphertextStart) {
    const needed = Math.max(end, body.ciphertextStart + body.trailerLength);
    throw new TruncatedMessageError('the body', body.ciphertextStart, needed);
  }
  checkCiphertextLength(suite, trailerStart - body.ciphertextStart, body);
  const trailer = message.subarray(trailerStart, end);
  return {
    place,
    body,
    ciphertext: message.subarray(body.ciphertextStart, trailerStart),
    tag: place.encoding === 'message' ? decodeDerTrailer(trailer, suite.tagLength, trailerStart) : trailer,
  };
}
