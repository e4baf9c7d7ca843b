import type { IncomingMessage } from 'node:http';
import type { Fault, FaultKind } from '../faults/faults.ts';
import { incompleteBody } from './errors.ts';

/** A connection that a fault has cut in the middle of a body. */
export interface Cut {
  /** Bytes of the body that pass; half of the answer's when absent. */
  readonly afterBytes: number | undefined;
  /** Whether the end is a reset rather than a plain close. */
  readonly reset: boolean;
}

/** The cut that these faults ask for: `truncate`, or `reset` at a byte (without one it comes before any body). */
export function cutOf(faults: readonly Fault[]): Cut | undefined {
  for (const { kind, afterBytes } of faults) {
    if (kind === 'truncate') return { afterBytes, reset: false };
    if (kind === 'reset' && afterBytes !== undefined) return { afterBytes, reset: true };
  }
  return undefined;
}

/** Whether a fault of this kind is what `cut` was made of. */
export function cuts(kind: FaultKind, cut: Cut | undefined): boolean {
  return cut !== undefined && (kind === 'truncate' || kind === 'reset');
}

/** A request's body up to where it is cut. Without a number of bytes the answer is cut, not the request. */
export async function* cutOff(request: IncomingMessage, { afterBytes, reset }: Cut): AsyncGenerator<Buffer> {
  let left = afterBytes ?? Number.POSITIVE_INFINITY;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    left -= chunk.length;
    yield chunk;
    if (left > 0) continue;
    if (reset) request.socket.resetAndDestroy();
    else request.socket.destroy();
    // More of the body may have arrived already; none of it counts.
    throw incompleteBody();
  }
}
