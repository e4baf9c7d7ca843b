import { InvalidArgumentError } from '../errors.ts';
import type { ByteTransform, Emit, WriteSession } from '../format.ts';
import { checkPlaintextEnd, checkPlaintextLength } from './body.ts';
import { serializeContext } from './encryption-context.ts';
import { startMessage } from './start-message.ts';
import { streamParts } from './whole.ts';

/** Encrypt as a stream, in the stream encoding: DER would need the plaintext's length before its first byte. */
export async function createEncryptor(session: WriteSession): Promise<ByteTransform> {
  const started = await startMessage(session);
  if (session.encoding === 'message') {
    throw new InvalidArgumentError(
      "encoding 'message' states the body's length before the body, which a stream does not know: use encrypt, or encoding 'stream'",
    );
  }
  const { suite, context } = started.header;
  let before: Uint8Array | undefined = streamParts(started).before;
  let cipher = started.key.encryptor(started.iv, serializeContext(context)) as
    | ReturnType<typeof started.key.encryptor>
    | undefined;
  let length = 0;

  const send = (bytes: Uint8Array, emit: Emit): void => {
    if (before !== undefined) {
      emit(before);
      before = undefined;
    }
    if (bytes.length > 0) emit(bytes);
  };

  return {
    write(chunk, emit) {
      length += chunk.length;
      checkPlaintextLength(suite, length);
      send(cipher!.update(chunk), emit);
    },
    end(emit) {
      checkPlaintextEnd(suite, length);
      const { ciphertext, tag } = cipher!.final();
      send(ciphertext, emit);
      send(tag, emit);
    },
    close() {
      cipher = undefined;
    },
  };
}
