import http from 'node:http';
import https from 'node:https';

/** One HTTP request to a service that hands out credentials. */
export interface BoundedRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  /** From the start until the last byte of the answer, milliseconds. */
  readonly timeoutMs: number;
  /**
   * `direct`: always straight to the host, whatever proxy the process is told to use. `platform`: Node.js's own agent, which
   * goes through a proxy where `NODE_USE_ENV_PROXY` asks for it.
   */
  readonly route: 'direct' | 'platform';
  readonly signal?: AbortSignal | undefined;
}

export interface BoundedResponse {
  readonly status: number;
  readonly text: string;
  /** What the service's clock showed, milliseconds since 1970. Absent when there is no readable `Date` header. */
  readonly serviceTimeMs?: number | undefined;
}

/** No complete answer came. The message names no path, query, header or body. */
export class RequestFailure extends Error {}

/** Credentials are a few kilobytes; whatever is longer is no credential. */
export const maxResponseBytes = 64 * 1024;

// Agents without `proxyEnv` ignore every proxy variable. One connection a request: a kept-alive connection that the service
// has closed meanwhile would turn into a failed refresh, and refreshes are hours apart.
const directAgents = { 'http:': new http.Agent(), 'https:': new https.Agent() };

/**
 * Send one request and read the whole answer, with a deadline and a size limit. Redirects are not followed: a 3xx is returned
 * like any other status, so that no credential service can send a caller elsewhere.
 * @throws RequestFailure
 */
export function boundedRequest(request: BoundedRequest): Promise<BoundedResponse> {
  const { method, url, headers, body, timeoutMs, route, signal } = request;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return Promise.reject(new RequestFailure(`${url.protocol} is no HTTP address`));
  }
  const { protocol } = url;
  return new Promise((resolve, reject) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const aborted = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
    const fail = (error: unknown) => {
      if (error instanceof RequestFailure) return reject(error);
      if (signal?.aborted) return reject(new RequestFailure('the request was aborted'));
      if (deadline.aborted) return reject(new RequestFailure(`no complete answer within ${timeoutMs} ms`));
      const code = (error as NodeJS.ErrnoException).code ?? (error as Error).name;
      reject(new RequestFailure(`the connection failed (${code})`));
    };
    const outgoing = (protocol === 'https:' ? https : http).request(url, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) },
      signal: aborted,
      ...(route === 'direct' ? { agent: directAgents[protocol] } : {}),
    });
    outgoing.on('error', fail);
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      let received = 0;
      incoming.on('data', (chunk: Buffer) => {
        received += chunk.length;
        if (received > maxResponseBytes) {
          fail(new RequestFailure(`the answer is longer than ${maxResponseBytes} bytes`));
          outgoing.destroy();
          return;
        }
        chunks.push(chunk);
      });
      incoming.on('error', fail);
      incoming.on('end', () => {
        const serviceTimeMs = Date.parse(incoming.headers.date ?? '');
        resolve({
          status: incoming.statusCode ?? 0,
          text: Buffer.concat(chunks).toString('utf8'),
          ...(Number.isNaN(serviceTimeMs) ? {} : { serviceTimeMs }),
        });
      });
    });
    outgoing.end(body);
  });
}
