import type { OssEncryptionClient } from '@yunseal/oss-integration';

/** Longer than any line of the log. */
const WINDOW = 4_096;

/** The whole line after a byte offset: the header and one or two frames are fetched, and verified. */
export async function lineAt(objects: OssEncryptionClient, key: string, offset: number): Promise<string> {
  const range = await objects.getRange(key, { first: offset, last: offset + WINDOW });
  const [, line = ''] = (await range.text()).split('\n');
  return line;
}

/** The last lines. A range that reaches the end takes the final frame with it, which proves that it is the end. */
export async function lastLines(
  objects: OssEncryptionClient,
  key: string,
  count: number,
): Promise<readonly string[]> {
  const range = await objects.getRange(key, { suffix: WINDOW });
  return (await range.text()).trimEnd().split('\n').slice(-count);
}
