import { type ByteRange, parseByteRange, resolveByteRange } from '../byte-range.ts';
import { type DecryptedRange, startedBody, withBody } from '../decrypted-object.ts';
import { type OpenedObject, openObject } from '../opened-object.ts';
import type { OssSettings, ReadCallOptions } from '../settings.ts';

/**
 * Read and decrypt a range of an object. Of a framed object, the header is fetched, then just the frames that hold the
 * range; each is authenticated before its bytes are given out. A range that reaches the end includes the final frame,
 * which proves where the end is.
 */
export async function getRange(
  settings: OssSettings,
  key: string,
  range: ByteRange,
  options: ReadCallOptions = {},
): Promise<DecryptedRange> {
  const wanted = parseByteRange(range);
  const opened = await openObject(settings, key, options);
  try {
    const resolved = resolveByteRange(wanted, opened.description.length);
    const body = await startedBody(thenClose(opened, opened.read(resolved)));
    const contentRange = `bytes ${resolved.first}-${resolved.last}/${opened.description.length}`;
    return withBody({ ...opened.description, range: resolved, contentRange }, body);
  } catch (error) {
    opened.close();
    throw error;
  }
}

async function* thenClose(opened: OpenedObject, plaintext: AsyncIterable<Uint8Array>) {
  try {
    yield* plaintext;
  } finally {
    opened.close();
  }
}
