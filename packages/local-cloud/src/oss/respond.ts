import type { ServerResponse } from 'node:http';
import type { ServiceError } from '../http/service-error.ts';
import type { Answer } from './call.ts';
import type { Cut } from './cut.ts';
import type { OssState } from './storage/state.ts';
import { headerBytes } from './text.ts';
import { renderXml } from './xml.ts';

/** @param bare for HEAD: the document goes into a header, in Base64, as there is no body for it */
export function errorAnswer(error: ServiceError, requestId: string, hostId: string, bare: boolean): Answer {
  const { headers, elements } = splitDetails(error);
  const xml = renderXml('Error', {
    Code: error.code,
    Message: error.message,
    RequestId: requestId,
    HostId: hostId,
    ...elements,
  });
  return {
    status: error.status,
    headers: {
      ...headers,
      'content-type': 'application/xml',
      ...(bare ? { 'x-oss-err': Buffer.from(xml, 'utf8').toString('base64') } : {}),
    },
    ...(bare ? {} : { body: { kind: 'text', text: xml } as const }),
  };
}

/** Details of an error that are called as a header are one. */
function splitDetails({ details }: ServiceError) {
  const headers: Record<string, string> = {};
  const elements: Record<string, string> = {};
  for (const [name, value] of Object.entries(details)) {
    if (name.startsWith('x-oss-')) headers[name] = String(value);
    else elements[name] = value as string;
  }
  return { headers, elements };
}

/** Sends an answer, or as much of it as a fault lets pass. */
export async function respond(
  { blobs }: OssState,
  response: ServerResponse,
  method: string,
  { status, headers, body }: Answer,
  cut: Cut | undefined,
): Promise<void> {
  const written = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, headerBytes(value)]),
  );
  let source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  let size: number;
  if (body?.kind === 'object') {
    const { start, end } = body.range;
    size = end - start + 1;
    response.writeHead(status, written);
    source = blobs.read(body.object.segments, start, lastByte(start, size, cut));
  } else {
    const text =
      body === undefined ? '' : body.kind === 'xml' ? renderXml(body.root, body.content) : body.text;
    const bytes = Buffer.from(text, 'utf8');
    size = bytes.length;
    const type = body === undefined ? {} : { 'content-type': 'application/xml' };
    const length = status === 204 || status === 304 ? {} : { 'content-length': String(size) };
    response.writeHead(status, { ...length, ...type, ...written });
    if (method === 'HEAD' || cut === undefined || size === 0) {
      response.end(method === 'HEAD' ? undefined : bytes);
      return;
    }
    source = [bytes.subarray(0, lastByte(0, size, cut) + 1)];
  }
  try {
    await sendAll(response, source);
  } catch {
    // The client left, or the bytes are gone: what was promised cannot be kept, and the broken connection says so.
    response.destroy();
    return;
  }
  if (cut === undefined) response.end();
  else if (cut.reset) response.socket?.resetAndDestroy();
  else response.destroy();
}

/** Writes each chunk once the one before has gone out: no more than the source's own blocks is in memory. */
async function sendAll(
  response: ServerResponse,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const gone = new Promise<never>((_, reject) => {
    response.once('close', () => reject(new Error('the client is gone')));
  });
  gone.catch(() => {});
  for await (const chunk of source) {
    const sent = new Promise<void>((resolve, reject) => {
      response.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
    await Promise.race([sent, gone]);
  }
}

function lastByte(start: number, size: number, cut: Cut | undefined): number {
  const passing = cut === undefined ? size : Math.min(cut.afterBytes ?? size >> 1, size);
  return start + passing - 1;
}

/** What cannot be read as HTTP, or is too much of it. */
export function malformed(status: number, requestId: string): { contentType: string; body: string } {
  return {
    contentType: 'application/xml',
    body: renderXml('Error', {
      Code: status === 413 ? 'EntityTooLarge' : status >= 500 ? 'InternalError' : 'InvalidRequest',
      Message: 'The request cannot be read.',
      RequestId: requestId,
      HostId: '',
    }),
  };
}
