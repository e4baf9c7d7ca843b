import { type FileHandle, open } from 'node:fs/promises';
import { InvalidArgumentError, YunsealError } from '@yunseal/crypto-core';
import { byteTaker } from './frames.ts';

/**
 * What can be stored: bytes; a string (as UTF-8); a Blob; a Node.js or web stream, or any async iterable of bytes; a
 * file by its path.
 */
export type ObjectSource =
  | Uint8Array
  | string
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | { readonly path: string };

/** A source that is open, with what is known of it. */
export interface OpenSource {
  /** Bytes, where known beforehand. */
  readonly length: number | undefined;
  /** Whether `stream` can be called again and `slice` can be used; a stream gives its bytes once. */
  readonly repeatable: boolean;
  stream(): AsyncIterable<Uint8Array>;
  /** As `stream`, in pieces of a length that the caller chooses. */
  reader(): PlaintextReader;
  /** Bytes `start` to `end`, the latter not included. */
  slice(start: number, end: number): Promise<Uint8Array>;
  /** Fails when the source is no longer what it was when it was opened. */
  checkUnchanged(): Promise<void>;
  /** What tells this content from another of the same length, where something does: a file's time of change. */
  readonly version: string | undefined;
  close(): Promise<void>;
}

/** Plaintext on its way to be encrypted. */
export interface PlaintextReader {
  /** Start reading in pieces of `pieceLength` bytes. */
  open(pieceLength: number): PlaintextPieces;
  /** Bytes read so far. */
  readonly length: number;
}

export interface PlaintextPieces {
  /** The next bytes; fewer at the end. They stay as they are until the next but one call: memory is used again. */
  take(length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** The file that is being stored changed meanwhile. */
export class SourceChangedError extends YunsealError {
  constructor(message: string) {
    super('SourceChanged', message);
  }
}

const READ_SIZE = 1024 * 1024;

/** Open a source; the caller closes it. */
export async function openSource(source: ObjectSource): Promise<OpenSource> {
  if (typeof source === 'string') return bytesSource(new TextEncoder().encode(source));
  if (source instanceof Uint8Array) return bytesSource(source);
  if (source instanceof Blob) return blobSource(source);
  if (typeof source === 'object' && source !== null) {
    if (Symbol.asyncIterator in source) return streamSource(source);
    if ('path' in source && typeof source.path === 'string') return fileSource(source.path);
  }
  throw new InvalidArgumentError(
    'the source must be bytes, a string, a Blob, a stream, or { path } of a file',
  );
}

/** Reads any stream. */
function streamReader(stream: () => AsyncIterable<Uint8Array>): PlaintextReader {
  let length = 0;
  return {
    get length() {
      return length;
    },
    open() {
      const source = byteTaker(stream());
      return {
        async take(wanted) {
          const bytes = await source.take(wanted);
          length += bytes.length;
          return bytes;
        },
        close: source.close,
      };
    },
  };
}

function bytesReader(bytes: Uint8Array): PlaintextReader {
  let length = 0;
  return {
    get length() {
      return length;
    },
    open: () => ({
      async take(wanted) {
        const piece = bytes.subarray(length, length + wanted);
        length += piece.length;
        return piece;
      },
      close: async () => undefined,
    }),
  };
}

function bytesSource(bytes: Uint8Array): OpenSource {
  return {
    length: bytes.length,
    repeatable: true,
    async *stream() {
      for (let start = 0; start < bytes.length; start += READ_SIZE)
        yield bytes.subarray(start, start + READ_SIZE);
    },
    reader: () => bytesReader(bytes),
    slice: async (start, end) => bytes.subarray(start, end),
    checkUnchanged: async () => undefined,
    version: undefined,
    close: async () => undefined,
  };
}

function blobSource(blob: Blob): OpenSource {
  return {
    length: blob.size,
    repeatable: true,
    stream: () => blob.stream(),
    reader: () => streamReader(() => blob.stream()),
    slice: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()),
    checkUnchanged: async () => undefined,
    version: undefined,
    close: async () => undefined,
  };
}

function streamSource(source: AsyncIterable<Uint8Array>): OpenSource {
  return {
    length: undefined,
    repeatable: false,
    async *stream() {
      for await (const chunk of source) {
        if (!(chunk instanceof Uint8Array)) {
          throw new InvalidArgumentError('the source stream must give bytes (Uint8Array or Buffer)');
        }
        yield chunk;
      }
    },
    reader() {
      return streamReader(this.stream);
    },
    slice: () => Promise.reject(new InvalidArgumentError('a stream can only be read from start to end')),
    checkUnchanged: async () => undefined,
    version: undefined,
    close: async () => undefined,
  };
}

async function fileSource(path: string): Promise<OpenSource> {
  const file = await open(path, 'r');
  try {
    const { size, mtimeNs } = await identify(file, path);
    const changed = () => new SourceChangedError(`${path} changed while it was being stored`);
    const fill = async (bytes: Uint8Array, start: number) => {
      for (let filled = 0; filled < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) throw changed();
        filled += bytesRead;
      }
      return bytes;
    };
    const slice = (start: number, end: number) => fill(Buffer.allocUnsafe(end - start), start);
    const checkUnchanged = async () => {
      const now = await identify(file, path);
      if (now.size !== size || now.mtimeNs !== mtimeNs) throw changed();
    };
    return {
      length: size,
      repeatable: true,
      async *stream() {
        for (let start = 0; start < size; start += READ_SIZE)
          yield await slice(start, Math.min(start + READ_SIZE, size));
        await checkUnchanged();
      },
      reader: () => fileReader(size, fill, checkUnchanged),
      slice,
      checkUnchanged,
      version: String(mtimeNs),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function identify(file: FileHandle, path: string): Promise<{ size: number; mtimeNs: bigint }> {
  const stats = await file.stat({ bigint: true });
  if (!stats.isFile()) throw new InvalidArgumentError(`${path} is not a file`);
  return { size: Number(stats.size), mtimeNs: stats.mtimeNs };
}

/**
 * Reads a file ahead, into three buffers by turns: one whose bytes may still be in use, one that is being used, one that
 * is being filled. A long file costs no more memory than a short one.
 */
function fileReader(
  size: number,
  fill: (bytes: Uint8Array, start: number) => Promise<Uint8Array>,
  checkUnchanged: () => Promise<void>,
): PlaintextReader {
  let length = 0;
  return {
    get length() {
      return length;
    },
    open(pieceLength) {
      // Whole pieces, so that none lies in two buffers.
      const bufferLength = Math.min(Math.ceil(READ_SIZE / pieceLength) * pieceLength, Math.max(size, 1));
      const buffers: Uint8Array[] = [];
      let reads = 0;
      const readNext = () => {
        const start = reads * bufferLength;
        if (start >= size) return undefined;
        const index = reads++ % 3;
        buffers[index] ??= Buffer.allocUnsafeSlow(bufferLength);
        const reading = fill(buffers[index].subarray(0, Math.min(bufferLength, size - start)), start);
        // It may fail before anybody waits for it.
        reading.catch(() => undefined);
        return reading;
      };
      let ahead = readNext();
      let current: Uint8Array = new Uint8Array(0);
      return {
        async take(wanted) {
          if (current.length === 0 && ahead !== undefined) {
            current = await ahead;
            ahead = readNext();
          }
          const bytes = current.subarray(0, wanted);
          current = current.subarray(bytes.length);
          length += bytes.length;
          if (length === size) await checkUnchanged();
          return bytes;
        },
        // Nobody may close the file while it is being read.
        close: async () => void (await ahead?.catch(() => undefined)),
      };
    },
  };
}
