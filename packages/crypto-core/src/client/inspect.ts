import { requireBytes } from '../bytes/require-bytes.ts';
import type { MessageHeader } from '../header.ts';
import { detectFormat } from './formats.ts';

/**
 * Read the header of a message, or of the first bytes of one, without any key. Nothing in it is authenticated.
 *
 * @throws {InvalidArgumentError} when it is no Uint8Array
 * @throws {TruncatedMessageError} when the bytes end inside the header; its `needed` says how many to come back with
 * @throws {MalformedMessageError | UnsupportedAlgorithmError}
 */
export function inspectMessage(ciphertext: Uint8Array): MessageHeader {
  const bytes = requireBytes('ciphertext', ciphertext);
  return detectFormat(bytes).inspect(bytes, 0xffff);
}
