import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it arrived. */
export interface SeenRequest {
  readonly url: string;
  readonly action: string;
  /** The form in the body. */
  readonly form: URLSearchParams;
}

/** Answers one request: a JSON value, or anything at all through the raw response. */
export type Reply = (request: SeenRequest, response: ServerResponse, raw: IncomingMessage) => unknown;

/** A gateway on loopback that answers what a test tells it to, for answers that no sound service gives. */
export interface ScriptedGateway extends AsyncDisposable {
  readonly endpoint: string;
  readonly seen: readonly SeenRequest[];
  /** Open connections at most, so far. */
  readonly peakConnections: () => number;
  /** Replies to use, one each; the last is used for all further requests. */
  reply(...replies: readonly Reply[]): void;
}

export async function scriptedGateway(...first: readonly Reply[]): Promise<ScriptedGateway> {
  let replies = [...first];
  let peak = 0;
  let open = 0;
  const seen: SeenRequest[] = [];
  const server = createServer(async (raw, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of raw) chunks.push(chunk as Buffer);
    const request: SeenRequest = {
      url: raw.url ?? '',
      action: new URL(raw.url ?? '/', 'http://gateway').searchParams.get('Action') ?? '',
      form: new URLSearchParams(Buffer.concat(chunks).toString()),
    };
    seen.push(request);
    const reply = replies.length > 1 ? replies.shift() : replies[0];
    const answer = await reply?.(request, response, raw);
    if (answer !== undefined)
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  server.on('connection', (socket) => {
    open++;
    peak = Math.max(peak, open);
    socket.on('close', () => open--);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    peakConnections: () => peak,
    reply: (...next) => {
      replies = [...next];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers with an error the way KMS does. */
export function refuse(status: number, code: string, message = 'no'): Reply {
  return (_request, response) => {
    response.statusCode = status;
    return { Code: code, Message: message, RequestId: '5c1d8b2c-0d51-4b7f-9d68-3e1b5f0a7c11', HostId: 'kms' };
  };
}
