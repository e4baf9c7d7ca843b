import type { GcmKey } from '../backend/backend.ts';
import { concat } from '../bytes/concat.ts';
import { PendingBytes } from '../bytes/pending.ts';
import { TruncatedMessageError } from '../errors.ts';
import type { ByteTransform, Emit, RewrapSession } from '../format.ts';
import type { EncryptedDataKey } from '../keyring.ts';
import { copyDataKey } from '../materials/data-key.ts';
import { randomBytes } from '../random.ts';
import { type HeaderProgress, type ParsedHeader, parseHeader, serializeHeaderBody } from './header.ts';
import { authenticateHeader, authenticationLength, verifyHeader } from './header-authentication.ts';
import { createRenewer, renewWhole, signedMessageError } from './renew.ts';

const zeroIv = new Uint8Array(12);

/** The new header for a message whose header was parsed. */
async function rewrapHeader(parsed: ParsedHeader, session: RewrapSession): Promise<Uint8Array> {
  const { header, commitment } = parsed;
  if (header.suite.signature !== undefined) {
    throw signedMessageError(header.suite);
  }
  const opened = await session.open(header);
  const dataKey = copyDataKey(opened.materials.plaintextDataKey);
  let cipher: GcmKey;
  let encryptedDataKeys: readonly EncryptedDataKey[];
  try {
    cipher = await verifyHeader(parsed, opened);
    encryptedDataKeys = await session.wrap(opened, dataKey);
  } finally {
    dataKey.fill(0);
  }
  const { suite, messageId, context, contentType, frameLength } = header;
  const room = authenticationLength(header.version);
  const fields = {
    suite,
    messageId,
    context,
    encryptedDataKeys,
    contentType,
    frameLength,
    commitment,
  };
  const headerBody = serializeHeaderBody(fields, room);
  // Version 1 stores the header's IV, so a second header under one key gets an IV of its own. Version 2 fixes it at
  // zero: docs/decisions/rewrapping.md says what that means.
  const iv = header.version === 1 ? freshHeaderIv(suite.ivLength) : zeroIv;
  await authenticateHeader(cipher, headerBody, opened.unstoredContext, header.version, iv);
  return headerBody.bytes;
}

/** A random IV that is no frame's: theirs are sequence numbers of 32 bits, so their first bit is never set. */
function freshHeaderIv(length: number): Uint8Array {
  const iv = randomBytes(length);
  iv[0]! |= 0x80;
  return iv;
}

/** Replace the header of a message that is all in memory. */
export async function rewrapWhole(ciphertext: Uint8Array, session: RewrapSession): Promise<Uint8Array> {
  if (session.frames === 'renew') return renewWhole(ciphertext, session);
  const parsed = parseHeader(ciphertext, session.maxEncryptedDataKeys);
  const header = await rewrapHeader(parsed, session);
  return concat(header, ciphertext.subarray(parsed.header.headerLength));
}

/** Replace the header of a message on its way through. */
export function createRewrapper(session: RewrapSession): ByteTransform {
  if (session.frames === 'renew') return createRenewer(session);
  const pending = new PendingBytes();
  let needed = 1;
  let headerDone = false;
  const progress: HeaderProgress = {};

  const parse = () => parseHeader(pending.bytes, session.maxEncryptedDataKeys, progress);

  const replaceHeader = async (parsed: ParsedHeader, emit: Emit) => {
    emit(await rewrapHeader(parsed, session));
    headerDone = true;
    const body = pending.bytes.slice(parsed.header.headerLength);
    if (body.length > 0) emit(body);
    pending.clear();
  };

  return {
    async write(chunk, emit) {
      if (headerDone) {
        emit(chunk.slice());
        return;
      }
      pending.append(chunk);
      if (pending.length < needed) return;
      let parsed: ParsedHeader;
      // Only the parser's word is one for more bytes: a keyring's TruncatedMessageError is a failure.
      try {
        parsed = parse();
      } catch (error) {
        if (!(error instanceof TruncatedMessageError)) throw error;
        needed = error.needed;
        return;
      }
      await replaceHeader(parsed, emit);
    },
    async end(emit) {
      if (!headerDone) await replaceHeader(parse(), emit);
    },
    close: () => pending.clear(),
  };
}
