import type { MessageHeader } from '../header.ts';
import { detectFormat } from './formats.ts';

/**
 * Read the header of a message, or of the first bytes of one, without any key. Nothing in it is authenticated.
 *
 * @throws {TruncatedMessageError} when the bytes end inside the header; its `needed` says how many to come back with
 * @throws {MalformedMessageError | UnsupportedAlgorithmError}
 */
export function inspectMessage(ciphertext: Uint8Array): MessageHeader {
  return detectFormat(ciphertext).inspect(ciphertext, 0xffff);
}
