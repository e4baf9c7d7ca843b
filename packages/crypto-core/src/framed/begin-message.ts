import type { GcmKey } from '../backend/backend.ts';
import type { WriteSession } from '../format.ts';
import type { FramedHeader } from '../header.ts';
import type { EncryptionContext } from '../keyring.ts';
import { randomMessageId } from '../random.ts';
import { messageVersion, serializeHeaderBody } from './header.ts';
import { authenticateHeader, authenticationLength } from './header-authentication.ts';
import { deriveMessageKeys } from './message-keys.ts';

export interface BegunMessage {
  readonly header: FramedHeader;
  /** The serialized header, and the room that was asked for behind it. */
  readonly bytes: Uint8Array;
  readonly cipher: GcmKey;
}

const zeroIv = new Uint8Array(12);

/**
 * Derive the keys of a new message and write its header. Zeroes the data key.
 *
 * @param room how many bytes `bytes` must have beyond the header; they are not cleared
 */
export async function beginMessage(session: WriteSession, room = 0): Promise<BegunMessage> {
  const { materials, frameLength } = session;
  const { suite, encryptedDataKeys } = materials;
  const version = messageVersion(suite);
  const messageId = randomMessageId(version === 1 ? 16 : 32);
  const { cipher, commitment } = await deriveMessageKeys(suite, materials.plaintextDataKey, messageId);
  const { stored, unstored } = splitContext(materials.encryptionContext, session.requiredContextKeys);
  const authentication = authenticationLength(version);
  const headerBody = serializeHeaderBody(
    { suite, messageId, context: stored, encryptedDataKeys, frameLength, commitment },
    authentication + room,
  );
  await authenticateHeader(cipher, headerBody, unstored, version, zeroIv);
  return {
    header: Object.freeze({
      format: 'framed',
      version,
      suite,
      messageId,
      context: stored,
      encryptedDataKeys,
      contentType: 'framed',
      frameLength,
      headerLength: headerBody.bodyLength + authentication,
    }),
    bytes: headerBody.bytes,
    cipher,
  };
}

const nothing: EncryptionContext = Object.freeze({});

function splitContext(context: EncryptionContext, requiredKeys: readonly string[]) {
  if (requiredKeys.length === 0) return { stored: context, unstored: nothing };
  const required = new Set(requiredKeys);
  const entries = Object.entries(context);
  return {
    stored: Object.fromEntries(entries.filter(([key]) => !required.has(key))),
    unstored: Object.fromEntries(entries.filter(([key]) => required.has(key))),
  };
}
