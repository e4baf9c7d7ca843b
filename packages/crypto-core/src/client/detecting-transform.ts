import type { ByteTransform, MessageFormat } from '../format.ts';
import { detectFormat } from './formats.ts';

/** A transform that is chosen by the message's first byte. */
export function detectingTransform(choose: (format: MessageFormat) => ByteTransform): ByteTransform {
  let chosen: ByteTransform | undefined;
  const detect = (bytes: Uint8Array) => {
    chosen ??= choose(detectFormat(bytes));
    return chosen;
  };
  return {
    write: (chunk, emit) => (chunk.length > 0 ? detect(chunk).write(chunk, emit) : undefined),
    end: (emit) => detect(new Uint8Array(0)).end(emit),
    close: () => chosen?.close(),
  };
}
