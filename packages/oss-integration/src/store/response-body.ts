import type { Readable } from 'node:stream';
import { type RequestFacts, StoreConnectionError, TransferIntegrityError } from '../errors.ts';

/**
 * A response's bytes, counted: the iteration fails unless exactly `length` arrive. Leaving it early closes the
 * connection, so that nobody downloads what nobody reads.
 */
export async function* responseBody(
  stream: Readable,
  length: number,
  facts: RequestFacts,
): AsyncGenerator<Uint8Array, void, undefined> {
  let received = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      received += chunk.length;
      if (received > length) break;
      yield chunk;
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new StoreConnectionError(
      `the connection broke after ${received} of ${length} bytes of the body`,
      facts,
      code,
    );
  } finally {
    stream.destroy();
  }
  if (received !== length) {
    throw new TransferIntegrityError(`the body has ${received} bytes and was to have ${length}`, facts);
  }
}
