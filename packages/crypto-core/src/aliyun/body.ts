import {
  AuthenticationError,
  InvalidArgumentError,
  LimitExceededError,
  MalformedMessageError,
  type YunsealError,
} from '../errors.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';
import type { BodyPlace } from './places.ts';

const blockLength = 16;
/** The most that one GCM key and IV may encrypt, in bytes (NIST SP 800-38D, section 5.2.1.1). */
const maxGcmLength = 2 ** 36 - 32;

/** Refuse a plaintext that the suite cannot encrypt, as soon as `length` bytes of it are known. */
export function checkPlaintextLength(suite: AlgorithmSuite, length: number): void {
  if (suite.authenticated && length > maxGcmLength) {
    throw new LimitExceededError(`${suite.name} encrypts at most ${maxGcmLength} bytes in one message`);
  }
}

/** Refuse the end of a plaintext where the suite cannot end it. */
export function checkPlaintextEnd(suite: AlgorithmSuite, length: number): void {
  if (suite.padding === 'none' && length % blockLength !== 0) {
    throw new InvalidArgumentError(
      `${suite.name} encrypts whole blocks of ${blockLength} bytes, and the plaintext is ${length} bytes long; use the PKCS5 suite for any length`,
    );
  }
}

/** Length of the ciphertext, in bytes, without a tag. */
export function ciphertextLengthOf(suite: AlgorithmSuite, plaintextLength: number): number {
  return suite.padding === 'pkcs7'
    ? plaintextLength - (plaintextLength % blockLength) + blockLength
    : plaintextLength;
}

/** Refuse a ciphertext that the suite cannot have written. */
export function checkCiphertextLength(
  suite: AlgorithmSuite,
  length: number,
  { ciphertextStart }: BodyPlace,
): void {
  if (suite.authenticated && length > maxGcmLength) {
    throw new LimitExceededError(`the body is longer than the ${maxGcmLength} bytes that GCM allows`);
  }
  if (suite.padding === undefined) return;
  const isPadded = suite.padding === 'pkcs7';
  if (length % blockLength !== 0 || (isPadded && length === 0)) {
    throw new MalformedMessageError(
      `a ciphertext of ${length} bytes is not made of${isPadded ? ' one or more' : ''} whole blocks of ${blockLength}`,
      ciphertextStart,
    );
  }
}

/** Why a body cipher refused a body. */
export function bodyError(suite: AlgorithmSuite, { ciphertextStart }: BodyPlace): YunsealError {
  return suite.authenticated
    ? new AuthenticationError("the body's tag does not match: the body was changed", 'body')
    : new MalformedMessageError(
        'the padding of the last block is wrong: the body was changed, or this is not its data key',
        ciphertextStart,
      );
}
