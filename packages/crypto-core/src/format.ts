import type { MaybePromise } from './backend/backend.ts';
import type { AliyunEncoding, MessageHeader } from './header.ts';
import type { EncryptedDataKey, EncryptionContext } from './keyring.ts';
import type { MessageDecryptionMaterials, MessageEncryptionMaterials } from './materials/manager.ts';
import type { FormatName } from './suites/suite.ts';

/**
 * The seam between the client and the message formats. The client owns policies, keyrings and platform streams; a
 * format owns bytes. Each format is one constant of type {@link MessageFormat}.
 */
export interface MessageFormat {
  readonly name: FormatName;
  /** Whether a message that starts with this byte is of this format. */
  startsWith(firstByte: number): boolean;
  /**
   * Read the header at the start of `bytes`, which may go on after it or stop short of the body's end.
   *
   * @throws {TruncatedMessageError} when `bytes` end inside the header; its `needed` says how many to come back with
   */
  inspect(bytes: Uint8Array, maxEncryptedDataKeys: number): MessageHeader;
  encrypt(plaintext: Uint8Array, session: WriteSession): Promise<EncryptedMessage>;
  decrypt(ciphertext: Uint8Array, session: ReadSession): Promise<DecryptedMessage>;
  /** Encrypt as a stream. The returned transform has written nothing yet. */
  encryptor(session: WriteSession): MaybePromise<ByteTransform>;
  /** Decrypt as a stream. */
  decryptor(session: ReadSession): ByteTransform;
  /** Give a whole message other encrypted data keys. */
  rewrap(ciphertext: Uint8Array, session: RewrapSession): Promise<Uint8Array>;
  /** The same as a stream: the header is replaced, and the body passes through or is renewed frame by frame. */
  rewrapper(session: RewrapSession): ByteTransform;
}

/** What a format needs to write one message. */
export interface WriteSession {
  /** The format zeroes `plaintextDataKey` as soon as it has its own keys, on failure too. */
  readonly materials: MessageEncryptionMaterials;
  /** Keys of context entries to authenticate and not to store; a format that cannot do that refuses. */
  readonly requiredContextKeys: readonly string[];
  /** Plaintext bytes per frame, where the format has frames. */
  readonly frameLength: number;
  /** Which encoding to write, where the format has two. */
  readonly encoding?: AliyunEncoding | undefined;
}

/** What a format needs to read one message. */
export interface ReadSession {
  readonly maxEncryptedDataKeys: number;
  /** Whether the caller consents to plaintext that was not authenticated. */
  readonly allowUnauthenticated: boolean;
  /** The most plaintext a stream holds while it waits for the tag that authenticates it, in bytes. */
  readonly maxUnverifiedBytes: number;
  /** What a stream keeps back of a signed message until the signature was verified: its last frame, or all of it. */
  readonly holdBack: 'end' | 'all';
  /** Apply the client's policies to a header that was just parsed, and obtain the data key. */
  open(header: MessageHeader): Promise<OpenedMessage>;
  /** Called once, when the header's tag has been checked. */
  onHeader?: ((header: MessageHeader) => void) | undefined;
}

export interface OpenedMessage {
  /** As in {@link WriteSession}: zeroed by the format. */
  readonly materials: MessageDecryptionMaterials;
  /** The entries the caller supplied because the message does not store them: authenticated with the header. */
  readonly unstoredContext: EncryptionContext;
}

/** What a format needs to give a message other wrapping keys. */
export interface RewrapSession extends ReadSession {
  /** Whether the body stays as it is, or is encrypted again under keys freshly derived from the same data key. */
  readonly frames: 'keep' | 'renew';
  /**
   * Wrap the data key of an opened message anew. The format passes a copy, which it zeroes; it does so once the header
   * was authenticated, so that no key leaves for a message somebody made up.
   */
  wrap(opened: OpenedMessage, dataKey: Uint8Array): Promise<readonly EncryptedDataKey[]>;
}

export interface EncryptedMessage {
  readonly ciphertext: Uint8Array;
  readonly header: MessageHeader;
}

export interface DecryptedMessage {
  readonly plaintext: Uint8Array;
  readonly header: MessageHeader;
  /** All authenticated entries, stored and not stored. */
  readonly context: EncryptionContext;
}

/** Hands on bytes that are ready; the receiver owns them. */
export type Emit = (bytes: Uint8Array) => void;

/**
 * One message on its way through. The client calls `write` for each chunk and `end` once, one call at a time, and
 * `close` exactly once at the end, whatever happened. A chunk belongs to the caller again when `write` is done.
 */
export interface ByteTransform {
  write(chunk: Uint8Array, emit: Emit): MaybePromise<void>;
  end(emit: Emit): MaybePromise<void>;
  /** Drop keys and buffers. Never throws. */
  close(): void;
}
