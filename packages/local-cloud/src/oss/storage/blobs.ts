import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { type FileHandle, link, open, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Checksums, createDigest, type Digest } from '../checksums/digest.ts';
import { createThreadedDigest } from '../checksums/digest-thread.ts';

/** A run of an object's bytes: `size` of them from `offset` in a file of the blob store, or the bytes themselves. */
export type Segment =
  | { readonly file: string; readonly offset: number; readonly size: number }
  | { readonly bytes: Uint8Array; readonly size: number };

export interface Written extends Checksums {
  readonly segments: readonly Segment[];
  readonly size: number;
}

/**
 * Where objects' bytes are. Files are written once and never changed; who no longer needs one discards it. No two
 * records share a file: a copy is a hard link, so that either may be discarded alone.
 */
export interface BlobStore {
  /**
   * Streams `source` to a file of its own, or into memory where that is allowed and there is little of it, and takes its
   * checksums on the way. A chunk of it is not looked at any more once the next is asked for.
   *
   * @param announced how many bytes there will be, where that is known
   */
  write(source: AsyncIterable<Uint8Array>, announced?: number): Promise<Written>;
  /**
   * The bytes `start` to `end`, both included, of the segments put together. A chunk is good until the next is asked
   * for.
   */
  read(segments: readonly Segment[], start: number, end: number): AsyncGenerator<Uint8Array>;
  /** Segments with the same bytes that live on when these are discarded. */
  copy(segments: readonly Segment[], start: number, end: number): Promise<Segment[]>;
  /** Gives up the files, once nobody reads them any more. */
  discard(segments: readonly Segment[]): void;
  /** Removes all files but those named: what a killed process has left behind. For the start only. */
  sweep(named: ReadonlySet<string>): void;
}

/** Up to this many bytes stay in memory, where there is no data directory to keep them in. */
const inMemoryLimit = 64 * 1024;
const blockSize = 512 * 1024;
/**
 * From this size on, an object's checksums are taken on another thread. That costs 40 MB of memory, so parts of the usual
 * sizes and streams of unknown length do without.
 */
const threadedFrom = 64 * 1024 * 1024;
/** Pairs of blocks that are kept for the next writes. */
const maxSpare = 8;

/**
 * @param options.directory made by the first write that needs it
 * @param options.durable keep everything in files: records will outlive the process
 * @param options.snapshots how many snapshots of the records have been taken so far. Files that are older than the last
 * one stay when they are discarded, for it may name them.
 */
export function createBlobStore(options: {
  directory: () => string;
  durable: boolean;
  snapshots: () => number;
}): BlobStore {
  const { directory, durable, snapshots } = options;
  const readers = new Map<string, number>();
  const doomed = new Set<string>();
  /** How many snapshots there were when a file was made. */
  const made = new Map<string, number>();
  const create = () => {
    const file = randomUUID();
    made.set(file, snapshots());
    return file;
  };
  /** Blocks are used again: shared memory is slow to be collected. */
  const spare: BlockPair[] = [];
  const borrowBlocks = (): BlockPair => spare.pop() ?? [sharedBlock(), sharedBlock()];
  const giveBack = (pair: BlockPair) => {
    if (spare.length < maxSpare) spare.push(pair);
  };
  const isInSnapshot = (file: string) => made.get(file) !== snapshots();
  let folder: string | undefined;
  const path = (file: string) => {
    folder ??= directory();
    return join(folder, file);
  };

  const remove = (file: string) => {
    made.delete(file);
    rm(path(file), { force: true }).catch(() => {
      // What cannot be removed now is swept at the next start.
    });
  };

  const release = (file: string) => {
    const left = (readers.get(file) ?? 1) - 1;
    if (left > 0) readers.set(file, left);
    else {
      readers.delete(file);
      if (doomed.delete(file)) remove(file);
    }
  };

  return {
    async write(source, announced = 0) {
      const iterator = source[Symbol.asyncIterator]();
      const beginning: Uint8Array[] = [];
      let gathered = 0;
      let result = await iterator.next();
      while (result.done !== true) {
        // The source may use the chunk's memory again.
        beginning.push(Uint8Array.from(result.value));
        gathered += result.value.length;
        if (gathered > inMemoryLimit) break;
        result = await iterator.next();
      }
      const bytes = Buffer.concat(beginning, gathered);
      if (result.done === true && (!durable || gathered === 0)) {
        const digest = await createDigest();
        await digest.update(bytes);
        const segments = gathered === 0 ? [] : [{ bytes, size: gathered }];
        return { segments, size: gathered, ...(await digest.finish()) };
      }
      const file = create();
      const threaded = announced >= threadedFrom && availableParallelism() > 1;
      const digest = threaded ? createThreadedDigest() : await createDigest();
      const pair = borrowBlocks();
      try {
        const size = await writeFile(path(file), blocks(bytes, iterator, pair), digest);
        return { segments: [{ file, offset: 0, size }], size, ...(await digest.finish()) };
      } catch (error) {
        digest.abandon();
        remove(file);
        throw error;
      } finally {
        giveBack(pair);
      }
    },

    async *read(segments, start, end) {
      const slices = slice(segments, start, end);
      const files = slices.flatMap((segment) => ('file' in segment ? [segment.file] : []));
      for (const file of files) readers.set(file, (readers.get(file) ?? 0) + 1);
      const pair = borrowBlocks();
      try {
        for (const segment of slices) {
          if ('bytes' in segment) yield segment.bytes;
          else yield* readFile(path(segment.file), segment.offset, segment.size, pair);
        }
      } finally {
        giveBack(pair);
        files.forEach(release);
      }
    },

    async copy(segments, start, end) {
      const copies: Segment[] = [];
      for (const segment of slice(segments, start, end)) {
        if ('bytes' in segment) copies.push(segment);
        else {
          const file = create();
          await link(path(segment.file), path(file));
          copies.push({ ...segment, file });
        }
      }
      return copies;
    },

    discard(segments) {
      for (const segment of segments) {
        if (!('file' in segment) || isInSnapshot(segment.file)) continue;
        const { file } = segment;
        // Who has just been told of the object is about to read it.
        setImmediate(() => {
          if (readers.has(file)) doomed.add(file);
          else remove(file);
        });
      }
    },

    sweep(named) {
      for (const file of readdirSync(directory())) {
        if (!named.has(file)) rmSync(path(file), { force: true, recursive: true });
      }
    },
  };
}

/** Writes and digests a block while the next one is filled. @returns the bytes written */
async function writeFile(path: string, source: AsyncIterable<Buffer>, digest: Digest): Promise<number> {
  const handle = await open(path, 'wx', 0o600);
  try {
    let size = 0;
    let underWay: Promise<unknown> = Promise.resolve();
    for await (const block of source) {
      await underWay;
      underWay = Promise.all([writeBlock(handle, block, size), digest.update(block)]);
      // It is awaited before the next one is begun; until then a failure must not count as unhandled.
      underWay.catch(() => {});
      size += block.length;
    }
    await underWay;
    return size;
  } finally {
    await handle.close();
  }
}

async function writeBlock(handle: FileHandle, block: Buffer, position: number): Promise<void> {
  for (let done = 0; done < block.length; ) {
    done += (await handle.write(block, done, block.length - done, position + done)).bytesWritten;
  }
}

/**
 * Fills two buffers in turn: a block is good until the next but one is asked for. Copying costs less than the garbage
 * that comes of holding the network's small chunks until a write has taken them.
 */
async function* blocks(
  beginning: Buffer,
  rest: AsyncIterator<Uint8Array>,
  pair: BlockPair,
): AsyncGenerator<Buffer> {
  let result = await rest.next();
  if (result.done === true) {
    yield beginning;
    return;
  }
  let [filling, other] = pair;
  let used = 0;
  for (let chunk: Uint8Array = beginning; ; chunk = result.value) {
    for (let taken = 0; taken < chunk.length; ) {
      const piece = chunk.subarray(taken, taken + blockSize - used);
      filling.set(piece, used);
      taken += piece.length;
      used += piece.length;
      if (used < blockSize) break;
      yield filling;
      [filling, other] = [other, filling];
      used = 0;
    }
    if (chunk !== beginning) result = await rest.next();
    if (result.done === true) break;
  }
  if (used > 0) yield filling.subarray(0, used);
}

type BlockPair = readonly [Buffer, Buffer];

/** Memory that another thread can read. */
function sharedBlock(): Buffer {
  return Buffer.from(new SharedArrayBuffer(blockSize));
}

/** The segments' parts that hold the bytes `start` to `end` of them all. */
function slice(segments: readonly Segment[], start: number, end: number): Segment[] {
  const slices: Segment[] = [];
  let base = 0;
  for (const segment of segments) {
    const from = Math.max(start - base, 0);
    const to = Math.min(end + 1 - base, segment.size);
    base += segment.size;
    if (from >= to) continue;
    const size = to - from;
    if ('file' in segment) slices.push({ file: segment.file, offset: segment.offset + from, size });
    else
      slices.push({ bytes: size === segment.size ? segment.bytes : segment.bytes.subarray(from, to), size });
  }
  return slices;
}

/** Reads a block while the one before is looked at. */
async function* readFile(
  path: string,
  offset: number,
  size: number,
  pair: BlockPair,
): AsyncGenerator<Buffer> {
  const handle = await open(path, 'r');
  try {
    const end = offset + size;
    let position = offset;
    let [block, other] = pair;
    let reading = readBlock(handle, block.subarray(0, end - position), position);
    while (position < end) {
      const bytes = await reading;
      position += bytes.length;
      if (position < end) {
        [block, other] = [other, block];
        reading = readBlock(handle, block.subarray(0, end - position), position);
        // It is awaited in the next turn, if there is one.
        reading.catch(() => {});
      }
      yield bytes;
    }
  } finally {
    await handle.close();
  }
}

/** Fills the block from the file. */
async function readBlock(handle: FileHandle, block: Buffer, position: number): Promise<Buffer> {
  for (let done = 0; done < block.length; ) {
    const { bytesRead } = await handle.read(block, done, block.length - done, position + done);
    if (bytesRead === 0) throw new Error('a file of the blob store is shorter than its object');
    done += bytesRead;
  }
  return block;
}
