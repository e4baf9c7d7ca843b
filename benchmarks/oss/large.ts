import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStore, StoredPart } from '@yunseal/oss-integration';
import { encrypted, MiB } from './fixtures.ts';
import type { Comparison } from './rounds.ts';
import { compare } from './rounds.ts';

const PART = 8 * MiB;
const CONCURRENCY = 4;

/**
 * Upload and download of one large file, encrypted and plain, both in parts, four in flight, from a file and to one
 * that is written beside its name, synced and renamed.
 */
export async function large(store: ObjectStore, length: number, rounds: number): Promise<Comparison[]> {
  const folder = await mkdtemp(join(tmpdir(), 'oss-bench-'));
  const path = join(folder, 'source');
  await writeFile(path, randomBytes(length));
  const client = encrypted(store);
  const parts = Math.ceil(length / PART);
  try {
    const upload = await compare('upload', length, rounds, {
      plain: () => plainUpload(store, path, length, parts),
      encrypted: () => client.upload('encrypted', { path }, { partSize: PART, concurrency: CONCURRENCY }),
    });
    const download = await compare('download', length, rounds, {
      plain: () => plainDownload(store, join(folder, 'plain'), length, parts),
      encrypted: () =>
        client.download('encrypted', join(folder, 'decrypted'), { partSize: PART, concurrency: CONCURRENCY }),
    });
    return [upload, download];
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Run `work` for each part, `CONCURRENCY` at a time. */
async function sideBySide(parts: number, work: (part: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < parts) await work(next++);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
}

async function plainUpload(store: ObjectStore, path: string, length: number, parts: number): Promise<void> {
  const file = await open(path);
  const uploadId = await store.createMultipartUpload('plain');
  const done: StoredPart[] = [];
  await sideBySide(parts, async (part) => {
    const bytes = Buffer.allocUnsafe(Math.min(PART, length - part * PART));
    await file.read(bytes, 0, bytes.length, part * PART);
    done.push(await store.uploadPart('plain', uploadId, part + 1, bytes));
  });
  await store.completeMultipartUpload('plain', uploadId, done);
  await file.close();
}

async function plainDownload(store: ObjectStore, path: string, length: number, parts: number): Promise<void> {
  const beside = `${path}.part`;
  const file = await open(beside, 'w');
  await sideBySide(parts, async (part) => {
    let position = part * PART;
    const range = { first: position, last: Math.min(position + PART, length) - 1 };
    for await (const chunk of (await store.get('plain', { range })).body) {
      await file.write(chunk, 0, chunk.length, position);
      position += chunk.length;
    }
  });
  await file.sync();
  await file.close();
  await rename(beside, path);
}
