import {
  type AlgorithmSuite,
  type AliyunMessageParts,
  MalformedMessageError,
  TruncatedMessageError,
} from '@yunseal/crypto-core';

/** How a body without its header is written: a DER SEQUENCE, or as the streams of the Java release have it. */
export type BodyEncoding = 'message' | 'stream';

type Body = Omit<AliyunMessageParts, 'header'>;

const lengthBytes = 4;

/** Length of the initialization vector (32-bit little-endian), the vector, the ciphertext, the tag. */
export function encodeStreamBody({ iv, ciphertext, tag }: Body): Uint8Array {
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(iv.length);
  return new Uint8Array(Buffer.concat([length, iv, ciphertext, tag]));
}

/**
 * Parses such a body, for the suite that its header names.
 *
 * @throws MalformedMessageError when the vector has another length than the suite's; TruncatedMessageError.
 */
export function decodeStreamBody(body: Uint8Array, suite: AlgorithmSuite): Body {
  if (body.length < lengthBytes) throw new TruncatedMessageError('the length of the body IV', 0, lengthBytes);
  const ivLength = new DataView(body.buffer, body.byteOffset, body.byteLength).getUint32(0, true);
  if (ivLength !== suite.ivLength) {
    throw new MalformedMessageError(
      `the body IV is ${ivLength} bytes long; ${suite.name} takes ${suite.ivLength}`,
      0,
    );
  }
  const ciphertextStart = lengthBytes + ivLength;
  const tagStart = body.length - suite.tagLength;
  if (tagStart < ciphertextStart)
    throw new TruncatedMessageError('the body', 0, ciphertextStart + suite.tagLength);
  return {
    iv: body.subarray(lengthBytes, ciphertextStart),
    ciphertext: body.subarray(ciphertextStart, tagStart),
    tag: body.subarray(tagStart),
  };
}
