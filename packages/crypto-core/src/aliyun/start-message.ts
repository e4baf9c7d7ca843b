import type { BodyKey } from '../backend/body-key.ts';
import { UnsupportedOperationError } from '../errors.ts';
import type { WriteSession } from '../format.ts';
import { randomBytes } from '../random.ts';
import { headerIvLength, type TaggedHeader } from './header.ts';
import { importDataKey, tagHeader } from './header-tag.ts';

export interface StartedMessage {
  readonly header: TaggedHeader;
  readonly key: BodyKey;
  /** The body's initialization vector, drawn apart from the header's. */
  readonly iv: Uint8Array;
}

/** Take over the data key of a new message and tag its header. Zeroes the data key. */
export async function startMessage({
  materials,
  requiredContextKeys,
}: WriteSession): Promise<StartedMessage> {
  const { suite, encryptedDataKeys, encryptionContext } = materials;
  const key = await importDataKey(suite, materials.plaintextDataKey);
  if (requiredContextKeys.length > 0) {
    throw new UnsupportedOperationError(
      'requiredContextKeys: the aliyun format stores every context entry that it authenticates; use the framed format',
    );
  }
  const fields = {
    suite,
    encryptedDataKeys: Object.freeze([...encryptedDataKeys]),
    context: encryptionContext,
  };
  // Two IVs from one call of the CSPRNG, whose cost is per call.
  const random = randomBytes(headerIvLength + suite.ivLength);
  const header = await tagHeader(fields, key, random.subarray(0, headerIvLength));
  return { header, key, iv: random.subarray(headerIvLength) };
}
