import { Readable } from 'node:stream';
import {
  type ByteRange,
  ObjectNotFoundError,
  type OssEncryptionClient,
  RangeNotSatisfiableError,
} from '@yunseal/oss-integration';
import { type FastifyInstance, fastify } from 'fastify';

/** `GET /files/<key>`: the decrypted object, or the range that the Range header asks for. */
export function downloadServer(objects: OssEncryptionClient): FastifyInstance {
  const server = fastify();

  server.get<{ Params: { '*': string } }>('/files/*', async (request, reply) => {
    const { '*': key } = request.params;
    const { range } = request.headers;
    reply.header('accept-ranges', 'bytes');
    if (range === undefined || !isOneRange(range)) {
      const object = await objects.get(key);
      if (object.length !== undefined) reply.header('content-length', object.length);
      // A stream that breaks off, because a frame is not authentic, ends the connection, not the answer.
      return reply.type(object.contentType ?? 'application/octet-stream').send(Readable.from(object.body));
    }
    const part = await objects.getRange(key, range);
    return reply
      .code(206)
      .header('content-range', part.contentRange)
      .header('content-length', part.range.last - part.range.first + 1)
      .type(part.contentType ?? 'application/octet-stream')
      .send(Readable.from(part.body));
  });

  server.setErrorHandler((error, _request, reply) => {
    if (error instanceof ObjectNotFoundError) return reply.code(404).send({ error: 'not found' });
    if (error instanceof RangeNotSatisfiableError) {
      return reply
        .code(416)
        .header('content-range', `bytes */${error.length}`)
        .send({ error: 'no such range' });
    }
    return reply.code(500).send({ error: 'the object cannot be read' });
  });

  return server;
}

/** HTTP lets a server ignore what it does not understand, such as several ranges in one. */
function isOneRange(header: string): header is Extract<ByteRange, string> {
  return /^bytes=(\d+-\d*|-\d+)$/.test(header);
}
