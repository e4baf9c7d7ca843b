import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';

/**
 * One call of an OSS client, seen from the wire. The clients keep parts of it to themselves: neither can be told to
 * stop, both count the whole transfer as one wait, and `@alicloud/oss-client` lets most operations add no header and
 * hides status and headers of the answer. Node.js announces each outgoing request before it is sent
 * (`http.client.request.created`), which is where all of this is put right.
 */
export interface Exchange {
  request?: ClientRequest;
  response?: IncomingMessage;
  /** The peer was silent for too long, and the connection was closed for it. */
  silent: boolean;
}

export interface ExchangeOptions {
  /** Complete the request's headers, in place, before they are sent. */
  readonly prepare?: ((request: ClientRequest) => void) | undefined;
  /** Close the connection when the peer neither takes nor gives a byte for this long, in milliseconds. */
  readonly idleTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface OpenExchange extends Exchange {
  readonly options: ExchangeOptions;
}

/**
 * The exchange that waits for its request. A connection keeps the asynchronous context that it was opened in for as long as it is
 * kept alive, so nothing may stay in here that holds on to a body.
 */
interface Waiting {
  exchange: OpenExchange | undefined;
}

const waiting = new AsyncLocalStorage<Waiting>();
let subscribed = false;

/** Run one call of a client: its first HTTP request, and no other, is the exchange's. */
export function openExchange<T>(
  options: ExchangeOptions,
  call: () => Promise<T>,
): { readonly exchange: Exchange; readonly result: Promise<T> } {
  if (!subscribed) {
    subscribe('http.client.request.created', onRequestCreated);
    subscribed = true;
  }
  const exchange: OpenExchange = { silent: false, options };
  return { exchange, result: waiting.run({ exchange }, call) };
}

function onRequestCreated(message: unknown): void {
  const here = waiting.getStore();
  const exchange = here?.exchange;
  // A body may be a stream that makes requests of its own; those are none of ours.
  if (here === undefined || exchange === undefined) return;
  here.exchange = undefined;
  const { request } = message as { request: ClientRequest };
  const { signal, prepare } = exchange.options;
  exchange.request = request;
  request.prependOnceListener('response', (response) => {
    exchange.response = response;
    disarmReadTimer(response);
  });
  try {
    prepare?.(request);
  } catch (error) {
    // Thrown here it would bring the process down; the header values are the caller's.
    request.destroy(error as Error);
  }
  const stop = () => destroy(exchange);
  const watch = setInterval(() => closeIfSilent(exchange), exchange.options.idleTimeoutMs);
  watch.unref();
  signal?.addEventListener('abort', stop, { once: true });
  request.once('close', () => {
    clearInterval(watch);
    signal?.removeEventListener('abort', stop);
  });
}

function destroy(exchange: OpenExchange): void {
  exchange.response?.destroy();
  exchange.request?.destroy();
}

const seenBytes = new WeakMap<OpenExchange, number>();

/** Called once per time limit: closes when nothing has moved since the last call although the peer's turn it was. */
function closeIfSilent(exchange: OpenExchange): void {
  const { request, response } = exchange;
  const bytes = (request?.socket?.bytesRead ?? 0) + (request?.socket?.bytesWritten ?? 0);
  const before = seenBytes.get(exchange);
  seenBytes.set(exchange, bytes);
  if (before !== bytes) return;
  const sourceIsSlow = request?.writableEnded === false && request.writableLength === 0;
  const readerIsSlow = response !== undefined && response.readableLength > 0;
  if (sourceIsSlow || readerIsSlow) return;
  exchange.silent = true;
  destroy(exchange);
}

/**
 * The transport of `@alicloud/oss-client` (httpx) starts a timer with each request and leaves it running when the
 * answer is a stream: it would cut a long download, and until it fires it keeps the request in memory. It hangs on the
 * socket.
 */
function disarmReadTimer(response: IncomingMessage): void {
  const { socket } = response;
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    if (symbol.description === 'TIMER::READ_TIMER') {
      clearTimeout(Reflect.get(socket, symbol) as NodeJS.Timeout);
    }
  }
}
