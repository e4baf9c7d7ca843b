import { YunsealError } from '@yunseal/crypto-core';

/** Where a KMS call went and what came of it. Never a parameter, a response body, a credential or a URL. */
export interface KmsErrorDetails {
  /** The KMS API, for example `GenerateDataKey`. */
  readonly operation: string;
  readonly region: string;
  /** The key, alias or secret the call was about, as the caller named it. */
  readonly resource?: string | undefined;
  /** The service's own error code, for example `Rejected.Throttling`. */
  readonly serviceCode?: string | undefined;
  /** The request id to give to Alibaba Cloud support. */
  readonly requestId?: string | undefined;
  /** HTTP status of the answer, where there was one. */
  readonly httpStatus?: number | undefined;
  /** The operating system's or TLS's error code, for example `ECONNREFUSED`. */
  readonly systemCode?: string | undefined;
}

/**
 * A KMS call that failed. One subclass per kind; all of them are built from checked fields alone, so that nothing the
 * transport knew (URL, token, signature, plaintext key) can surface in the message, the `cause` or a property.
 */
export class KmsError extends YunsealError implements KmsErrorDetails {
  readonly operation: string;
  readonly region: string;
  readonly resource: string | undefined;
  readonly serviceCode: string | undefined;
  readonly requestId: string | undefined;
  readonly httpStatus: number | undefined;
  readonly systemCode: string | undefined;
  /** How many times the call was sent before this error was given up to. */
  readonly attempts: number;

  constructor(code: string, reason: string, details: KmsErrorDetails, attempts = 1) {
    super(code, describe(reason, details, attempts));
    this.operation = details.operation;
    this.region = details.region;
    this.resource = details.resource;
    this.serviceCode = details.serviceCode;
    this.requestId = details.requestId;
    this.httpStatus = details.httpStatus;
    this.systemCode = details.systemCode;
    this.attempts = attempts;
  }
}

function describe(reason: string, details: KmsErrorDetails, attempts: number): string {
  const where = [
    details.resource !== undefined ? ` on ${details.resource}` : '',
    ` in ${details.region}`,
    attempts > 1 ? ` (${attempts} attempts)` : '',
  ].join('');
  const trace = [
    details.serviceCode !== undefined ? `code ${details.serviceCode}` : '',
    details.httpStatus !== undefined ? `HTTP ${details.httpStatus}` : '',
    details.systemCode !== undefined ? `system error ${details.systemCode}` : '',
    details.requestId !== undefined ? `request id ${details.requestId}` : '',
  ].filter((part) => part !== '');
  return `KMS ${details.operation}${where}: ${reason}${trace.length > 0 ? ` [${trace.join(', ')}]` : ''}`;
}

/** KMS asked for fewer requests, and went on asking until the retries were used up. */
export class KmsThrottledError extends KmsError {
  constructor(reason: string, details: KmsErrorDetails, attempts?: number) {
    super('KmsThrottled', reason, details, attempts);
  }
}

/** KMS is temporarily unable to answer (5xx, `ServiceUnavailableTemporary`, `InternalFailure`). */
export class KmsUnavailableError extends KmsError {
  constructor(reason: string, details: KmsErrorDetails, attempts?: number) {
    super('KmsUnavailable', reason, details, attempts);
  }
}

/** The endpoint could not be reached, or the connection broke. */
export class KmsConnectionError extends KmsError {
  constructor(reason: string, details: KmsErrorDetails, attempts?: number) {
    super('KmsConnectionFailed', reason, details, attempts);
  }
}

/** No complete answer in time. */
export class KmsTimeoutError extends KmsError {
  constructor(reason: string, details: KmsErrorDetails, attempts?: number) {
    super('KmsTimeout', reason, details, attempts);
  }
}

/** The region's circuit breaker is open: recent calls failed, so this one was not sent. */
export class KmsCircuitOpenError extends KmsError {
  constructor(reason: string, details: KmsErrorDetails, attempts?: number) {
    super('KmsCircuitOpen', reason, details, attempts);
  }
}

/** The answer is not what the API documents, or is not an answer to what was asked. */
export class KmsResponseError extends KmsError {
  /** JSON path of the offending field, for example `/KeyMetadata/Arn`; empty for the whole document. */
  readonly path: string;

  constructor(reason: string, details: KmsErrorDetails, path = '', attempts?: number) {
    super('KmsResponseInvalid', path === '' ? reason : `${reason} at ${path}`, details, attempts);
    this.path = path;
  }
}

/** The caller's identity is not allowed to do this. */
export class KmsAccessDeniedError extends KmsError {
  constructor(reason: string, details: KmsErrorDetails, attempts?: number) {
    super('KmsAccessDenied', reason, details, attempts);
  }
}

/** The credentials themselves are refused: expired, unknown, or the signature does not match. */
export class KmsCredentialsRejectedError extends KmsError {
  constructor(reason: string, details: KmsErrorDetails, attempts?: number) {
    super('KmsCredentialsRejected', reason, details, attempts);
  }
}

/** There is no such key, alias or secret. */
export class KmsNotFoundError extends KmsError {
  constructor(reason: string, details: KmsErrorDetails, attempts?: number) {
    super('KmsNotFound', reason, details, attempts);
  }
}

/** The key is disabled, pending deletion or pending import. */
export class KmsKeyStateError extends KmsError {
  constructor(reason: string, details: KmsErrorDetails, attempts?: number) {
    super('KmsKeyUnusable', reason, details, attempts);
  }
}

/** KMS refuses the request as such (a parameter, the ciphertext, the encryption context, an unsupported operation). */
export class KmsRejectedError extends KmsError {
  constructor(reason: string, details: KmsErrorDetails, attempts?: number) {
    super('KmsRejected', reason, details, attempts);
  }
}

/** A key id, alias or ARN that cannot be understood, or that lacks its region or account. */
export class KeyIdentifierError extends YunsealError {
  constructor(message: string) {
    super('InvalidKeyIdentifier', message);
  }
}

/** A discovery keyring was asked to encrypt: it names no key to encrypt under. */
export class DiscoveryKeyringError extends YunsealError {
  constructor() {
    super(
      'DiscoveryKeyringCannotEncrypt',
      'a discovery keyring names no key, so it can only decrypt; encrypt with kmsKeyring({ keyId })',
    );
  }
}

/** A shared data key kept in a secret cannot be used: wrong content, another suite, another encryption context. */
export class SharedDataKeyError extends YunsealError {
  readonly secretName: string;

  constructor(secretName: string, reason: string, options?: ErrorOptions) {
    super('SharedDataKeyUnusable', `shared data key in secret ${secretName}: ${reason}`, options);
    this.secretName = secretName;
  }
}

/** A signing or verification key that does not fit the algorithm, or an algorithm this platform lacks. */
export class SignatureAlgorithmError extends YunsealError {
  constructor(message: string) {
    super('SignatureAlgorithmUnusable', message);
  }
}
