import { XMLParser } from 'fast-xml-parser';
import {
  ObjectChangedError,
  ObjectExistsError,
  ObjectNotFoundError,
  type RequestFacts,
  StoreAccessDeniedError,
  StoreConnectionError,
  StoreCredentialsError,
  type StoreError,
  StoreServiceError,
} from '../errors.ts';

/** What is known of a failed request, whichever client reported it. */
export interface Failure extends RequestFacts {
  /** The service's own sentence. */
  readonly serviceMessage?: string | undefined;
  /** The platform's code, when there was no answer at all. */
  readonly systemCode?: string | undefined;
  /** The request was signed with temporary credentials. */
  readonly temporary?: boolean | undefined;
}

const credentialCodes = new Set([
  'InvalidAccessKeyId',
  'InvalidSecurityToken',
  'SecurityTokenExpired',
  'SecurityTokenNotSupported',
  'SignatureDoesNotMatch',
]);
const existsCodes = new Set(['FileAlreadyExists', 'ObjectAlreadyExists']);
const retryableCodes = new Set([
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
]);

/**
 * The typed error for a failed request. Built from named facts only: the clients' own errors carry URLs, headers and
 * the string that was signed, and are dropped, not wrapped.
 */
export function storeError(failure: Failure): StoreError {
  const { action, bucket, key, statusCode, serviceCode, requestId } = failure;
  const facts: RequestFacts = { action, bucket, key, statusCode, serviceCode, requestId };
  if (statusCode === undefined) {
    return new StoreConnectionError('the connection to OSS failed', facts, failure.systemCode);
  }
  const said = failure.serviceMessage === undefined ? '' : `: ${plain(failure.serviceMessage)}`;
  if (serviceCode === 'RequestTimeTooSkewed') {
    return new StoreServiceError('this machine and OSS disagree on the time', facts, true);
  }
  if (serviceCode !== undefined && credentialCodes.has(serviceCode)) {
    const expired = serviceCode === 'SecurityTokenExpired' || serviceCode === 'InvalidSecurityToken';
    // Of temporary credentials, the id ends too. The provider has been told, and may have others for the next try.
    const replaceable = expired || (serviceCode === 'InvalidAccessKeyId' && failure.temporary === true);
    return new StoreCredentialsError(`OSS rejected the credentials${said}`, facts, replaceable);
  }
  if (statusCode === 404) return new ObjectNotFoundError(`not found${said}`, facts);
  if (statusCode === 403) {
    const resource = `acs:oss:*:*:${bucket}${key === undefined ? '' : `/${key}`}`;
    return new StoreAccessDeniedError(`the credentials lack ${action} on ${resource}${said}`, facts);
  }
  if (statusCode === 409 && serviceCode !== undefined && existsCodes.has(serviceCode)) {
    return new ObjectExistsError('there is an object under this key already', facts);
  }
  if (statusCode === 412 || statusCode === 304) {
    return new ObjectChangedError('the object is not the one that was read before', facts);
  }
  const retryable =
    statusCode >= 500 ||
    statusCode === 429 ||
    statusCode === 408 ||
    (serviceCode !== undefined && retryableCodes.has(serviceCode));
  return new StoreServiceError(`OSS answered with an error${said}`, facts, retryable);
}

function plain(sentence: string): string {
  return sentence.replace(/https?:\/\/\S+/g, '<address>').slice(0, 300);
}

/** For deletions: what is not there need not be deleted. A missing bucket stays an error. */
export function ignoreAbsence(error: unknown): void {
  const absent = error instanceof ObjectNotFoundError && error.request.serviceCode !== 'NoSuchBucket';
  if (!absent) throw error;
}

/** The code and message of an OSS error document. */
export interface ErrorDocument {
  readonly code: string | undefined;
  readonly message: string | undefined;
}

/** OSS puts the error document of an answer without a body (HEAD) into `x-oss-err`, in Base64. */
export function errorDocument(header: string | string[] | undefined): ErrorDocument | undefined {
  if (typeof header !== 'string') return undefined;
  const document: unknown = new XMLParser({ parseTagValue: false }).parse(
    Buffer.from(header, 'base64').toString('utf8'),
  );
  const error = (document as { Error?: { Code?: unknown; Message?: unknown } }).Error;
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return { code: text(error?.Code), message: text(error?.Message) };
}
