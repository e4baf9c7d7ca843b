import { backend } from '#backend';
import type { GcmKey } from '../backend/backend.ts';
import { concat } from '../bytes/concat.ts';
import { framedSuites } from '../suites/framed.ts';
import type { AlgorithmSuite, HashName } from '../suites/suite.ts';
import { encodeUtf8 } from '../text.ts';

const hashLengths: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 };
const deriveKeyLabel = encodeUtf8('DERIVEKEY');
const none: Uint8Array = new Uint8Array(0);
const commitKeyLabel = encodeUtf8('COMMITKEY');

export interface MessageKeys {
  /** Encrypts the frames and authenticates the header. */
  readonly cipher: GcmKey;
  /** What the header must say for this data key; empty for a suite that does not commit. */
  readonly commitment: Uint8Array;
}

/** The infos of HKDF for encryption key and commitment, of a suite that commits. */
const committingInfos = new Map<number, readonly Uint8Array[]>(
  Object.values(framedSuites)
    .filter(({ commitmentLength }) => commitmentLength > 0)
    .map(({ id }) => [id, [concat(idBytes(id), deriveKeyLabel), commitKeyLabel]]),
);

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
  let encryptionKey = dataKey;
  let commitment = none;
  try {
    if (suite.kdfHash !== undefined) {
      const infos = committingInfos.get(suite.id);
      const deriving =
        infos === undefined
          ? backend.hkdf(
              suite.kdfHash,
              dataKey,
              new Uint8Array(hashLengths[suite.kdfHash]),
              [concat(idBytes(suite.id), messageId)],
              suite.dataKeyLength,
            )
          : backend.hkdf(suite.kdfHash, dataKey, messageId, infos, suite.commitmentLength);
      const derived = deriving instanceof Promise ? await deriving : deriving;
      encryptionKey = derived[0]!;
      commitment = derived[1] ?? none;
    }
    const cipher = backend.gcmKey(encryptionKey);
    return { cipher: cipher instanceof Promise ? await cipher : cipher, commitment };
  } finally {
    dataKey.fill(0);
    encryptionKey.fill(0);
  }
}

function idBytes(id: number): Uint8Array {
  return Uint8Array.of(id >> 8, id & 0xff);
}
