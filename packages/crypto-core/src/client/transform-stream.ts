import { requireBytes } from '../bytes/require-bytes.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { ByteTransform, Emit } from '../format.ts';

/**
 * A platform stream around a message transform that is made when the first chunk arrives, so that a stream nobody
 * uses asks no keyring for anything. Whatever ends the stream, `close` is called once.
 */
export function toTransformStream(
  start: () => ByteTransform | Promise<ByteTransform>,
): TransformStream<Uint8Array, Uint8Array> {
  let transform: ByteTransform | undefined;
  let closed = false;
  const close = () => {
    closed = true;
    transform?.close();
    transform = undefined;
  };
  /** Run one step; after a failure the stream is errored, and nothing of the message may stay. */
  const step = async (run: (transform: ByteTransform) => void | Promise<void>) => {
    try {
      transform ??= await start();
      // Cancelled while the keyring was at work.
      if (closed) close();
      else await run(transform);
    } catch (error) {
      close();
      throw error;
    }
  };
  return new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      if (!(chunk instanceof Uint8Array)) {
        close();
        throw new InvalidArgumentError(`a stream chunk is ${typeof chunk}; chunks must be Uint8Array`);
      }
      const emit: Emit = (bytes) => controller.enqueue(bytes);
      return step(
        (current) => current.write(requireBytes('a stream chunk', chunk), emit) as void | Promise<void>,
      );
    },
    flush: async (controller) => {
      const emit: Emit = (bytes) => controller.enqueue(bytes);
      await step((current) => current.end(emit) as void | Promise<void>);
      close();
    },
    cancel: () => close(),
  });
}
