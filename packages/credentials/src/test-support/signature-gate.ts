import { createHash, createHmac } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A stand-in for every service: it answers any request of an official client, after checking that AccessKey id, the secret
 * behind the signature, and the security token belong to one credential. Signatures are computed here from the services'
 * documentation (RPC V1, ACS3, OSS V1), apart from any client.
 */
export interface SignatureGate {
  readonly endpoint: string;
  readonly host: string;
  readonly port: number;
  /** Requests whose three parts belonged together. */
  readonly whole: number;
  /** What was wrong with each other request. */
  readonly torn: readonly string[];
  /** AccessKey ids seen, in order. */
  readonly ids: readonly string[];
  close(): Promise<void>;
}

export interface IssuedCredentials {
  get(accessKeyId: string): { readonly secret: string; readonly token: string } | undefined;
}

interface Seen {
  readonly id: string;
  readonly token: string;
  signatureWith(secret: string): string;
  readonly signature: string;
}

export async function startSignatureGate(issued: IssuedCredentials): Promise<SignatureGate> {
  let whole = 0;
  const torn: string[] = [];
  const ids: string[] = [];

  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const seen = readSignature(request, Buffer.concat(chunks));
      const credential = issued.get(seen.id);
      ids.push(seen.id);
      if (credential === undefined) torn.push('unknown AccessKey id');
      else if (credential.token !== seen.token) torn.push('the token of another credential');
      else if (seen.signatureWith(credential.secret) !== seen.signature)
        torn.push('the secret of another credential');
      else whole += 1;
      response.setHeader('content-type', 'application/json');
      response.end(request.method === 'HEAD' ? undefined : '{"RequestId":"0"}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    port,
    get whole() {
      return whole;
    },
    torn,
    ids,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Who signed a request, and what is wrong with it: an unknown id, or an id, secret and token that do not belong together. */
export function checkSignature(
  request: http.IncomingMessage,
  body: Buffer,
  issued: IssuedCredentials,
): { readonly id: string; readonly wrong: string | undefined } {
  const seen = readSignature(request, body);
  const credential = issued.get(seen.id);
  const wrong =
    credential === undefined
      ? 'unknown AccessKey id'
      : credential.token !== seen.token
        ? 'the token of another credential'
        : seen.signatureWith(credential.secret) !== seen.signature
          ? 'the secret of another credential'
          : undefined;
  return { id: seen.id, wrong };
}

function readSignature(request: http.IncomingMessage, body: Buffer): Seen {
  const authorization = request.headers.authorization ?? '';
  const header = (name: string) => String(request.headers[name] ?? '');
  if (authorization.startsWith('ACS3-HMAC-SHA256 ')) {
    return {
      id: /Credential=([^,]+)/.exec(authorization)?.[1] ?? '',
      token: header('x-acs-security-token'),
      signature: /Signature=([^,]+)/.exec(authorization)?.[1] ?? '',
      signatureWith: (secret) => acs3Signature(request, body, authorization, secret),
    };
  }
  if (authorization.startsWith('OSS ')) {
    const [id = '', signature = ''] = authorization.slice(4).split(':');
    const token = header('x-oss-security-token');
    return { id, token, signature, signatureWith: (secret) => ossV1Signature(request, secret) };
  }
  const parameters = new URL(request.url ?? '', 'http://gate').searchParams;
  for (const [name, value] of new URLSearchParams(body.toString())) parameters.append(name, value);
  return {
    id: parameters.get('AccessKeyId') ?? '',
    token: parameters.get('SecurityToken') ?? '',
    signature: parameters.get('Signature') ?? '',
    signatureWith: (secret) => rpcV1Signature(request.method ?? '', parameters, secret),
  };
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sortedQuery(parameters: Iterable<[string, string]>): string {
  return [...parameters]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join('&');
}

function rpcV1Signature(method: string, parameters: URLSearchParams, secret: string): string {
  const signed = [...parameters].filter(([name]) => name !== 'Signature');
  const text = `${method}&%2F&${encoded(sortedQuery(signed))}`;
  return createHmac('sha1', `${secret}&`).update(text).digest('base64');
}

function acs3Signature(
  request: http.IncomingMessage,
  body: Buffer,
  authorization: string,
  secret: string,
): string {
  const url = new URL(request.url ?? '', 'http://gate');
  const names = (/SignedHeaders=([^,]+)/.exec(authorization)?.[1] ?? '').split(';');
  const canonical = [
    request.method,
    url.pathname,
    sortedQuery(url.searchParams),
    ...names.map((name) => `${name}:${String(request.headers[name] ?? '').trim()}`),
    '',
    names.join(';'),
    createHash('sha256').update(body).digest('hex'),
  ].join('\n');
  const text = `ACS3-HMAC-SHA256\n${createHash('sha256').update(canonical).digest('hex')}`;
  return createHmac('sha256', secret).update(text).digest('hex');
}

function ossV1Signature(request: http.IncomingMessage, secret: string): string {
  const { headers } = request;
  const ossHeaders = Object.keys(headers)
    .filter((name) => name.startsWith('x-oss-'))
    .sort()
    .map((name) => `${name}:${String(headers[name])}\n`)
    .join('');
  const date = headers['x-oss-date'] ?? headers.date;
  const md5 = headers['content-md5'] ?? '';
  const text = `${request.method}\n${String(md5)}\n${headers['content-type'] ?? ''}\n${String(date)}\n${ossHeaders}${request.url}`;
  return createHmac('sha1', secret).update(text).digest('base64');
}
