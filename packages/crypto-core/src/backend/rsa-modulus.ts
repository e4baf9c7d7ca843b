import { InvalidArgumentError } from '../errors.ts';
import type { RsaPadding } from './backend.ts';

const hashLengths = { 'oaep-sha1': 20, 'oaep-sha256': 32, 'oaep-sha384': 48, 'oaep-sha512': 64 } as const;
/** Length of the longest data key of any suite, in bytes. */
const longestDataKey = 32;

/**
 * Whether a data key fits under the padding (RFC 8017, sections 7.1.1 and 7.2.1): found out when the keyring is made, not
 * when the first message is written.
 *
 * @param bits length of the modulus
 * @throws {InvalidArgumentError} when it does not fit
 */
export function checkModulus(
  kind: 'public' | 'private',
  bits: number | undefined,
  padding: RsaPadding,
): void {
  if (bits === undefined) return;
  const overhead = padding === 'pkcs1' ? 11 : 2 * hashLengths[padding] + 2;
  const least = (longestDataKey + overhead) * 8;
  if (bits >= least) return;
  throw new InvalidArgumentError(
    `the RSA ${kind} key has ${bits} bits; a data key under ${padding} padding needs ${least} or more`,
  );
}
