import { type FileHandle, open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { inspectMessage, type MessageHeader } from '@yunseal/crypto-core';
import type { ListEntry, ObjectStore, OssEncryptionClient } from '@yunseal/oss-integration';
import { TRANSFER } from './names.ts';
import { progressBar } from './narrator.ts';

const BLOCK = 1024 * 1024;

/** Step 5, first part: as in the source document, the first ten objects of the bucket. */
export async function listTen(bucket: OssEncryptionClient): Promise<ListEntry[]> {
  const entries: ListEntry[] = [];
  for await (const entry of bucket.list()) {
    entries.push(entry);
    if (entries.length === 10) break;
  }
  return entries;
}

/** Step 5, second part: whoever reads the object without the key sees this, and no more. */
export async function inspectStored(store: ObjectStore, key: string): Promise<MessageHeader> {
  const { body } = await store.get(key, { range: { first: 0, last: 4095 } });
  return inspectMessage(await buffer(body));
}

/** Step 5, third part: the file appears under its name only when every frame has been verified. */
export async function readBack(bucket: OssEncryptionClient, key: string, path: string): Promise<void> {
  const { onProgress, done } = progressBar('read, verified and decrypted');
  await bucket.download(key, path, { ...TRANSFER, onProgress });
  done();
}

/** Step 5, fourth part: a range costs the frames that hold it, and each of them is verified as in a whole read. */
export async function readTheEnd(
  bucket: OssEncryptionClient,
  key: string,
  bytes: number,
): Promise<Uint8Array> {
  const range = await bucket.getRange(key, { suffix: bytes });
  return range.bytes();
}

/** The offset of the first byte that differs, or undefined when the files are the same. */
export async function firstDifference(left: string, right: string): Promise<number | undefined> {
  const files = await Promise.all([open(left), open(right)]);
  try {
    return await compare(...files);
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

async function compare(one: FileHandle, other: FileHandle): Promise<number | undefined> {
  // Read into the same two blocks again and again: the files can be larger than the memory.
  const [expected, found] = [Buffer.alloc(BLOCK), Buffer.alloc(BLOCK)];
  for (let offset = 0; ; ) {
    const { bytesRead } = await one.read(expected, 0, BLOCK, offset);
    const { bytesRead: alike } = await other.read(found, 0, Math.max(bytesRead, 1), offset);
    const length = Math.min(bytesRead, alike);
    if (!expected.subarray(0, length).equals(found.subarray(0, length))) {
      return offset + expected.findIndex((byte, i) => byte !== found[i]);
    }
    if (bytesRead !== alike) return offset + length;
    if (bytesRead === 0) return undefined;
    offset += bytesRead;
  }
}
