import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Fault } from '../faults/faults.ts';
import { ServiceError } from './service-error.ts';

/** How a service says the errors that faults call for. */
export interface FaultErrors {
  throttled(): ServiceError;
  failed(status: number): ServiceError;
  expiredCredential(): ServiceError;
}

/**
 * Lets the faults that strike a request have their effect before the service looks at it.
 *
 * @returns `answered` when there is nothing left to do (the connection is gone or held), `truncate` when the service's
 * answer has to be cut off (see `sendTruncated`), `none` when the service goes on as usual
 * @throws ServiceError that the service has to answer with
 */
export async function applyFaults(
  faults: readonly Fault[],
  request: FastifyRequest,
  reply: FastifyReply,
  errors: FaultErrors,
): Promise<'none' | 'answered' | 'truncate'> {
  for (const fault of faults) {
    switch (fault.kind) {
      case 'latency':
        await delay(fault.ms);
        break;
      case 'throttle':
        throw errors.throttled();
      case 'expired-credential':
        throw errors.expiredCredential();
      case 'error': {
        const usual = errors.failed(fault.status ?? 500);
        throw new ServiceError(usual.status, fault.code ?? usual.code, fault.message ?? usual.message);
      }
      case 'html':
        await reply
          .code(503)
          .type('text/html')
          .send(
            '<html><head><title>503 Service Unavailable</title></head><body>Service Unavailable</body></html>',
          );
        return 'answered';
      case 'reset':
      case 'region-down':
        reply.hijack();
        request.raw.socket.resetAndDestroy();
        return 'answered';
      case 'hang':
        // Held until the client leaves or the listener is closed.
        reply.hijack();
        return 'answered';
      case 'truncate':
        return 'truncate';
    }
  }
  return 'none';
}

/** Sends the status, headers that promise all of `body`, half of it, and cuts the connection. */
export function sendTruncated(reply: FastifyReply, status: number, contentType: string, body: Buffer): void {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(status, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': contentType,
    'content-length': body.length,
  });
  raw.write(body.subarray(0, body.length >> 1), () => raw.socket?.destroy());
}
