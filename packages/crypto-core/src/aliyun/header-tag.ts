import { backend } from '#backend';
import type { BodyKey } from '../backend/body-key.ts';
import { AuthenticationError, InvalidArgumentError } from '../errors.ts';
import { randomBytes } from '../random.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';
import { type HeaderFields, headerAad, headerIvLength, type TaggedHeader } from './header.ts';

/** The data key as a handle of the platform's. Zeroes the bytes, on failure too. */
export async function importDataKey(suite: AlgorithmSuite, plaintextDataKey: Uint8Array): Promise<BodyKey> {
  try {
    if (plaintextDataKey.length !== suite.dataKeyLength) {
      throw new InvalidArgumentError(
        `the data key is ${plaintextDataKey.length} bytes long; ${suite.name} takes ${suite.dataKeyLength}`,
      );
    }
    return await backend.bodyKey(suite, plaintextDataKey);
  } finally {
    plaintextDataKey.fill(0);
  }
}

/** Tag a header. `iv` is 12 random bytes that this key has not seen. */
export async function tagHeader(
  fields: HeaderFields,
  key: BodyKey,
  iv: Uint8Array = randomBytes(headerIvLength),
): Promise<TaggedHeader> {
  return { ...fields, iv, tag: await key.gmac(iv, headerAad(fields)) };
}

/** @throws {AuthenticationError} when the tag is not this header's under this key */
export async function verifyHeader(header: TaggedHeader, key: BodyKey): Promise<void> {
  if (!backend.equal(header.tag, await key.gmac(header.iv, headerAad(header)))) {
    throw new AuthenticationError(
      "the header's tag does not match: the header was changed, or this is not its data key",
      'header',
    );
  }
}
