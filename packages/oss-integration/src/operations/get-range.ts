import { type ByteRange, parseByteRange, resolveByteRange } from '../byte-range.ts';
import { type DecryptedRange, startedBody, withBody } from '../decrypted-object.ts';
import { RangeNotSatisfiableError } from '../errors.ts';
import { type OpenedObject, openObject } from '../opened-object.ts';
import type { OssSettings, ReadCallOptions } from '../settings.ts';
import type { ClosedRange } from '../store/object-store.ts';

/**
 * Read and decrypt a range of an object. Of a framed object, the header is fetched, then just the frames that hold the
 * range, and beside them the final frame, which proves where the end is: each is authenticated before its bytes, or
 * the object's length, are given out.
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
    const { length } = opened.description;
    const resolved = await resolveVerified(opened, wanted);
    const body = await startVerified(opened, resolved);
    const contentRange = `bytes ${resolved.first}-${resolved.last}/${length}`;
    return withBody({ ...opened.description, range: resolved, contentRange }, body);
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** An object that was cut short must not pass for one that ends before the range. */
async function resolveVerified(
  opened: OpenedObject,
  wanted: Exclude<ByteRange, string>,
): Promise<ClosedRange> {
  try {
    return resolveByteRange(wanted, opened.description.length);
  } catch (error) {
    if (error instanceof RangeNotSatisfiableError) await opened.verifyLength();
    throw error;
  }
}

async function startVerified(opened: OpenedObject, range: ClosedRange): Promise<AsyncGenerator<Uint8Array>> {
  const plaintext = thenClose(opened, opened.read(range));
  const [body, length] = await Promise.allSettled([
    startedBody(plaintext),
    range.first >= opened.lengthProvedFrom ? undefined : opened.verifyLength(),
  ]);
  if (body.status === 'rejected') throw body.reason;
  if (length.status === 'fulfilled') return body.value;
  await plaintext.return(undefined);
  throw length.reason;
}

async function* thenClose(opened: OpenedObject, plaintext: AsyncIterable<Uint8Array>) {
  try {
    yield* plaintext;
  } finally {
    opened.close();
  }
}
