import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './side-by-side.ts';
import type { StreamReport, StreamRun } from './stream-worker.ts';

export interface StreamResult {
  readonly work: string;
  /** Bytes per second, the median of the rounds. */
  readonly bytesPerSecond: Readonly<Record<string, number>>;
  /** How many times as fast as each other contestant: the median of the rounds' ratios. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Resident memory at its highest, above what it was before the stream started, in bytes: the highest of the rounds. */
  readonly extraResident: Readonly<Record<string, number>>;
  readonly goals: Readonly<Record<string, number>>;
}

/** File to file, each contestant in a process of its own so that memory is its own too. */
export async function streams(bytes: number, rounds: number): Promise<StreamResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'yunseal-bench-'));
  const path = (name: string) => join(folder, name);
  try {
    await writeRandomFile(path('plain'), bytes);
    const results: StreamResult[] = [];
    for (const direction of ['encrypt', 'decrypt'] as const) {
      const contestants = ['yunseal', 'peer', 'peer64', 'bare'] as const;
      const reports: Record<string, StreamReport[]> = { yunseal: [], peer: [], peer64: [], bare: [] };
      for (let round = 0; round < rounds; round += 1) {
        for (const contestant of contestants) {
          const [input, output] =
            direction === 'encrypt' ? ['plain', `sealed-${contestant}`] : [`sealed-${contestant}`, 'opened'];
          const run: StreamRun = { contestant, direction, input: path(input), output: path(output) };
          reports[contestant]!.push(await runInProcess(run));
        }
      }
      const speeds = (name: string) =>
        reports[name]!.map(({ milliseconds }) => (bytes / milliseconds) * 1000);
      const ratio = (name: string) =>
        median(speeds('yunseal').map((speed, round) => speed / speeds(name)[round]!));
      results.push({
        work: `${(bytes / 2 ** 30).toFixed(2)} GiB, file to file, ${direction}`,
        bytesPerSecond: Object.fromEntries(contestants.map((name) => [name, median(speeds(name))])),
        ratios: { peer: ratio('peer'), peer64: ratio('peer64'), bare: ratio('bare') },
        extraResident: Object.fromEntries(
          contestants.map((name) => [
            name,
            Math.max(...reports[name]!.map(({ extraResident }) => extraResident)),
          ]),
        ),
        goals: { peer: 8, bare: 0.6, extraResident: 64 * 2 ** 20 },
      });
    }
    return results;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function runInProcess(run: StreamRun): Promise<StreamReport> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('stream-worker.ts', import.meta.url)), [JSON.stringify(run)]);
    child.once('message', (report) => resolve(report as StreamReport));
    child.once('exit', (code) => reject(new Error(`${run.contestant} ended with exit code ${code}`)));
  });
}

async function writeRandomFile(path: string, bytes: number): Promise<void> {
  const block = randomBytes(1 << 20);
  const file = createWriteStream(path);
  for (let written = 0; written < bytes; written += block.length) {
    block.writeBigUInt64BE(BigInt(written));
    const free = file.write(Buffer.from(block.subarray(0, Math.min(block.length, bytes - written))));
    if (!free) await new Promise<void>((resolve) => file.once('drain', () => resolve()));
  }
  await new Promise<void>((resolve, reject) =>
    file.end((error?: Error | null) => (error ? reject(error) : resolve())),
  );
}
