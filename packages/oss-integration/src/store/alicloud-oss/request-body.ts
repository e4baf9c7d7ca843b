import type { ClientRequest } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { StoreBody } from '../object-store.ts';
import { observeSource } from '../observed-source.ts';

/**
 * A body as `@alicloud/oss-client` takes it. The client counts MD5 and CRC-64 of every stream in plain JavaScript,
 * wanted or not (a few MB/s), by listening to `data`; this body has no events and only answers `pipe`, by which the
 * client's transport hands over the request to write to.
 */
export interface ClientBody {
  on(): ClientBody;
  once(): ClientBody;
  pause(): ClientBody;
  pipe(request: ClientRequest): ClientRequest;
  /** What went wrong while reading the source, if that is what broke the request. */
  sourceFailure(): { readonly error: unknown } | undefined;
}

export function clientBody(body: StoreBody): ClientBody {
  const source = body instanceof Uint8Array ? undefined : observeSource(body.stream, body.length);
  const self: ClientBody = {
    on: () => self,
    once: () => self,
    pause: () => self,
    pipe(request) {
      if (body instanceof Uint8Array) {
        request.end(body);
      } else if (source !== undefined) {
        pipeline(source.stream, request).catch((error) => {
          // pipeline aborts the request quietly; the client waits for an error.
          if (request.listenerCount('error') > 0) request.emit('error', error);
        });
      }
      return request;
    },
    sourceFailure: () => source?.failure(),
  };
  return self;
}
