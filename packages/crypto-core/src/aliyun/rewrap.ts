import { concat } from '../bytes/concat.ts';
import { PendingBytes } from '../bytes/pending.ts';
import { MalformedMessageError, TruncatedMessageError, UnsupportedOperationError } from '../errors.ts';
import type { ByteTransform, Emit, RewrapSession } from '../format.ts';
import { copyDataKey } from '../materials/data-key.ts';
import { cursorOver } from './cursor.ts';
import { derPrefix } from './der.ts';
import { importDataKey, tagHeader, verifyHeader } from './header-tag.ts';
import { encodeDerHeader } from './message-encoding.ts';
import type { HeaderPlace } from './places.ts';
import { publicHeader } from './public-header.ts';
import { readBodyStart, readMessageHeader } from './read-message.ts';
import { encodeStreamHeader, type HeaderProgress } from './stream-encoding.ts';
import { readWholeMessage } from './whole.ts';

/** @throws {UnsupportedOperationError} since the format encrypts with the data key itself */
function checkKept({ frames }: RewrapSession): void {
  if (frames === 'keep') return;
  throw new UnsupportedOperationError(
    "a message of the aliyun format, which derives no keys from the data key, cannot be rewrapped with frames 'renew': decrypt it and encrypt it again",
  );
}

/** Replace the header of a message that is all in memory. */
export async function rewrapWhole(message: Uint8Array, session: RewrapSession): Promise<Uint8Array> {
  checkKept(session);
  const { place } = readWholeMessage(message, session.maxEncryptedDataKeys);
  return concat(await rewrapStart(place, session), message.subarray(place.headerEnd));
}

/** Replace the header of a message on its way through. */
export function createRewrapper(session: RewrapSession): ByteTransform {
  checkKept(session);
  const pending = new PendingBytes();
  let needed = 1;
  const progress: HeaderProgress = {};
  let place: HeaderPlace | undefined;
  /** Bytes of the old message that have been handed on or replaced. */
  let position = 0;

  const parse = (): HeaderPlace => {
    const cursor = cursorOver(pending.bytes);
    const read = readMessageHeader(cursor, session.maxEncryptedDataKeys, progress);
    readBodyStart(cursor, read);
    return read;
  };

  const replaceHeader = async (read: HeaderPlace, emit: Emit): Promise<void> => {
    emit(await rewrapStart(read, session));
    place = read;
    position = read.headerEnd;
    const rest = pending.bytes.slice(position);
    pending.clear();
    passOn(rest, read, emit);
  };

  const passOn = (bytes: Uint8Array, { end }: HeaderPlace, emit: Emit): void => {
    position += bytes.length;
    if (end !== undefined && position > end)
      throw new MalformedMessageError('trailing bytes after the message', end);
    if (bytes.length > 0) emit(bytes);
  };

  return {
    async write(chunk, emit) {
      if (place !== undefined) {
        passOn(chunk.slice(), place, emit);
        return;
      }
      pending.append(chunk);
      if (pending.length < needed) return;
      let read: HeaderPlace;
      // Only the parser's word is one for more bytes: a keyring's TruncatedMessageError is a failure.
      try {
        read = parse();
      } catch (error) {
        if (!(error instanceof TruncatedMessageError)) throw error;
        needed = error.needed;
        return;
      }
      await replaceHeader(read, emit);
    },
    async end(emit) {
      if (place === undefined) await replaceHeader(parse(), emit);
      const { end, headerEnd } = place!;
      if (end !== undefined && position < end) throw new TruncatedMessageError('the body', headerEnd, end);
    },
    close: () => pending.clear(),
  };
}

/** The new message up to its body: other encrypted data keys for the same data key, under a new tag. */
async function rewrapStart(place: HeaderPlace, session: RewrapSession): Promise<Uint8Array> {
  const { header, encoding, headerEnd, end } = place;
  const opened = await session.open(publicHeader(header, encoding, headerEnd));
  const dataKey = copyDataKey(opened.materials.plaintextDataKey);
  try {
    const key = await importDataKey(header.suite, opened.materials.plaintextDataKey);
    await verifyHeader(header, key);
    const encryptedDataKeys = await session.wrap(opened, dataKey);
    const rewrapped = await tagHeader({ ...header, encryptedDataKeys }, key);
    if (end === undefined) return encodeStreamHeader(rewrapped);
    const headerBytes = encodeDerHeader(rewrapped);
    return concat(derPrefix('sequence', headerBytes.length + end - headerEnd), headerBytes);
  } finally {
    dataKey.fill(0);
  }
}
