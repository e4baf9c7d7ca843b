import type { BodyKey } from '../backend/body-key.ts';
import type { OpenedMessage, ReadSession } from '../format.ts';
import type { AliyunHeader } from '../header.ts';
import { importDataKey, verifyHeader } from './header-tag.ts';
import type { HeaderPlace } from './places.ts';
import { publicHeader } from './public-header.ts';

export interface AuthenticatedStart {
  readonly header: AliyunHeader;
  readonly opened: OpenedMessage;
  readonly key: BodyKey;
}

/** Obtain the data key of a message whose header was read, and check the header's tag with it. Zeroes the data key. */
export async function openMessage(
  { header, encoding, headerEnd }: HeaderPlace,
  session: ReadSession,
): Promise<AuthenticatedStart> {
  const shown = publicHeader(header, encoding, headerEnd);
  const opened = await session.open(shown);
  const key = await importDataKey(header.suite, opened.materials.plaintextDataKey);
  await verifyHeader(header, key);
  session.onHeader?.(shown);
  return { header: shown, opened, key };
}
