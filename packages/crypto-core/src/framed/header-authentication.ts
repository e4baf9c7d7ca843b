import { backend } from '#backend';
import type { GcmKey } from '../backend/backend.ts';
import { concat } from '../bytes/concat.ts';
import { serializeContext } from '../encryption-context.ts';
import { AuthenticationError, CommitmentMismatchError } from '../errors.ts';
import type { OpenedMessage } from '../format.ts';
import type { EncryptionContext } from '../keyring.ts';
import { ivLength, tagLength } from './frame.ts';
import type { ParsedHeader, SerializedHeaderBody } from './header.ts';
import { deriveMessageKeys } from './message-keys.ts';

const empty = new Uint8Array(0);

/** Bytes of a header after its body: the IV (version 1 only) and the tag. */
export function authenticationLength(version: 1 | 2): number {
  return (version === 1 ? ivLength : 0) + tagLength;
}

/**
 * Write the header's IV (version 1 only) and tag behind its body.
 *
 * @see client-apis/encrypt.md#construct-the-header of the AWS Encryption SDK specification
 */
export async function authenticateHeader(
  key: GcmKey,
  { bytes, bodyLength }: SerializedHeaderBody,
  unstoredContext: EncryptionContext,
  version: 1 | 2,
  iv: Uint8Array,
): Promise<void> {
  const aad = headerAad(bytes.subarray(0, bodyLength), unstoredContext);
  if (version === 1) bytes.set(iv, bodyLength);
  const sealing = key.seal(iv, aad, empty, bytes, bodyLength + authenticationLength(version) - tagLength);
  if (sealing !== undefined) await sealing;
}

/**
 * Derive the message's keys and check commitment and header tag with them. Zeroes the data key.
 *
 * @throws {CommitmentMismatchError | AuthenticationError}
 */
export async function verifyHeader(parsed: ParsedHeader, opened: OpenedMessage): Promise<GcmKey> {
  const { header, commitment } = parsed;
  const keys = await deriveMessageKeys(header.suite, opened.materials.plaintextDataKey, header.messageId);
  if (!backend.equal(keys.commitment, commitment)) throw new CommitmentMismatchError();
  const aad = headerAad(parsed.headerBody, opened.unstoredContext);
  if (!(await keys.cipher.open(parsed.iv, aad, parsed.tag, empty, 0))) {
    const unstored = Object.keys(opened.unstoredContext).map((key) => JSON.stringify(key));
    throw new AuthenticationError(
      `the header's tag does not match: the header was changed, or this is not its data key${
        unstored.length > 0
          ? `, or these context entries, which the message does not store, are not what it was written with: ${unstored.join(', ')}`
          : ''
      }`,
      'header',
    );
  }
  return keys.cipher;
}

function headerAad(headerBody: Uint8Array, unstoredContext: EncryptionContext): Uint8Array {
  const unstored = serializeContext(unstoredContext);
  return unstored.length === 0 ? headerBody : concat(headerBody, unstored);
}
