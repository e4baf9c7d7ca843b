import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ServiceError } from '../http/service-error.ts';
import { equalSecrets } from '../identities/caller.ts';
import type { Call } from './call.ts';
import { entityTooLarge, incompleteBody, malformedXml } from './errors.ts';
import { headerValue } from './signature/canonical.ts';
import type { BlobStore, Written } from './storage/blobs.ts';

/** The largest object that one PutObject, AppendObject or UploadPart takes. */
export const maxPutSize = 5 * 1024 ** 3;
const maxXmlSize = 8 * 1024 * 1024;

/**
 * Streams a request's body into the blob store, and checks it against Content-MD5 and `x-oss-hash-crc64ecma` where
 * the client sent them. What is refused leaves nothing behind.
 *
 * @throws ServiceError `InvalidDigest`, `EntityTooLarge`, `IncompleteBody`
 */
export async function receiveBody({ state, request, body }: Call): Promise<Written> {
  const { blobs } = state;
  const length = request.headers['content-length'];
  const announced = length === undefined ? undefined : Number(length);
  if (announced !== undefined && announced > maxPutSize) throw entityTooLarge(maxPutSize, announced);
  const expectedMd5 = readContentMd5(request);
  const expectedCrc64 = headerValue(request.headers, 'x-oss-hash-crc64ecma');
  const received = await receive(blobs, body, announced);
  try {
    if (expectedMd5 !== undefined && !equalSecrets(expectedMd5, received.md5)) {
      throw new ServiceError(
        400,
        'InvalidDigest',
        'The Content-MD5 you specified did not match what we received.',
        {
          ExpectedDigest: Buffer.from(expectedMd5, 'hex').toString('base64'),
          CalculatedDigest: Buffer.from(received.md5, 'hex').toString('base64'),
        },
      );
    }
    if (expectedCrc64 !== '' && expectedCrc64 !== received.crc64) {
      throw new ServiceError(
        400,
        'InvalidDigest',
        'The x-oss-hash-crc64ecma you specified did not match what we received.',
        {
          ExpectedDigest: expectedCrc64,
          CalculatedDigest: received.crc64,
        },
      );
    }
  } catch (error) {
    blobs.discard(received.segments);
    throw error;
  }
  return received;
}

/**
 * Streams bytes from anywhere into the blob store.
 *
 * @param announced how many there will be, where that is known
 * @throws ServiceError `EntityTooLarge`, `IncompleteBody`
 */
export async function receive(
  blobs: BlobStore,
  source: AsyncIterable<Uint8Array>,
  announced?: number,
): Promise<Written> {
  async function* limited() {
    let size = 0;
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maxPutSize) throw entityTooLarge(maxPutSize, size);
      yield chunk;
    }
  }
  try {
    return await blobs.write(limited(), announced);
  } catch (error) {
    // A client that leaves in the middle is told so, should it still listen.
    if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') throw incompleteBody();
    throw error;
  }
}

/**
 * The body of a request that is a document, as text; its Content-MD5 is checked where there is one.
 *
 * @throws ServiceError `MalformedXML`, `InvalidDigest`
 */
export async function receiveText({ request, body }: Call): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxXmlSize) throw malformedXml(`it is longer than ${maxXmlSize} bytes.`);
    chunks.push(chunk);
  }
  const document = Buffer.concat(chunks, size);
  const expected = readContentMd5(request);
  if (expected !== undefined && expected !== createHash('md5').update(document).digest('hex').toUpperCase()) {
    throw new ServiceError(
      400,
      'InvalidDigest',
      'The Content-MD5 you specified did not match what we received.',
    );
  }
  return document.toString('utf8');
}

/** Content-MD5 in upper-case hexadecimal. */
function readContentMd5(request: IncomingMessage): string | undefined {
  const header = headerValue(request.headers, 'content-md5');
  if (header === '') return undefined;
  const digest = Buffer.from(header, 'base64');
  if (digest.length !== 16 || digest.toString('base64') !== header) {
    throw new ServiceError(
      400,
      'InvalidDigest',
      'The Content-MD5 you specified was invalid: it is not 16 bytes in Base64.',
      {
        'Content-MD5': header,
      },
    );
  }
  return digest.toString('hex').toUpperCase();
}
