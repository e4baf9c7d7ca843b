/**
 * Every error this package throws on purpose. Callers tell kinds apart by class or by the stable `code`.
 * Messages say what is wrong, where, and what to do; they never hold a key or plaintext.
 */
export class YunsealError extends Error {
  /** Stable, machine-readable kind. Packages that build on crypto-core add codes of their own. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** An argument or option that can never work, whatever the message. */
export class InvalidArgumentError extends YunsealError {
  constructor(message: string, options?: ErrorOptions) {
    super('InvalidArgument', message, options);
  }
}

/** Bytes that are no valid message: what was read, and where. */
export class MalformedMessageError extends YunsealError {
  /** Offset of the offending field from the start of the message, in bytes. */
  readonly offset: number;
  /** What is wrong there, without the offset. */
  readonly reason: string;

  constructor(reason: string, offset: number, options?: ErrorOptions) {
    super('MalformedMessage', `malformed message at byte ${offset}: ${reason}`, options);
    this.offset = offset;
    this.reason = reason;
  }
}

/** The message ends before its last field does. */
export class TruncatedMessageError extends YunsealError {
  /** Offset of the field that is cut off, from the start of the message, in bytes. */
  readonly offset: number;
  /** How many bytes of the message are needed to read on: at least this many. */
  readonly needed: number;

  constructor(what: string, offset: number, needed: number) {
    super('TruncatedMessage', `the message ends inside ${what}, which starts at byte ${offset}`);
    this.offset = offset;
    this.needed = needed;
  }
}

/** A suite, format version or padding that this build, this platform or the standard does not know. */
export class UnsupportedAlgorithmError extends YunsealError {
  /** Where a message names it, from the message's start, in bytes; undefined when no message is at fault. */
  readonly offset: number | undefined;

  constructor(message: string, options?: ErrorOptions & { readonly offset?: number }) {
    super('UnsupportedAlgorithm', message, options);
    this.offset = options?.offset;
  }
}

/** The part of a message whose authentication failed. */
export type MessagePart = 'header' | 'body' | 'frame';

/** An authentication tag does not match: the message was changed, or this is not its key. */
export class AuthenticationError extends YunsealError {
  readonly part: MessagePart;
  /** The frame's number, counted from 1, when `part` is `frame`. */
  readonly sequenceNumber: number | undefined;

  constructor(message: string, part: MessagePart, sequenceNumber?: number) {
    super('AuthenticationFailed', message);
    this.part = part;
    this.sequenceNumber = sequenceNumber;
  }
}

/** The data key that was unwrapped is not the one the message commits to. */
export class CommitmentMismatchError extends YunsealError {
  constructor() {
    super(
      'CommitmentMismatch',
      'the data key does not match the key commitment in the header: the message was changed, or a keyring unwrapped another key',
    );
  }
}

/** The signature over the whole message does not verify. */
export class SignatureInvalidError extends YunsealError {
  constructor(message: string, options?: ErrorOptions) {
    super('SignatureInvalid', message, options);
  }
}

/** The suite is not allowed by the client's commitment policy. */
export class CommitmentPolicyError extends YunsealError {
  constructor(message: string) {
    super('CommitmentPolicyViolation', message);
  }
}

/** A body without authentication was asked for, or read, without consent. */
export class UnauthenticatedAlgorithmError extends YunsealError {
  constructor(message: string) {
    super('UnauthenticatedAlgorithm', message);
  }
}

/** The message is in a format that the client's `formats` option leaves out. */
export class FormatNotAcceptedError extends YunsealError {
  constructor(message: string) {
    super('FormatNotAccepted', message);
  }
}

/** An encryption context that cannot be written. */
export class EncryptionContextError extends YunsealError {
  /** The entry's key, where one entry is at fault. */
  readonly entry: string | undefined;

  constructor(message: string, entry?: string) {
    super('InvalidEncryptionContext', message);
    this.entry = entry;
  }
}

/** The message's encryption context is not what the caller expects. */
export class ContextMismatchError extends YunsealError {
  /** The key of the entry that differs. */
  readonly entry: string;

  constructor(message: string, entry: string) {
    super('ContextMismatch', message);
    this.entry = entry;
  }
}

/** A limit of the format or of the client was passed. */
export class LimitExceededError extends YunsealError {
  constructor(message: string) {
    super('LimitExceeded', message);
  }
}

/** No wrapping of the data key could be made. */
export class DataKeyWrapError extends YunsealError {
  /** What each keyring that was asked reported. */
  readonly errors: readonly unknown[];

  constructor(message: string, errors: readonly unknown[] = []) {
    super('DataKeyWrapFailed', message, errors.length > 0 ? { cause: errors[0] } : undefined);
    this.errors = errors;
  }
}

/** None of the message's encrypted data keys could be unwrapped. */
export class DataKeyUnwrapError extends YunsealError {
  /** What each keyring that was asked reported. */
  readonly errors: readonly unknown[];

  constructor(message: string, errors: readonly unknown[] = []) {
    super('DataKeyUnwrapFailed', message, errors.length > 0 ? { cause: errors[0] } : undefined);
    this.errors = errors;
  }
}

/** A keyring or materials manager gave back something that breaks its contract. */
export class KeyringContractError extends YunsealError {
  constructor(message: string, options?: ErrorOptions) {
    super('KeyringContractViolation', message, options);
  }
}

/** The operation cannot be done on this kind of message. */
export class UnsupportedOperationError extends YunsealError {
  constructor(message: string) {
    super('UnsupportedOperation', message);
  }
}

/** A cache waited too long for materials that another call had asked the keyring for. */
export class MaterialsTimeoutError extends YunsealError {
  constructor(message: string) {
    super('MaterialsTimeout', message);
  }
}
