/** ES2024, which every supported Node.js has and the library that this is compiled for has not. */
type TransferableBuffer = ArrayBuffer & { transfer(length: number): ArrayBuffer };

/** Below this, giving memory back costs more than leaving it to the garbage collector. */
const WORTH_FREEING = 4096;

/**
 * Give the memory of a chunk back at once, where it has an ArrayBuffer of its own. Long transfers leave garbage as long
 * as themselves otherwise, outside the heap, and the collector stops everything each time that it is noticed. Nothing
 * may refer to the chunk any more.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < WORTH_FREEING || byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) (buffer as TransferableBuffer).transfer(0);
}

/** Gives each chunk's memory back when the next one is asked for. For consumers that copy what they keep. */
export async function* givingBack(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    yield chunk;
    giveBack(chunk);
  }
}
