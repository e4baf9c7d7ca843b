import { backend } from '#backend';
import { ByteReader } from '../bytes/reader.ts';
import { serializeContext } from '../encryption-context.ts';
import {
  EncryptionContextError,
  LimitExceededError,
  MalformedMessageError,
  UnsupportedAlgorithmError,
} from '../errors.ts';
import type { FramedHeader } from '../header.ts';
import type { EncryptedDataKey, EncryptionContext } from '../keyring.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';
import { suiteById } from '../suites/table.ts';
import { decodeProviderInfo, decodeUtf8, encodeProviderInfo, encodeUtf8 } from '../text.ts';

const customerAuthenticatedData = 0x80;
const contentTypes = { 1: 'non-framed', 2: 'framed' } as const;
const maxU16 = 0xffff;
const zeroIv = new Uint8Array(12);

export interface ParsedHeader {
  readonly header: FramedHeader;
  /**
   * The bytes the header tag authenticates: everything before the header's own IV and tag. A copy:
   * the caller may change the message while a keyring is asked, and then what was parsed is what must be authenticated.
   */
  readonly headerBody: Uint8Array;
  /** Empty for a suite that does not commit to its key. */
  readonly commitment: Uint8Array;
  readonly iv: Uint8Array;
  readonly tag: Uint8Array;
}

/**
 * The long sections of a header that an attempt on too few bytes has read, so that the next, on the same bytes and more,
 * goes on there. Without it a header of thousands of keys in small chunks would be read thousands of times over.
 */
export interface HeaderProgress {
  context?: { readonly value: EncryptionContext; readonly end: number };
  keys?: { readonly value: EncryptedDataKey[]; end: number };
}

/** What the writer of a header body decides. */
export interface HeaderFields {
  readonly suite: AlgorithmSuite;
  readonly messageId: Uint8Array;
  /** The entries to store. */
  readonly context: EncryptionContext;
  readonly encryptedDataKeys: readonly EncryptedDataKey[];
  readonly frameLength: number;
  /** Defaults to `framed`; rewrapping keeps what the message has. */
  readonly contentType?: FramedHeader['contentType'] | undefined;
  readonly commitment: Uint8Array;
}

export function messageVersion(suite: AlgorithmSuite): 1 | 2 {
  return suite.commitmentLength > 0 ? 2 : 1;
}

/**
 * Read a header from the start of a message; bytes after it are left alone.
 *
 * @param progress of earlier attempts on fewer bytes of the same message; kept up to date
 * @throws {TruncatedMessageError} when `bytes` end before the header does
 * @throws {MalformedMessageError | UnsupportedAlgorithmError | LimitExceededError}
 * @see data-format/message-header.md of the AWS Encryption SDK specification
 */
export function parseHeader(
  bytes: Uint8Array,
  maxEncryptedDataKeys: number,
  progress: HeaderProgress = {},
): ParsedHeader {
  const reader = new ByteReader(bytes);
  const version = reader.u8('the version');
  if (version !== 1 && version !== 2) {
    throw new MalformedMessageError(`version ${hex(version, 1)} is neither 1 nor 2`, 0);
  }
  if (version === 1) {
    const type = reader.u8('the type');
    if (type !== customerAuthenticatedData)
      throw new MalformedMessageError(`type ${hex(type, 1)} is not 0x80`, 1);
  }
  const suite = parseSuite(reader, version);
  const messageId = reader.take(version === 1 ? 16 : 32, 'the message id').slice();
  progress.context ??= { value: parseContext(reader), end: reader.offset };
  const context = progress.context.value;
  reader.offset = progress.context.end;
  const encryptedDataKeys = parseEncryptedDataKeys(reader, maxEncryptedDataKeys, progress);
  const contentTypeOffset = reader.offset;
  const contentTypeByte = reader.u8('the content type');
  if (contentTypeByte !== 1 && contentTypeByte !== 2) {
    throw new MalformedMessageError(
      `content type ${hex(contentTypeByte, 1)} is neither 1 nor 2`,
      contentTypeOffset,
    );
  }
  const contentType = contentTypes[contentTypeByte];
  if (version === 1) parseReservedAndIvLength(reader, suite);
  const frameLength = parseFrameLength(reader, contentType);
  const commitment = reader.take(suite.commitmentLength, 'the key commitment').slice();
  const headerBody = bytes.slice(0, reader.offset);
  const iv = version === 1 ? reader.take(suite.ivLength, 'the header IV').slice() : zeroIv;
  const tag = reader.take(suite.tagLength, 'the header tag').slice();
  return {
    header: Object.freeze({
      format: 'framed',
      version,
      suite,
      messageId,
      context,
      encryptedDataKeys,
      contentType,
      frameLength,
      headerLength: reader.offset,
    }),
    headerBody,
    commitment,
    iv,
    tag,
  };
}

/** A header body at the start of an array that has room for what follows. */
export interface SerializedHeaderBody {
  readonly bytes: Uint8Array;
  readonly bodyLength: number;
}

/**
 * Write a header, up to its IV and tag.
 *
 * @param room how many bytes the array must have beyond the header body; they are not cleared
 * @throws {EncryptionContextError | LimitExceededError} when something does not fit its field
 */
export function serializeHeaderBody(fields: HeaderFields, room: number): SerializedHeaderBody {
  const { suite, messageId, encryptedDataKeys, commitment } = fields;
  const version = messageVersion(suite);
  const context = serializeContext(fields.context);
  if (context.length > maxU16) {
    throw new EncryptionContextError(
      `the encryption context takes ${context.length} bytes in the message; ${maxU16} is the most`,
    );
  }
  if (encryptedDataKeys.length > maxU16) {
    throw new LimitExceededError(`${encryptedDataKeys.length} encrypted data keys; ${maxU16} is the most`);
  }
  const keyFields = serializeEncryptedDataKeys(encryptedDataKeys);

  // Version, type, suite id; context length; number of keys; content type, reserved field, IV length, frame length.
  let bodyLength = (version === 1 ? 4 : 3) + 2 + 2 + (version === 1 ? 10 : 5);
  bodyLength += messageId.length + context.length + commitment.length;
  for (const field of keyFields) bodyLength += 2 + field.length;

  const bytes = backend.allocate(bodyLength + room);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const u8 = (value: number) => {
    bytes[at] = value;
    at += 1;
  };
  const u16 = (value: number) => {
    view.setUint16(at, value);
    at += 2;
  };
  const put = (value: Uint8Array) => {
    bytes.set(value, at);
    at += value.length;
  };
  u8(version);
  if (version === 1) u8(customerAuthenticatedData);
  u16(suite.id);
  put(messageId);
  u16(context.length);
  put(context);
  u16(encryptedDataKeys.length);
  for (const field of keyFields) {
    u16(field.length);
    put(field);
  }
  u8(fields.contentType === 'non-framed' ? 1 : 2);
  if (version === 1) {
    u16(0);
    u16(0);
    u8(suite.ivLength);
  }
  view.setUint32(at, fields.frameLength);
  at += 4;
  put(commitment);
  return { bytes, bodyLength };
}

function serializeEncryptedDataKeys(encryptedDataKeys: readonly EncryptedDataKey[]): Uint8Array[] {
  const fields: Uint8Array[] = [];
  for (const { providerId, providerInfo, ciphertext } of encryptedDataKeys) {
    for (const field of [encodeUtf8(providerId), encodeProviderInfo(providerInfo), ciphertext]) {
      if (field.length > maxU16) {
        throw new LimitExceededError(
          `a field of the encrypted data key of provider ${JSON.stringify(providerId.slice(0, 64))} takes ${field.length} bytes; ${maxU16} is the most`,
        );
      }
      fields.push(field);
    }
  }
  return fields;
}

function parseSuite(reader: ByteReader, version: 1 | 2): AlgorithmSuite {
  const offset = reader.offset;
  const id = reader.u16('the algorithm suite id');
  const suite = suiteById(id);
  if (suite === undefined || suite.format !== 'framed') {
    throw new UnsupportedAlgorithmError(
      `algorithm suite ${hex(id, 2)}, at byte ${offset}, is not one this format knows`,
      { offset },
    );
  }
  if (messageVersion(suite) !== version) {
    throw new MalformedMessageError(
      `suite ${hex(id, 2)} does not belong to version ${version} of the format`,
      offset,
    );
  }
  return suite;
}

function parseContext(reader: ByteReader): EncryptionContext {
  const lengthOffset = reader.offset;
  const length = reader.u16('the length of the encryption context');
  if (length === 0) return Object.freeze({});
  const start = reader.offset;
  reader.take(length, 'the encryption context');
  const end = reader.offset;

  const section = new ByteReader(reader.bytes.subarray(0, end), start);
  const inside = <T>(read: () => T): T => {
    try {
      return read();
    } catch {
      throw new MalformedMessageError(
        'an entry reaches beyond the length of the encryption context',
        section.offset,
      );
    }
  };
  const count = inside(() => section.u16('the number of entries'));
  if (count === 0) {
    throw new MalformedMessageError('an empty encryption context must have length 0', lengthOffset);
  }
  const entries = new Map<string, string>();
  for (let i = 0; i < count; i += 1) {
    const keyOffset = section.offset;
    const key = parseText(
      inside(() => section.take(section.u16('length'), 'key')),
      'a key of the encryption context',
      keyOffset,
    );
    const valueOffset = section.offset;
    const value = parseText(
      inside(() => section.take(section.u16('length'), 'value')),
      'a value of the encryption context',
      valueOffset,
    );
    if (entries.has(key)) {
      throw new MalformedMessageError(
        `the encryption context has the key ${JSON.stringify(key.slice(0, 64))} twice`,
        keyOffset,
      );
    }
    entries.set(key, value);
  }
  if (section.offset !== end) {
    throw new MalformedMessageError(
      `${end - section.offset} bytes follow the last entry of the encryption context`,
      section.offset,
    );
  }
  return Object.freeze(Object.fromEntries(entries));
}

function parseEncryptedDataKeys(
  reader: ByteReader,
  most: number,
  progress: HeaderProgress,
): EncryptedDataKey[] {
  const countOffset = reader.offset;
  const count = reader.u16('the number of encrypted data keys');
  if (count === 0) throw new MalformedMessageError('the message has no encrypted data key', countOffset);
  if (count > most) {
    throw new LimitExceededError(
      `the message has ${count} encrypted data keys, at byte ${countOffset}; maxEncryptedDataKeys allows ${most}`,
    );
  }
  progress.keys ??= { value: [], end: reader.offset };
  const keys = progress.keys.value;
  reader.offset = progress.keys.end;
  while (keys.length < count) {
    const offset = reader.offset;
    const providerId = parseText(
      reader.take(reader.u16('the length of a provider id'), 'a provider id'),
      'a provider id',
      offset,
    );
    const info = reader.take(reader.u16('the length of a provider info'), 'a provider info');
    const ciphertext = reader.take(
      reader.u16('the length of an encrypted data key'),
      'an encrypted data key',
    );
    keys.push(
      Object.freeze({ providerId, providerInfo: decodeProviderInfo(info), ciphertext: ciphertext.slice() }),
    );
    progress.keys.end = reader.offset;
  }
  return keys;
}

function parseReservedAndIvLength(reader: ByteReader, suite: AlgorithmSuite): void {
  const reservedOffset = reader.offset;
  const reserved = reader.u32('the reserved field');
  if (reserved !== 0)
    throw new MalformedMessageError(`the reserved field is ${hex(reserved, 4)}, not 0`, reservedOffset);
  const ivLengthOffset = reader.offset;
  const ivLength = reader.u8('the IV length');
  if (ivLength !== suite.ivLength) {
    throw new MalformedMessageError(
      `IV length ${ivLength} is not the suite's ${suite.ivLength}`,
      ivLengthOffset,
    );
  }
}

function parseFrameLength(reader: ByteReader, contentType: FramedHeader['contentType']): number {
  const offset = reader.offset;
  const frameLength = reader.u32('the frame length');
  if (contentType === 'framed' && frameLength === 0) {
    throw new MalformedMessageError('a framed message has frame length 0', offset);
  }
  if (contentType === 'non-framed' && frameLength !== 0) {
    throw new MalformedMessageError(`a non-framed message has frame length ${frameLength}`, offset);
  }
  return frameLength;
}

function parseText(bytes: Uint8Array, what: string, offset: number): string {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new MalformedMessageError(`${what} is not valid UTF-8`, offset);
  return text;
}

function hex(value: number, bytes: number): string {
  return `0x${value.toString(16).padStart(bytes * 2, '0')}`;
}
