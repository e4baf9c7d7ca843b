import { requireBytes } from '../bytes/require-bytes.ts';
import { publicContext } from '../encryption-context.ts';
import { InvalidArgumentError, UnsupportedOperationError } from '../errors.ts';
import type { MessageFormat, WriteSession } from '../format.ts';
import { type MessageReader, openMessageReader } from '../framed/message-reader.ts';
import { type MessageWriter, openMessageWriter } from '../framed/message-writer.ts';
import type { MessageHeader } from '../header.ts';
import type { EncryptionContext } from '../keyring.ts';
import type { KeySource } from '../materials/key-source.ts';
import { resolveSuite } from '../suites/table.ts';
import { encodeUtf8 } from '../text.ts';
import { detectingTransform } from './detecting-transform.ts';
import { detectFormat, formatNamed } from './formats.ts';
import { checkOptionNames, type OptionNames } from './option-names.ts';
import { type EncryptionClientOptions, requireInteger, resolveSettings } from './options.ts';
import { checkFormat } from './policies.ts';
import {
  createReadSession,
  type DecryptOptions,
  decryptOptionNames,
  type EncryptOptions,
  encryptOptionNames,
  openWriteSession,
  type SignedMessages,
} from './sessions.ts';
import { toTransformStream } from './transform-stream.ts';

export interface EncryptResult {
  readonly ciphertext: Uint8Array;
  readonly header: MessageHeader;
}

export interface DecryptResult {
  readonly plaintext: Uint8Array;
  /** The authenticated entries the writer gave, stored or supplied; without the format's own `aws-crypto-` ones. */
  readonly context: EncryptionContext;
  readonly header: MessageHeader;
}

export interface DecryptStreamOptions extends DecryptOptions {
  /** Called once, before the first plaintext, when the header has been authenticated. */
  readonly onHeader?: ((header: MessageHeader) => void) | undefined;
  /**
   * What to do with a message of a signed suite, whose signature stands at its end. `hold-end` (the default): let each
   * frame out when its tag was checked, the last one when the signature was. `hold-all`: let nothing out before, and hold
   * at most `maxUnverifiedBytes`. `refuse`: fail before the keyring is asked.
   */
  readonly signedMessages?: SignedMessages | undefined;
}

const decryptStreamOptionNames: OptionNames<DecryptStreamOptions> = {
  ...decryptOptionNames,
  onHeader: true,
  signedMessages: true,
};

export interface EncryptionClient {
  /**
   * Encrypt bytes, or text as UTF-8, as one message.
   *
   * @throws {InvalidArgumentError} for options that do not exist or fit, and for text with a lone surrogate
   * @throws {EncryptionContextError | CommitmentPolicyError | DataKeyWrapError | LimitExceededError}
   * @see client-apis/encrypt.md of the AWS Encryption SDK specification
   */
  encrypt(plaintext: Uint8Array | string, options?: EncryptOptions): Promise<EncryptResult>;
  /**
   * Decrypt one whole message. Nothing comes out unless all of it was authenticated; only the body of an aliyun suite
   * that does not authenticate it, with `allowUnauthenticated`, is an exception.
   *
   * @throws {MalformedMessageError | TruncatedMessageError} for bytes that are no whole message
   * @throws {DataKeyUnwrapError} when no key opens it
   * @throws {AuthenticationError | CommitmentMismatchError | SignatureInvalidError} when it was changed
   * @throws {ContextMismatchError | CommitmentPolicyError | FormatNotAcceptedError | LimitExceededError} when the
   * caller's policies do not allow it
   * @see client-apis/decrypt.md of the AWS Encryption SDK specification
   */
  decrypt(ciphertext: Uint8Array, options?: DecryptOptions): Promise<DecryptResult>;
  /**
   * Encrypt as a stream; holds one frame. Use it with `pipeThrough`, or in node:stream's `pipeline`. An aliyun message
   * is written in the `stream` encoding.
   */
  encryptStream(options?: EncryptOptions): TransformStream<Uint8Array, Uint8Array>;
  /**
   * Decrypt as a stream. Each frame comes out when its tag has been checked; the last frame of a signed message only
   * when its signature has been verified. A stream that errors was not a whole, unchanged message: discard what came
   * before.
   *
   * An aliyun message has one tag, at its end: its plaintext is held until the tag was checked, up to
   * `maxUnverifiedBytes`. A longer one ends in a LimitExceededError, or with `allowUnauthenticated` comes out as it is
   * decrypted and errors the stream at its end when the tag is wrong.
   */
  decryptStream(options?: DecryptStreamOptions): TransformStream<Uint8Array, Uint8Array>;
  /**
   * Open a framed message by its first bytes, to decrypt frames in any order. Close the reader after use.
   *
   * @param headerBytes at least the whole header; a TruncatedMessageError's `needed` says how many bytes to fetch
   * @throws {UnsupportedOperationError} for a message that can only be read whole: signed, non-framed, or aliyun
   */
  openMessage(headerBytes: Uint8Array, options?: DecryptOptions): Promise<MessageReader>;
  /**
   * Start a framed message whose frames are encrypted one by one, in any order. Close the writer after use.
   *
   * @throws {UnsupportedOperationError} for a signed suite, or one of the aliyun format
   */
  startMessage(options?: EncryptOptions): Promise<MessageWriter>;
}

/**
 * A client that encrypts and decrypts messages with the keys of a keyring.
 *
 * @throws {InvalidArgumentError} naming the option that cannot be used
 */
export function createEncryptionClient(
  source: KeySource,
  options: EncryptionClientOptions = {},
): EncryptionClient {
  const settings = resolveSettings(source, options);
  const frameLengthOf = ({ frameLength }: EncryptOptions) =>
    frameLength === undefined
      ? settings.frameLength
      : requireInteger('frameLength', frameLength, 0xffff_ffff);

  return {
    async encrypt(plaintext, call = {}) {
      checkOptionNames(call, encryptOptionNames);
      const bytes =
        typeof plaintext === 'string' ? textBytes(plaintext) : requireBytes('plaintext', plaintext);
      const session = await openWriteSession(settings, call, frameLengthOf(call), bytes.length);
      return write(session, (format) => format.encrypt(bytes, session));
    },

    async decrypt(ciphertext, call = {}) {
      checkOptionNames(call, decryptOptionNames);
      const bytes = requireBytes('ciphertext', ciphertext);
      const format = detectFormat(bytes);
      checkFormat(format.name, settings.formats);
      const { plaintext, header, context } = await format.decrypt(bytes, createReadSession(settings, call));
      return { plaintext, context: format.name === 'framed' ? publicContext(context) : context, header };
    },

    encryptStream(call = {}) {
      checkOptionNames(call, encryptOptionNames);
      const frameLength = frameLengthOf(call);
      return toTransformStream(async () => {
        const session = await openWriteSession(settings, call, frameLength);
        return write(session, (format) => format.encryptor(session));
      });
    },

    decryptStream(call = {}) {
      checkOptionNames(call, decryptStreamOptionNames);
      const session = createReadSession(settings, call, call);
      return toTransformStream(() =>
        detectingTransform((format) => {
          checkFormat(format.name, settings.formats);
          return format.decryptor(session);
        }),
      );
    },

    async openMessage(headerBytes, call = {}) {
      checkOptionNames(call, decryptOptionNames);
      const bytes = requireBytes('headerBytes', headerBytes);
      const { name } = detectFormat(bytes);
      checkFormat(name, settings.formats);
      if (name !== 'framed')
        throw new UnsupportedOperationError(`a message of the ${name} format has no frames to open`);
      return openMessageReader(bytes, createReadSession(settings, call));
    },

    async startMessage(call = {}) {
      checkOptionNames(call, encryptOptionNames);
      const suite = call.suite === undefined ? settings.suite : resolveSuite(call.suite);
      if (suite.format !== 'framed') {
        throw new UnsupportedOperationError(
          `a message of the ${suite.format} format has no frames to encrypt one by one`,
        );
      }
      const session = await openWriteSession(settings, call, frameLengthOf(call));
      return write(session, () => openMessageWriter(session));
    },
  };
}

/** @throws {InvalidArgumentError} for text that UTF-8 cannot hold: it would come back with other characters in it */
function textBytes(text: string): Uint8Array {
  if (!text.isWellFormed()) {
    throw new InvalidArgumentError(
      'plaintext has a lone surrogate, which UTF-8 cannot hold: pass bytes instead',
    );
  }
  return encodeUtf8(text);
}

/** Whatever happens in the format, no data key stays behind. */
async function write<T>(session: WriteSession, run: (format: MessageFormat) => T | Promise<T>): Promise<T> {
  try {
    return await run(formatNamed(session.materials.suite.format));
  } finally {
    session.materials.plaintextDataKey.fill(0);
  }
}
