import { reservedPrefix } from '../encryption-context.ts';
import {
  CommitmentPolicyError,
  ContextMismatchError,
  FormatNotAcceptedError,
  UnauthenticatedAlgorithmError,
} from '../errors.ts';
import type { EncryptionContext } from '../keyring.ts';
import type { AlgorithmSuite, FormatName } from '../suites/suite.ts';

/** Which framed suites a client writes and reads (framework/commitment-policy.md of the specification). */
export type CommitmentPolicy = 'require' | 'allow-decrypt' | 'allow';

/** @throws {CommitmentPolicyError} The policy is about framed suites: the aliyun format has no committing ones. */
export function checkCommitment(
  suite: AlgorithmSuite,
  policy: CommitmentPolicy,
  operation: 'encrypt' | 'decrypt',
): void {
  if (suite.format !== 'framed' || suite.commitmentLength > 0 || policy === 'allow') return;
  if (operation === 'decrypt' && policy === 'allow-decrypt') return;
  throw new CommitmentPolicyError(
    `suite ${suite.name} does not commit to its key, and commitmentPolicy '${policy}' does not ${operation} with such suites; ${
      operation === 'decrypt' ? "'allow-decrypt' reads them" : "'allow' writes them"
    }`,
  );
}

/** @throws {UnauthenticatedAlgorithmError} */
export function checkAuthenticated(suite: AlgorithmSuite, allowUnauthenticated: boolean): void {
  if (suite.authenticated || allowUnauthenticated) return;
  throw new UnauthenticatedAlgorithmError(
    `${suite.name} does not authenticate the body: a changed message would not be noticed; pass allowUnauthenticated: true to use it all the same`,
  );
}

/** @throws {FormatNotAcceptedError} */
export function checkFormat(format: FormatName, accepted: readonly FormatName[]): void {
  if (accepted.includes(format)) return;
  throw new FormatNotAcceptedError(
    `the message is in the ${format} format; this client's formats option accepts: ${accepted.join(', ')}`,
  );
}

/**
 * Compare what the caller expects with what the message stores. Entries that are not stored are given back: they may
 * be ones the writer authenticated without storing them, which the header's tag will tell.
 *
 * @throws {ContextMismatchError} naming the first entry that differs
 */
export function matchContext(
  stored: EncryptionContext,
  expected: EncryptionContext,
  format: FormatName,
): EncryptionContext {
  const unstored: [string, string][] = [];
  for (const [key, value] of Object.entries(expected)) {
    if (!Object.hasOwn(stored, key)) {
      // Only the framed format authenticates entries that it does not store.
      if (key.startsWith(reservedPrefix) || format !== 'framed') {
        throw new ContextMismatchError(`the message has no context entry ${JSON.stringify(key)}`, key);
      }
      unstored.push([key, value]);
    } else if (stored[key] !== value) {
      throw new ContextMismatchError(
        `the message's context entry ${JSON.stringify(key)} is not the expected one`,
        key,
      );
    }
  }
  return Object.fromEntries(unstored);
}
