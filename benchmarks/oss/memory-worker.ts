/** One operation on one large object; tells its parent the peak of resident memory above the start. */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encrypted, MiB, openStore, type StoreName } from './fixtures.ts';
import type { MemoryOperation } from './memory.ts';

const [store, endpoint, operation, length] = process.argv.slice(2) as [
  StoreName,
  string,
  MemoryOperation,
  string,
];
const client = encrypted(openStore(store, endpoint));
// What the first use of anything costs is no part of the figure.
await client.put('warm', 'x');
await (await client.get('warm')).bytes();

async function* source() {
  const chunk = Buffer.alloc(MiB, 'content');
  for (let given = 0; given < Number(length); given += chunk.length) yield chunk;
}

const operations: Record<MemoryOperation, () => Promise<void>> = {
  put: async () => void (await client.put('memory', source())),
  async get() {
    const hash = createHash('sha256');
    for await (const chunk of (await client.get('memory')).body) hash.update(chunk);
    hash.digest();
  },
  upload: async () => void (await client.upload('memory', source())),
  async download() {
    const path = join(tmpdir(), `oss-bench-memory-${process.pid}`);
    await client.download('memory', path);
    await rm(path);
  },
};

const start = process.memoryUsage.rss();
let peak = start;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 20);
await operations[operation]();
clearInterval(watch);
process.send?.(peak - start, () => process.disconnect());
