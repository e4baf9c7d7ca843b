import type { KmsError } from '../errors.ts';
import { kmsErrorOf } from './failure.ts';

/** What call of an official client failed. */
export interface FailedKmsCall {
  /** The KMS API, for example `CreateKey`. */
  readonly operation: string;
  readonly region: string;
  /** The key, alias or secret the call was about. */
  readonly resource?: string | undefined;
  /** Values that went out with the call and must not come back in a message: a plaintext, a token. */
  readonly secrets?: readonly string[] | undefined;
}

/**
 * The typed, redacted error for a call that was made with an official KMS client directly. What the client threw is dropped, not
 * kept as `cause`: its message and `data` can hold the signed URL, the token and the plaintext.
 */
export function toKmsError(thrown: unknown, call: FailedKmsCall): KmsError {
  const { operation, region, resource, secrets = [] } = call;
  return kmsErrorOf(thrown, { operation, region, resource, attempt: 1, secrets });
}
