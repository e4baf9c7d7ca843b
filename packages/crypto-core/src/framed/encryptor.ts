import { backend } from '#backend';
import { PendingBytes } from '../bytes/pending.ts';
import { LimitExceededError } from '../errors.ts';
import type { ByteTransform, Emit, WriteSession } from '../format.ts';
import { beginMessage } from './begin-message.ts';
import { messageSigner, requireIncrementalSignature, serializeFooter } from './footer.ts';
import { type FrameCipher, frameCipher, frameSize, maxSequenceNumber } from './frame.ts';

/**
 * Encrypt as a stream. A full frame waits until more bytes come, because the last one must be written as the final
 * frame; so at most one frame of plaintext is held.
 */
export async function createEncryptor(session: WriteSession): Promise<ByteTransform> {
  const { frameLength } = session;
  requireIncrementalSignature(session.materials.suite);
  const signer = messageSigner(session.materials);
  const started = await beginMessage(session);
  let frames: FrameCipher | undefined = frameCipher(started.cipher, started.header.messageId);
  const pending = new PendingBytes();
  let sequenceNumber = 1;
  let headerBytes: Uint8Array | undefined = started.bytes;

  const send = (bytes: Uint8Array, emit: Emit) => {
    signer?.update(bytes);
    emit(bytes);
  };
  const sendHeader = (emit: Emit) => {
    if (headerBytes === undefined) return;
    send(headerBytes, emit);
    headerBytes = undefined;
  };
  const sendFrame = async (kind: 'regular' | 'final', content: Uint8Array, emit: Emit) => {
    if (kind === 'regular' && sequenceNumber === maxSequenceNumber) {
      throw new LimitExceededError(
        `the plaintext takes more than ${maxSequenceNumber} frames of ${frameLength} bytes: use a longer frameLength`,
      );
    }
    const frame = backend.allocate(frameSize(kind, content.length));
    const sealing = frames!.seal(kind, sequenceNumber, content, frame, 0);
    if (sealing !== undefined) await sealing;
    sequenceNumber += 1;
    send(frame, emit);
  };

  return {
    async write(chunk, emit) {
      sendHeader(emit);
      let rest = chunk;
      if (pending.length > 0) {
        const missing = Math.min(frameLength - pending.length, rest.length);
        pending.append(rest.subarray(0, missing));
        rest = rest.subarray(missing);
        if (rest.length > 0) {
          await sendFrame('regular', pending.bytes, emit);
          pending.drop(frameLength);
        }
      }
      while (rest.length > frameLength) {
        await sendFrame('regular', rest.subarray(0, frameLength), emit);
        rest = rest.subarray(frameLength);
      }
      if (rest.length > 0) pending.append(rest);
    },
    async end(emit) {
      sendHeader(emit);
      await sendFrame('final', pending.bytes, emit);
      if (signer !== undefined) emit(await serializeFooter(signer));
    },
    close() {
      frames = undefined;
      pending.clear();
    },
  };
}
