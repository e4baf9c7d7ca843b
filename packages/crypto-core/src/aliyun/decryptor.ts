import type { BodyDecryptor } from '../backend/body-key.ts';
import { PendingBytes } from '../bytes/pending.ts';
import { LimitExceededError, MalformedMessageError, TruncatedMessageError } from '../errors.ts';
import type { ByteTransform, Emit, ReadSession } from '../format.ts';
import { bodyError, checkCiphertextLength } from './body.ts';
import { cursorOver } from './cursor.ts';
import { serializeContext } from './encryption-context.ts';
import { HeldBytes } from './held-bytes.ts';
import { decodeDerTrailer } from './message-encoding.ts';
import { openMessage } from './open-message.ts';
import type { BodyPlace, HeaderPlace } from './places.ts';
import { readBodyStart, readMessageHeader } from './read-message.ts';
import type { HeaderProgress } from './stream-encoding.ts';

/** A message up to its ciphertext. */
interface MessageStart {
  readonly place: HeaderPlace;
  readonly body: BodyPlace;
}

/**
 * Decrypt as a stream. The format has one tag, at the end, so authenticated plaintext can only come out then: it is
 * held until the tag has been checked, up to `session.maxUnverifiedBytes`. Past that the stream fails, unless the
 * caller consented to unauthenticated plaintext; with consent it comes out as it is decrypted, and a wrong tag errors
 * the stream at its end.
 */
export function createDecryptor(session: ReadSession): ByteTransform {
  /** The message up to its ciphertext, and then the last bytes that arrived, which may be the tag. */
  const pending = new PendingBytes();
  const held = new HeldBytes();
  let needed = 1;
  const progress: HeaderProgress = {};
  let start: MessageStart | undefined;
  let cipher: BodyDecryptor | undefined;
  /** Bytes of ciphertext and trailer that have arrived. */
  let bodyLength = 0;
  let isHolding = true;

  const parseStart = (): MessageStart => {
    const cursor = cursorOver(pending.bytes);
    const place = readMessageHeader(cursor, session.maxEncryptedDataKeys, progress);
    return { place, body: readBodyStart(cursor, place) };
  };

  const readStart = async (parsed: MessageStart, emit: Emit): Promise<void> => {
    const { place, body } = parsed;
    const { suite } = place.header;
    if (body.ciphertextLength !== undefined) {
      checkCiphertextLength(suite, body.ciphertextLength, body);
      if (suite.authenticated) checkHeld(body.ciphertextLength);
    }
    const { key } = await openMessage(place, session);
    cipher = key.decryptor(body.iv, serializeContext(place.header.context));
    isHolding = suite.authenticated;
    start = parsed;
    const arrived = pending.bytes.slice(body.ciphertextStart);
    pending.clear();
    readBody(arrived, parsed, emit);
  };

  const checkHeld = (length: number): void => {
    if (length <= session.maxUnverifiedBytes || session.allowUnauthenticated) return;
    throw new LimitExceededError(
      `the aliyun format authenticates a body by one tag at its end, and this one has more than the ${session.maxUnverifiedBytes} bytes that are held until then; raise maxUnverifiedBytes, or pass allowUnauthenticated: true to be given plaintext before it is authenticated`,
    );
  };

  const readBody = (chunk: Uint8Array, { place, body }: MessageStart, emit: Emit): void => {
    bodyLength += chunk.length;
    const { ciphertextLength, trailerLength, ciphertextStart } = body;
    if (ciphertextLength !== undefined && bodyLength > ciphertextLength + trailerLength) {
      throw new MalformedMessageError('trailing bytes after the message', place.end ?? ciphertextStart);
    }
    // All but the last bytes are ciphertext for sure; those may be the tag.
    let ready = pending.length + chunk.length - trailerLength;
    if (ready > 0 && pending.length > 0) {
      const old = Math.min(ready, pending.length);
      decrypt(pending.bytes.subarray(0, old), emit);
      pending.drop(old);
      ready -= old;
    }
    if (ready > 0) decrypt(chunk.subarray(0, ready), emit);
    pending.append(chunk.subarray(Math.max(ready, 0)));
  };

  const decrypt = (ciphertext: Uint8Array, emit: Emit): void => {
    const plaintext = cipher!.update(ciphertext);
    if (plaintext.length === 0) return;
    if (!isHolding) {
      emit(plaintext);
      return;
    }
    checkHeld(held.length + plaintext.length);
    held.append(plaintext);
    if (held.length > session.maxUnverifiedBytes) {
      held.release(emit);
      isHolding = false;
    }
  };

  const endBody = ({ place, body }: MessageStart, emit: Emit): void => {
    const { suite } = place.header;
    const length = bodyLength - body.trailerLength;
    const end = body.ciphertextStart + bodyLength;
    if (pending.length < body.trailerLength || length < (body.ciphertextLength ?? 0)) {
      throw new TruncatedMessageError('the body', body.ciphertextStart, place.end ?? end + 1);
    }
    checkCiphertextLength(suite, length, body);
    const trailer = pending.bytes;
    const tag =
      place.encoding === 'message'
        ? decodeDerTrailer(trailer, suite.tagLength, end - body.trailerLength)
        : trailer;
    const last = cipher!.final(tag);
    if (last === undefined) throw bodyError(suite, body);
    held.release(emit);
    if (last.length > 0) emit(last);
  };

  return {
    async write(chunk, emit) {
      if (start !== undefined) {
        readBody(chunk, start, emit);
        return;
      }
      pending.append(chunk);
      if (pending.length < needed) return;
      let parsed: MessageStart;
      // Only the parser's word is one for more bytes: a keyring's TruncatedMessageError is a failure.
      try {
        parsed = parseStart();
      } catch (error) {
        if (!(error instanceof TruncatedMessageError)) throw error;
        needed = error.needed;
        return;
      }
      await readStart(parsed, emit);
    },
    async end(emit) {
      if (start === undefined) await readStart(parseStart(), emit);
      endBody(start!, emit);
    },
    close() {
      cipher = undefined;
      held.clear();
      pending.clear();
    },
  };
}
