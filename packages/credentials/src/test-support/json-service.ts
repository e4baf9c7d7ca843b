import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A service that answers every request with one JSON value, and remembers what it was sent. */
export interface JsonService {
  readonly endpoint: string;
  readonly requests: {
    readonly method: string;
    readonly url: string;
    readonly headers: http.IncomingHttpHeaders;
    readonly body: string;
  }[];
  answer: { status?: number; json: unknown };
  close(): Promise<void>;
}

export async function startJsonService(json: unknown): Promise<JsonService> {
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      service.requests.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(service.answer.status ?? 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(service.answer.json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const service: JsonService = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    answer: { json },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return service;
}
