/** One contestant, one direction, one file: the child process of stream.ts. */
import { createCipheriv } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface StreamRun {
  /** `peer` with its default frame length of 4 KiB, `peer64` with the same 64 KiB frames as ours. */
  readonly contestant: 'yunseal' | 'peer' | 'peer64' | 'bare';
  readonly direction: 'encrypt' | 'decrypt';
  readonly input: string;
  readonly output: string;
}

export interface StreamReport {
  readonly milliseconds: number;
  readonly extraResident: number;
}

const key = new Uint8Array(32).fill(7);
const context = { purpose: 'benchmark' };

async function transformFor({ contestant, direction }: StreamRun): Promise<Duplex> {
  if (contestant === 'bare') {
    // In both directions: GCM's work is the same, and decrypting would need a tag to end well.
    return createCipheriv('aes-256-gcm', key, new Uint8Array(12));
  }
  if (contestant === 'yunseal') {
    const { createEncryptionClient, rawAesKeyring } = await import('@yunseal/crypto-core');
    const client = createEncryptionClient({
      keyring: rawAesKeyring({ namespace: 'bench', name: 'key', key }),
    });
    const stream = direction === 'encrypt' ? client.encryptStream({ context }) : client.decryptStream();
    // pipeline() takes web streams; the declarations of Node.js 24 do not say so.
    return stream as unknown as Duplex;
  }
  const { peer } = await import('./peer.ts');
  const other = peer(key, context, contestant === 'peer64' ? 65_536 : undefined);
  return direction === 'encrypt' ? other.encryptStream() : other.decryptStream();
}

const run = JSON.parse(process.argv[2]!) as StreamRun;
const transform = await transformFor(run);
const before = process.memoryUsage().rss;
let highest = before;
const sampling = setInterval(() => {
  highest = Math.max(highest, process.memoryUsage.rss());
}, 5);
const start = performance.now();
await pipeline(createReadStream(run.input), transform, createWriteStream(run.output));
const milliseconds = performance.now() - start;
clearInterval(sampling);
const report: StreamReport = { milliseconds, extraResident: highest - before };
process.send!(report, () => process.disconnect());
