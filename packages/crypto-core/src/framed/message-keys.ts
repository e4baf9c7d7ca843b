import { backend } from '#backend';
import type { GcmKey } from '../backend/backend.ts';
import { concat } from '../bytes/concat.ts';
import type { AlgorithmSuite, HashName } from '../suites/suite.ts';
import { encodeUtf8 } from '../text.ts';

const hashLengths: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 };
const deriveKeyLabel = encodeUtf8('DERIVEKEY');
const commitKeyLabel = encodeUtf8('COMMITKEY');

export interface MessageKeys {
  /** Encrypts the frames and authenticates the header. */
  readonly cipher: GcmKey;
  /** What the header must say for this data key; empty for a suite that does not commit. */
  readonly commitment: Uint8Array;
}

/**
 * The keys of one message. The data key is zeroed before this resolves, whether it succeeds or not.
 *
 * @see framework/transitive-requirements.md#hkdf-encryption-key of the AWS Encryption SDK specification
 */
export async function deriveMessageKeys(
  suite: AlgorithmSuite,
  dataKey: Uint8Array,
  messageId: Uint8Array,
): Promise<MessageKeys> {
  const derived: Uint8Array[] = [];
  try {
    if (suite.kdfHash === undefined) {
      return { cipher: await backend.gcmKey(dataKey), commitment: new Uint8Array(0) };
    }
    const id = Uint8Array.of(suite.id >> 8, suite.id & 0xff);
    if (suite.commitmentLength === 0) {
      const salt = new Uint8Array(hashLengths[suite.kdfHash]);
      derived.push(
        ...(await backend.hkdf(suite.kdfHash, dataKey, salt, [concat(id, messageId)], suite.dataKeyLength)),
      );
      return { cipher: await backend.gcmKey(derived[0]!), commitment: new Uint8Array(0) };
    }
    const infos = [concat(id, deriveKeyLabel), commitKeyLabel];
    derived.push(...(await backend.hkdf(suite.kdfHash, dataKey, messageId, infos, suite.commitmentLength)));
    return { cipher: await backend.gcmKey(derived[0]!), commitment: derived[1]! };
  } finally {
    dataKey.fill(0);
    derived[0]?.fill(0);
  }
}
