import {
  type FramedLayout,
  MalformedMessageError,
  type MessageReader,
  type MessageWriter,
  TruncatedMessageError,
} from '@yunseal/crypto-core';
import type { PlaintextReader } from './source.ts';

/** Takes exact numbers of bytes from a stream. */
export interface ByteTaker {
  /**
   * The next `length` bytes, or fewer at the end of the stream.
   *
   * @param scratch where to put bytes together that came in several pieces, to save an allocation
   */
  take(length: number, scratch?: Uint8Array): Promise<Uint8Array>;
  /** Put bytes back in front. */
  unread(bytes: Uint8Array): void;
  /** Release the stream. */
  close(): Promise<void>;
}

export function byteTaker(stream: AsyncIterable<Uint8Array>): ByteTaker {
  const iterator = stream[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  let ended = false;
  const next = async () => {
    const step = await iterator.next();
    if (step.done === true) ended = true;
    else held = step.value;
  };
  return {
    async take(length, scratch) {
      while (held.length === 0 && !ended && length > 0) await next();
      if (held.length >= length) {
        const bytes = held.subarray(0, length);
        held = held.subarray(length);
        return bytes;
      }
      const fits = scratch !== undefined && scratch.length >= length;
      const bytes = fits ? scratch.subarray(0, length) : Buffer.allocUnsafeSlow(length);
      let filled = 0;
      while (filled < length && (held.length > 0 || !ended)) {
        if (held.length === 0) {
          await next();
          continue;
        }
        const part = held.subarray(0, length - filled);
        bytes.set(part, filled);
        filled += part.length;
        held = held.subarray(part.length);
      }
      return bytes.subarray(0, filled);
    },
    unread(bytes) {
      // What was taken from the piece at hand is a view of it, and goes back without a copy.
      const adjacent = bytes.buffer === held.buffer && bytes.byteOffset + bytes.length === held.byteOffset;
      if (adjacent) held = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length + held.length);
      else held = held.length === 0 ? bytes : Buffer.concat([bytes, held]);
    },
    async close() {
      ended = true;
      held = new Uint8Array(0);
      await iterator.return?.();
    },
  };
}

/** Decrypt frames `first` to `last`, whose bytes come one after the other. */
export async function* decryptFrames(
  reader: MessageReader,
  layout: FramedLayout,
  first: number,
  last: number,
  source: ByteTaker,
): AsyncGenerator<Uint8Array, void, undefined> {
  const scratch = Buffer.allocUnsafeSlow(layout.frame(first).length);
  try {
    for (let number = first; number <= last; number++) {
      const span = layout.frame(number);
      const bytes = await source.take(span.length, scratch);
      if (bytes.length < span.length) {
        throw new TruncatedMessageError(`frame ${number}`, span.offset, span.offset + span.length);
      }
      yield await reader.decryptFrame(span, bytes);
    }
    // Reading on to the end of the stream gives its connection back for the next request.
    if ((await source.take(1)).length > 0) {
      throw new MalformedMessageError('there are bytes after the last frame', layout.frame(last).offset);
    }
  } finally {
    await source.close();
  }
}

/** Encrypt plaintext as the frames of a message, with its header in front when `headerBytes` are given. */
export async function* encryptFrames(
  writer: MessageWriter,
  plaintext: PlaintextReader,
  headerBytes: Uint8Array | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { frameLength } = writer.header;
  const read = plaintext.open(frameLength);
  try {
    if (headerBytes !== undefined) yield headerBytes;
    let content = await read.take(frameLength);
    for (let number = 1; ; number++) {
      // The last frame has a form of its own, so look ahead before a frame is written.
      const next = content.length === frameLength ? await read.take(frameLength) : new Uint8Array(0);
      const kind = next.length === 0 ? 'final' : 'regular';
      yield await writer.encryptFrame(number, content, kind);
      if (kind === 'final') return;
      content = next;
    }
  } finally {
    await read.close();
    writer.close();
  }
}
