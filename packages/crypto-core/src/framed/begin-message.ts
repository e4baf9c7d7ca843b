import type { GcmKey } from '../backend/backend.ts';
import { concat } from '../bytes/concat.ts';
import type { WriteSession } from '../format.ts';
import type { FramedHeader } from '../header.ts';
import { randomBytes } from '../random.ts';
import { messageVersion, serializeHeaderBody } from './header.ts';
import { authenticateHeader } from './header-authentication.ts';
import { deriveMessageKeys } from './message-keys.ts';

export interface BegunMessage {
  readonly header: FramedHeader;
  /** The whole serialized header. */
  readonly headerBytes: Uint8Array;
  readonly cipher: GcmKey;
}

const zeroIv = new Uint8Array(12);

/** Derive the keys of a new message and write its header. Zeroes the data key. */
export async function beginMessage(session: WriteSession): Promise<BegunMessage> {
  const { materials, frameLength } = session;
  const { suite, encryptedDataKeys } = materials;
  const version = messageVersion(suite);
  const messageId = randomBytes(version === 1 ? 16 : 32);
  const { cipher, commitment } = await deriveMessageKeys(suite, materials.plaintextDataKey, messageId);
  const required = new Set(session.requiredContextKeys);
  const entries = Object.entries(materials.encryptionContext);
  const context = Object.freeze(Object.fromEntries(entries.filter(([key]) => !required.has(key))));
  const unstored = Object.fromEntries(entries.filter(([key]) => required.has(key)));
  const headerBody = serializeHeaderBody({
    suite,
    messageId,
    context,
    encryptedDataKeys,
    frameLength,
    commitment,
  });
  const headerBytes = concat(
    headerBody,
    await authenticateHeader(cipher, headerBody, unstored, version, zeroIv),
  );
  return {
    header: Object.freeze({
      format: 'framed',
      version,
      suite,
      messageId,
      context,
      encryptedDataKeys: Object.freeze([...encryptedDataKeys]),
      contentType: 'framed',
      frameLength,
      headerLength: headerBytes.length,
    }),
    headerBytes,
    cipher,
  };
}
