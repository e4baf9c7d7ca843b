import { InvalidArgumentError } from '../errors.ts';

/** The specification keeps this for KMS: a raw key under it would pose as a KMS key. */
const reservedNamespace = 'aws-kms';

/** @throws {InvalidArgumentError} when a raw keyring cannot write messages under this namespace and name */
export function checkKeyNames(namespace: string, name: string): void {
  for (const [option, value] of Object.entries({ namespace, name })) {
    if (typeof value !== 'string' || value === '' || !value.isWellFormed() || value.length > 0x3fff) {
      throw new InvalidArgumentError(
        `${option} must be a non-empty string of at most 16,383 characters, without lone surrogates`,
      );
    }
  }
  if (namespace.startsWith(reservedNamespace)) {
    throw new InvalidArgumentError(
      `namespace ${JSON.stringify(namespace)} is kept for keys of AWS KMS; choose your own`,
    );
  }
}
