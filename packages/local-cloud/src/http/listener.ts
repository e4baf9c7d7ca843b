import type { AddressInfo, Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Clock } from '../clock/clock.ts';
import { LocalCloudError, PortInUseError } from '../errors.ts';
import { newRequestId } from './request-id.ts';

/** A certificate and its private key, in PEM. */
export interface TlsIdentity {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface ListenerOptions {
  /** For messages: `kms`, `kms in cn-beijing`. */
  readonly name: string;
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly tls?: TlsIdentity | undefined;
  /** The largest body accepted, in bytes. */
  readonly bodyLimit: number;
  /** The largest request line and headers together, in bytes; RPC clients put all their parameters there. */
  readonly headerLimit: number;
  /** How long a request may take to arrive whole, in ms; 0 for as long as bytes keep coming. */
  readonly requestTimeoutMs: number;
  /** How long a connection may be silent while a request is under way, in ms. */
  readonly idleTimeoutMs: number;
  /** Puts the service's routes on the server. */
  readonly routes: (app: FastifyInstance) => void;
  /** The service's way to say that a request is no HTTP it can read. */
  readonly malformed?: (status: number, requestId: string) => { contentType: string; body: string };
}

export interface Listener {
  /** `http://127.0.0.1:40123` */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** How long the headers of a request may take, whatever the body may. */
const headersTimeoutMs = 10_000;
/** How often Node.js looks for requests that take too long; its own 30 s would make 40 s of the 10. */
const timeoutCheckMs = 500;

/** At most this many headers are read. */
const maxHeaders = 100;

/**
 * Opens one HTTP server on one address.
 *
 * @throws PortInUseError
 * @throws LocalCloudError `ListenFailed`
 */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { clock, tls, malformed = malformedAsJson } = options;
  const settings = {
    logger: false,
    genReqId: newRequestId,
    bodyLimit: options.bodyLimit,
    requestTimeout: options.requestTimeoutMs,
    connectionTimeout: options.idleTimeoutMs,
    keepAliveTimeout: 60_000,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    http: { maxHeaderSize: options.headerLimit, connectionsCheckingInterval: timeoutCheckMs },
    frameworkErrors: (_error: unknown, request: { id: string }, reply: unknown) => {
      const { contentType, body } = malformed(400, request.id);
      void (reply as FastifyReply).code(400).header('date', httpDate(clock)).type(contentType).send(body);
    },
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) =>
      refuse(error, socket, clock, malformed),
  };
  const app = (tls === undefined
    ? Fastify(settings as never)
    : Fastify({
        ...settings,
        https: { key: tls.privateKey, cert: tls.certificate, maxHeaderSize: options.headerLimit },
      } as never)) as unknown as FastifyInstance;
  app.server.maxHeadersCount = maxHeaders;
  app.server.headersTimeout =
    options.requestTimeoutMs === 0 ? headersTimeoutMs : Math.min(headersTimeoutMs, options.requestTimeoutMs);
  // Everything a client keeps a date by follows the local clock.
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('date', httpDate(clock));
    done();
  });
  app.setErrorHandler((error: { statusCode?: number }, request, reply) => {
    // Only what Fastify itself finds wrong with a request gets here; services answer their own errors.
    const status = error.statusCode ?? 500;
    const { contentType, body } = malformed(status, request.id);
    return reply.code(status).type(contentType).send(body);
  });
  options.routes(app);
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (cause) {
    await app.close();
    const code = (cause as { code?: unknown }).code;
    if (code === 'EADDRINUSE') throw new PortInUseError(options.host, options.port, options.name, cause);
    throw new LocalCloudError(
      'ListenFailed',
      `the ${options.name} endpoint cannot listen on ${options.host}:${options.port} (${String(code)})`,
      { cause },
    );
  }
  const { port } = app.server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host}:${port}`,
    port,
    close: () => app.close(),
  };
}

let dateSecond = -1;
let dateText = '';

/** The `Date` header (RFC 9110, section 5.6.7), made anew once a second. */
function httpDate(clock: Clock): string {
  const second = Math.floor(clock.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}

function malformedAsJson(status: number, requestId: string): { contentType: string; body: string } {
  const [code, message] =
    status === 413
      ? ['RequestEntityTooLarge', 'The request body is larger than this service accepts.']
      : status >= 500
        ? ['InternalFailure', 'The request processing has failed due to some unknown error.']
        : ['InvalidRequest', 'The request is malformed: it cannot be read as HTTP with a form or JSON body.'];
  return {
    contentType: 'application/json;charset=utf-8',
    body: JSON.stringify({ RequestId: requestId, Code: code, Message: message }),
  };
}

/** What is no HTTP at all, or too much of it, or too slow, is answered from the bare socket. */
function refuse(
  error: NodeJS.ErrnoException,
  socket: Socket,
  clock: Clock,
  malformed: NonNullable<ListenerOptions['malformed']>,
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, reason] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout']
        : [400, 'Bad Request'];
  const { contentType, body } = malformed(status as number, newRequestId());
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nDate: ${httpDate(clock)}\r\nContent-Type: ${contentType}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
