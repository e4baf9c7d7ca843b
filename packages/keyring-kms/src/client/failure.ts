import {
  KmsAccessDeniedError,
  KmsCircuitOpenError,
  KmsConnectionError,
  KmsCredentialsRejectedError,
  KmsError,
  type KmsErrorDetails,
  KmsKeyStateError,
  KmsNotFoundError,
  KmsRejectedError,
  KmsResponseError,
  KmsThrottledError,
  KmsTimeoutError,
  KmsUnavailableError,
} from '../errors.ts';
import { showableServiceMessage } from './redaction.ts';

/** What is known of an attempt that failed. */
export interface FailedAttempt {
  readonly operation: string;
  readonly region: string;
  readonly resource: string | undefined;
  /** The attempt's number, from 1. */
  readonly attempt: number;
  /** Values that went out with the request and must not come back in an error. */
  readonly secrets: readonly string[];
}

/**
 * Turns whatever the official client threw into an error that is safe to show. Only fields that pass a strict pattern
 * are carried over; the thrown value itself is dropped, not kept as `cause`, because its message and `data` hold the URL
 * with token and signature, and the request with the plaintext key.
 */
export function kmsErrorOf(thrown: unknown, attempt: FailedAttempt): KmsError {
  if (thrown instanceof KmsError) return thrown;
  const answer = property(thrown, 'data');
  const serviceCode = matching(
    property(answer, 'Code') ?? property(answer, 'code'),
    /^[A-Za-z][\w.-]{1,100}$/,
  );
  const status = statusOf(thrown, answer);
  if (serviceCode !== undefined || status !== undefined) {
    return serviceError(serviceCode, status, answer, attempt);
  }
  return transportError(thrown, attempt);
}

function serviceError(
  serviceCode: string | undefined,
  httpStatus: number | undefined,
  answer: unknown,
  attempt: FailedAttempt,
): KmsError {
  const requestId = matching(property(answer, 'RequestId') ?? property(answer, 'requestId'), /^[\w-]{1,64}$/);
  const details: KmsErrorDetails = {
    operation: attempt.operation,
    region: attempt.region,
    resource: attempt.resource,
    serviceCode,
    requestId,
    httpStatus,
  };
  const raw = property(answer, 'Message') ?? property(answer, 'message');
  const said = typeof raw === 'string' ? showableServiceMessage(raw, attempt.secrets) : undefined;
  const told = (advice: string): string => (said === undefined ? advice : `${advice} (KMS says: ${said})`);
  const code = serviceCode ?? '';
  const n = attempt.attempt;

  if (/throttl/i.test(code) || httpStatus === 429) {
    return new KmsThrottledError(
      'too many requests; lower the rate, cache data keys, or ask for a higher quota',
      details,
      n,
    );
  }
  if (
    /^(ServiceUnavailable|InternalFailure|InternalError|SystemBusy)/.test(code) ||
    (httpStatus ?? 0) >= 500
  ) {
    return new KmsUnavailableError(told('the service is temporarily unable to answer'), details, n);
  }
  if (
    /^(InvalidSecurityToken|InvalidAccessKeyId|InvalidAccessKeySecret|MissingSecurityToken|SecurityTokenExpired)/.test(
      code,
    )
  ) {
    return new KmsCredentialsRejectedError(
      told('the credentials are expired or unknown; check the credentials provider'),
      details,
      n,
    );
  }
  if (/^(SignatureDoesNotMatch|IncompleteSignature|SignatureNonceUsed|InvalidTimeStamp)/.test(code)) {
    return new KmsCredentialsRejectedError(
      'the request signature was refused; check the AccessKey secret and this machine\u2019s clock',
      details,
      n,
    );
  }
  // The service files what is not there under `Forbidden`, with a status of 404.
  if (
    httpStatus === 404 ||
    /^(Forbidden\.(\w*NotFound|NoSuchKey)|EntityNotExist|InvalidKeyId\.NotFound)/.test(code)
  ) {
    return new KmsNotFoundError(
      told('there is no such resource, or it is in another region or account'),
      details,
      n,
    );
  }
  if (/^(Forbidden|NoPermission|AccessDenied)/.test(code) || httpStatus === 401 || httpStatus === 403) {
    return new KmsAccessDeniedError(
      told(
        `not allowed; grant kms:${attempt.operation}${attempt.resource === undefined ? '' : ` on ${attempt.resource}`} to the identity`,
      ),
      details,
      n,
    );
  }
  if (
    /^Rejected\.(Disabled|PendingDeletion|PendingImport|Unavailable|StateModifiedFailed|KeyState)/.test(code)
  ) {
    return new KmsKeyStateError(
      told('the key cannot be used in its present state; enable it or use another'),
      details,
      n,
    );
  }
  return new KmsRejectedError(told('the request was refused'), details, n);
}

function transportError(thrown: unknown, attempt: FailedAttempt): KmsError {
  const name = property(thrown, 'name');
  const systemCode = matching(property(thrown, 'code'), /^[A-Z][A-Z0-9_]{2,60}$/);
  const details: KmsErrorDetails = {
    operation: attempt.operation,
    region: attempt.region,
    resource: attempt.resource,
    systemCode,
  };
  const n = attempt.attempt;
  if (name === 'SyntaxError' || (systemCode === undefined && isWrongShape(thrown))) {
    return new KmsResponseError('the answer is no JSON object', details, '', n);
  }
  if (systemCode === 'ETIMEDOUT' || (typeof name === 'string' && name.includes('Timeout'))) {
    return new KmsTimeoutError('no answer in time', details, n);
  }
  if (isTlsFailure(systemCode)) {
    return new KmsConnectionError(
      'the server\u2019s certificate is not trusted; for a dedicated instance pass its CA in the ca option',
      details,
      n,
    );
  }
  return new KmsConnectionError('the connection failed or broke', details, n);
}

/** The official client checks `typeof` and throws a plain Error with one of these fixed texts. */
function isWrongShape(thrown: unknown): boolean {
  const message = property(thrown, 'message');
  return typeof message === 'string' && /^(The value is not a|can not cast to)/.test(message);
}

function isTlsFailure(systemCode: string | undefined): boolean {
  return systemCode !== undefined && /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/.test(systemCode);
}

/** The official clients give the HTTP status only inside the message they compose: `…code: 503, …`. */
function statusOf(thrown: unknown, answer: unknown): number | undefined {
  const given = property(answer, 'statusCode');
  if (typeof given === 'number') return given;
  const message = property(thrown, 'message');
  if (property(thrown, 'data') === undefined || typeof message !== 'string') return undefined;
  const match = /(?:^|: )code: ([1-5]\d\d),/.exec(message);
  return match === null ? undefined : Number(match[1]);
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function matching(value: unknown, pattern: RegExp): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined;
}

/** Whether the credentials were refused in a way that a rotation at just this moment explains. */
export function mayHaveRotated(error: unknown): boolean {
  return error instanceof KmsCredentialsRejectedError && error.serviceCode !== 'SignatureDoesNotMatch';
}

/** Whether trying the same call again, unchanged, can help. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof KmsConnectionError) return !isTlsFailure(error.systemCode);
  return (
    error instanceof KmsThrottledError ||
    error instanceof KmsUnavailableError ||
    error instanceof KmsTimeoutError ||
    error instanceof KmsCircuitOpenError ||
    isBroken(error)
  );
}

/** Whether the error says that the region, not the request or its rate, is at fault. */
export function isOutage(error: unknown): boolean {
  return (
    error instanceof KmsConnectionError ||
    error instanceof KmsTimeoutError ||
    error instanceof KmsUnavailableError ||
    isBroken(error)
  );
}

/** An answer that is no JSON object came from a proxy, or was cut off. One with a wrong field would come again. */
function isBroken(error: unknown): boolean {
  return error instanceof KmsResponseError && error.path === '';
}
