import { InvalidArgumentError } from '../errors.ts';
import type { DecryptionMaterials } from '../keyring.ts';

/** Kept for keys of a KMS, AWS's by the specification: a raw key under one would pose as a KMS key. */
const reservedNamespaces = ['aws-kms', 'acs-kms'];

/**
 * @throws {InvalidArgumentError} when there is a data key already: unwrapping another would hide that the caller mixed up
 * its materials
 * @see framework/keyring-interface.md#ondecrypt of the AWS Encryption SDK specification
 */
export function requireNoDataKey({ plaintextDataKey }: DecryptionMaterials): void {
  if (plaintextDataKey === undefined) return;
  throw new InvalidArgumentError(
    'the decryption materials hold a data key already: there is nothing to unwrap',
  );
}

/** @throws {InvalidArgumentError} when a raw keyring cannot write messages under this namespace and name */
export function checkKeyNames(namespace: string, name: string): void {
  for (const [option, value] of Object.entries({ namespace, name })) {
    if (typeof value !== 'string' || value === '' || !value.isWellFormed() || value.length > 0x3fff) {
      throw new InvalidArgumentError(
        `${option} must be a non-empty string of at most 16,383 characters, without lone surrogates`,
      );
    }
  }
  if (reservedNamespaces.some((reserved) => namespace.startsWith(reserved))) {
    throw new InvalidArgumentError(
      `namespace ${JSON.stringify(namespace)} is kept for keys of a KMS; choose your own`,
    );
  }
}
