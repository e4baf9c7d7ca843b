import { concat } from '../bytes/concat.ts';
import { requireBytes } from '../bytes/require-bytes.ts';
import { checkContext } from '../encryption-context.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { AliyunHeader } from '../header.ts';
import type { EncryptionMaterials } from '../keyring.ts';
import { copyDataKey } from '../materials/data-key.ts';
import { cursorOver, expectEnd, take } from './cursor.ts';
import { derPrefix } from './der.ts';
import { importDataKey, tagHeader, verifyHeader } from './header-tag.ts';
import {
  decodeDerHeader,
  decodeDerTrailer,
  encodeDerBodyStart,
  encodeDerHeader,
  encodeDerTrailerStart,
  readDerBodyStart,
} from './message-encoding.ts';
import { publicHeader } from './public-header.ts';
import { readWholeMessage } from './whole.ts';

/*
 * Parts of a message that are kept apart: the header in a KMS secret, or header, IV and tag in an object's metadata
 * beside the bare ciphertext. A client reads and writes whole messages; these functions take them apart and put them
 * together again.
 */

/** The parts of a message of the aliyun format. Views of the message, except for a header that was converted. */
export interface AliyunMessageParts {
  /** The header's DER SEQUENCE. */
  readonly header: Uint8Array;
  /** The body's initialization vector: 12 bytes for GCM, 16 for CBC and CTR. */
  readonly iv: Uint8Array;
  /** Without the tag. */
  readonly ciphertext: Uint8Array;
  /** 16 bytes for GCM, none for CBC and CTR. */
  readonly tag: Uint8Array;
}

/**
 * Take a whole message of either encoding apart. Nothing is authenticated.
 *
 * @throws {MalformedMessageError | TruncatedMessageError | UnsupportedAlgorithmError}
 */
export function splitAliyunMessage(message: Uint8Array): AliyunMessageParts {
  const bytes = requireBytes('message', message);
  const { place, body, ciphertext, tag } = readWholeMessage(bytes, Number.POSITIVE_INFINITY);
  const { encoding, header, headerStart, headerEnd } = place;
  return {
    header: encoding === 'message' ? bytes.subarray(headerStart, headerEnd) : encodeDerHeader(header),
    iv: body.iv,
    ciphertext,
    tag,
  };
}

/**
 * Put a message together, in the `message` encoding, for a client to decrypt.
 *
 * @throws {MalformedMessageError | TruncatedMessageError | UnsupportedAlgorithmError} when `header` is no header
 * @throws {InvalidArgumentError} when IV or tag have another length than the header's suite gives them
 */
export function joinAliyunMessage(parts: AliyunMessageParts): Uint8Array {
  const header = requireBytes('header', parts.header);
  const { suite } = decodeDerHeader(header);
  for (const [name, bytes, length] of [
    ['iv', parts.iv, suite.ivLength],
    ['tag', parts.tag, suite.tagLength],
  ] as const) {
    if (bytes.length !== length) {
      throw new InvalidArgumentError(`${name} is ${bytes.length} bytes long; ${suite.name} takes ${length}`);
    }
  }
  const body = encodeAliyunBody(parts);
  return concat(derPrefix('sequence', header.length + body.length), header, body);
}

/** The body's DER SEQUENCE alone: a message whose header is kept elsewhere. */
export function encodeAliyunBody({ iv, ciphertext, tag }: Omit<AliyunMessageParts, 'header'>): Uint8Array {
  return concat(
    encodeDerBodyStart(iv, ciphertext.length, tag.length),
    ciphertext,
    encodeDerTrailerStart(tag.length),
    tag,
  );
}

/**
 * Parse a body's DER SEQUENCE that stands alone, for the suite that its header names. Offsets in errors count from the
 * body's start.
 *
 * @throws {MalformedMessageError | TruncatedMessageError}
 */
export function decodeAliyunBody(
  body: Uint8Array,
  suite: AliyunHeader['suite'],
): Omit<AliyunMessageParts, 'header'> {
  const cursor = cursorOver(requireBytes('body', body));
  const { iv, ciphertextLength } = readDerBodyStart(cursor, suite, undefined);
  const ciphertext = take(cursor, ciphertextLength, 'the ciphertext');
  const trailerAt = cursor.offset;
  const trailer = take(
    cursor,
    encodeDerTrailerStart(suite.tagLength).length + suite.tagLength,
    'the body tag',
  );
  const tag = decodeDerTrailer(trailer, suite.tagLength, trailerAt);
  expectEnd(cursor, 'the body');
  return { iv, ciphertext, tag };
}

/**
 * Parse a header's DER SEQUENCE that stands alone, without checking its tag.
 *
 * @throws {MalformedMessageError | TruncatedMessageError | UnsupportedAlgorithmError}
 */
export function parseAliyunHeader(header: Uint8Array): AliyunHeader {
  const bytes = requireBytes('header', header);
  return publicHeader(decodeDerHeader(bytes), 'message', bytes.length);
}

/**
 * Parse a header's DER SEQUENCE and check its tag.
 *
 * @param plaintextDataKey left as it is: the caller zeroes it
 * @throws {AuthenticationError} when the header was changed, or this is not its data key
 * @throws {MalformedMessageError | TruncatedMessageError | UnsupportedAlgorithmError}
 */
export async function verifyAliyunHeader(
  header: Uint8Array,
  plaintextDataKey: Uint8Array,
): Promise<AliyunHeader> {
  const parsed = decodeDerHeader(requireBytes('header', header));
  await verifyHeader(parsed, await importDataKey(parsed.suite, copyDataKey(plaintextDataKey)));
  return publicHeader(parsed, 'message', header.length);
}

/**
 * Write a header's DER SEQUENCE with a fresh tag, from materials that hold the data key.
 *
 * @param materials their `plaintextDataKey` is left as it is: the caller zeroes it
 * @throws {InvalidArgumentError} when the suite is of another format, or the data key or all encrypted ones are missing
 * @throws {EncryptionContextError} when the context takes more than 32,767 bytes
 */
export async function sealAliyunHeader(materials: EncryptionMaterials): Promise<Uint8Array> {
  const { suite, encryptedDataKeys, plaintextDataKey } = materials;
  if (suite.format !== 'aliyun' || plaintextDataKey === undefined) {
    throw new InvalidArgumentError(
      suite.format === 'aliyun'
        ? 'the materials have no plaintext data key'
        : `${suite.name} is no aliyun suite`,
    );
  }
  const fields = { suite, encryptedDataKeys, context: checkContext(materials.encryptionContext) };
  return encodeDerHeader(await tagHeader(fields, await importDataKey(suite, copyDataKey(plaintextDataKey))));
}
