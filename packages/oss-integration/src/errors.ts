import { YunsealError } from '@yunseal/crypto-core';

/** What a request to the store was about: enough to find it in the service's logs, and nothing secret. */
export interface RequestFacts {
  /** The RAM action behind the request, for example `oss:PutObject`. */
  readonly action: string;
  readonly bucket: string;
  readonly key?: string | undefined;
  readonly statusCode?: number | undefined;
  /** The service's own error code, for example `NoSuchKey`. */
  readonly serviceCode?: string | undefined;
  readonly requestId?: string | undefined;
}

/** A request to the object store failed. */
export class StoreError extends YunsealError {
  readonly request: RequestFacts;
  /** Whether sending the same request again may succeed. */
  readonly retryable: boolean;

  constructor(code: string, message: string, request: RequestFacts, retryable = false) {
    super(code, `${message} (${describe(request)})`);
    this.request = request;
    this.retryable = retryable;
  }
}

function describe(request: RequestFacts): string {
  const resource = request.key === undefined ? request.bucket : `${request.bucket}/${request.key}`;
  return [
    `${request.action} on ${resource}`,
    request.statusCode === undefined ? undefined : `status ${request.statusCode}`,
    request.serviceCode,
    request.requestId === undefined ? undefined : `request ${request.requestId}`,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}

/** The service answered with an error that has no class of its own here. */
export class StoreServiceError extends StoreError {
  constructor(message: string, request: RequestFacts, retryable: boolean) {
    super('StoreRequestFailed', message, request, retryable);
  }
}

/** The connection broke, timed out, or never came to be. */
export class StoreConnectionError extends StoreError {
  /** The platform's error code, for example `ECONNRESET`. */
  readonly systemCode: string | undefined;

  constructor(message: string, request: RequestFacts, systemCode?: string) {
    super('StoreConnectionFailed', message, request, true);
    this.systemCode = systemCode;
  }
}

/** The credentials are valid and lack a permission: `request.action` on the object that the message names. */
export class StoreAccessDeniedError extends StoreError {
  constructor(message: string, request: RequestFacts) {
    super('StoreAccessDenied', message, request);
  }
}

/** The service does not accept the credentials: unknown, expired, or signed wrongly. */
export class StoreCredentialsError extends StoreError {
  constructor(message: string, request: RequestFacts, retryable: boolean) {
    super('StoreCredentialsRejected', message, request, retryable);
  }
}

/** There is no such object, bucket or multipart upload. */
export class ObjectNotFoundError extends StoreError {
  constructor(message: string, request: RequestFacts) {
    super('ObjectNotFound', message, request);
  }
}

/** The write was to create an object, and there is one already. */
export class ObjectExistsError extends StoreError {
  constructor(message: string, request: RequestFacts) {
    super('ObjectExists', message, request);
  }
}

/** The object is no longer the one that the caller saw: its ETag differs. */
export class ObjectChangedError extends StoreError {
  constructor(message: string, request: RequestFacts) {
    super('ObjectChanged', message, request);
  }
}

/** What arrived is not what was sent: a length or a CRC-64 differs. */
export class TransferIntegrityError extends StoreError {
  constructor(message: string, request: RequestFacts) {
    super('TransferCorrupted', message, request, true);
  }
}

/** The object has no byte in the range that was asked for. */
export class RangeNotSatisfiableError extends YunsealError {
  /** Bytes that the object has. */
  readonly length: number;

  constructor(message: string, length: number) {
    super('RangeNotSatisfiable', message);
    this.length = length;
  }
}

/** The object is not encrypted in any layout that this package knows. */
export class ObjectNotEncryptedError extends YunsealError {
  constructor(message: string) {
    super('ObjectNotEncrypted', message);
  }
}

/** Reading would give out bytes that nothing authenticates, and the caller did not consent. */
export class UnauthenticatedReadError extends YunsealError {
  constructor(message: string) {
    super('UnauthenticatedRead', message);
  }
}

/** The object's metadata is not what its layout demands. */
export class ObjectMetadataError extends YunsealError {
  /** The metadata field at fault, without `x-oss-meta-`. */
  readonly field: string;

  constructor(field: string, message: string) {
    super('InvalidObjectMetadata', `metadata field ${field}: ${message}`);
    this.field = field;
  }
}

/** The message was written for another bucket or key than it was read from. */
export class ObjectIdentityError extends YunsealError {
  constructor(message: string) {
    super('ObjectIdentityMismatch', message);
  }
}

/** A master key could not wrap or unwrap the content key of an object. */
export class MasterKeyError extends YunsealError {
  constructor(message: string, options?: ErrorOptions) {
    super('MasterKeyFailed', message, options);
  }
}

/** The plaintext of an object was taken already: it is read from the service once. */
export class PlaintextTakenError extends YunsealError {
  constructor() {
    super('PlaintextTaken', "the object's plaintext was taken already; call get or getRange again");
  }
}

/** A checkpoint file is damaged, or belongs to another transfer. */
export class CheckpointError extends YunsealError {
  constructor(message: string, options?: ErrorOptions) {
    super('InvalidCheckpoint', message, options);
  }
}
