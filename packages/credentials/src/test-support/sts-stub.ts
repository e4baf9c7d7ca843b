import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkSignature, type IssuedCredentials } from './signature-gate.ts';

/**
 * The two role operations of STS on a real socket, for what the local cloud cannot be made to do: odd answers and wrong
 * clocks. AssumeRole must be signed with a known credential, at most 15 minutes from the stub's time.
 */
export interface StsStub {
  readonly endpoint: string;
  /** The parameters of each request, in order. */
  readonly requests: Record<string, string>[];
  readonly headers: http.IncomingHttpHeaders[];
  readonly issued: ReadonlyMap<string, { readonly secret: string; readonly token: string }>;
  /** The stub's clock, milliseconds since 1970. */
  now: () => number;
  /** Replaces the answer to the next requests. */
  fault: ((response: http.ServerResponse) => boolean) | undefined;
  close(): Promise<void>;
}

export async function startStsStub(callers: IssuedCredentials = new Map()): Promise<StsStub> {
  const requests: Record<string, string>[] = [];
  const headers: http.IncomingHttpHeaders[] = [];
  const issued = new Map<string, { secret: string; token: string }>();
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const parameters = Object.fromEntries(new URLSearchParams(body.toString()));
      requests.push(parameters);
      headers.push(request.headers);
      response.setHeader('date', new Date(stub.now()).toUTCString());
      if (stub.fault?.(response)) return;
      const refuse = (Code: string, Message: string) => {
        response.statusCode = 400;
        response.end(JSON.stringify({ Code, Message, RequestId: 'request-1' }));
      };
      if (request.headers['x-acs-action'] === 'AssumeRole') {
        const offBy = Math.abs(Date.parse(String(request.headers['x-acs-date'])) - stub.now());
        if (!(offBy <= 15 * 60_000))
          return refuse('InvalidTimeStamp.Expired', 'Specified time stamp is expired.');
        const { wrong } = checkSignature(request, body, callers);
        if (wrong !== undefined) {
          const token = String(request.headers['x-acs-security-token']);
          return refuse('SignatureDoesNotMatch', `server string to sign is: x-acs-security-token:${token}`);
        }
      }
      const number = issued.size + 1;
      const [id, secret, token] = [`STS.role${number}`, `role-secret-${number}`, `role-token-${number}`];
      issued.set(id, { secret, token });
      const ends = stub.now() + Number(parameters.DurationSeconds) * 1_000;
      const Expiration = `${new Date(ends).toISOString().slice(0, 19)}Z`;
      const Credentials = { AccessKeyId: id, AccessKeySecret: secret, SecurityToken: token, Expiration };
      response.end(JSON.stringify({ RequestId: 'request-0', Credentials }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stub: StsStub = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    headers,
    issued,
    now: Date.now,
    fault: undefined,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return stub;
}
