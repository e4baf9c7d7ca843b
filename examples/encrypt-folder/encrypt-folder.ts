import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { OssEncryptionClient } from '@yunseal/oss-integration';

/** How far the folder is. */
export interface FolderProgress {
  readonly file: string;
  /** Bytes of files that are in the bucket, and of all. */
  readonly done: number;
  readonly total: number;
}

/** Encrypt every file of a folder into a bucket, one after the other, each in parts that are sent side by side. */
export async function encryptFolder(
  objects: OssEncryptionClient,
  folder: string,
  prefix: string,
  onProgress: (progress: FolderProgress) => void,
): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map(async (path) => (await stat(path)).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  for (const [index, path] of files.entries()) {
    const file = relative(folder, path).split(sep).join('/');
    await objects.upload(prefix + file, { path });
    done += sizes[index] ?? 0;
    onProgress({ file, done, total });
  }
  return files.length;
}
