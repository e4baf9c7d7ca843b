import { type FileHandle, open } from 'node:fs/promises';
import { InvalidArgumentError, YunsealError } from '@yunseal/crypto-core';

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
  /** Bytes `start` to `end`, the latter not included. */
  slice(start: number, end: number): Promise<Uint8Array>;
  /** Fails when the source is no longer what it was when it was opened. */
  checkUnchanged(): Promise<void>;
  /** What tells this content from another of the same length, where something does: a file's time of change. */
  readonly version: string | undefined;
  close(): Promise<void>;
}

/** The file that is being stored changed meanwhile. */
export class SourceChangedError extends YunsealError {
  constructor(message: string) {
    super('SourceChanged', message);
  }
}

const READ_SIZE = 256 * 1024;

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

function bytesSource(bytes: Uint8Array): OpenSource {
  return {
    length: bytes.length,
    repeatable: true,
    async *stream() {
      for (let start = 0; start < bytes.length; start += READ_SIZE)
        yield bytes.subarray(start, start + READ_SIZE);
    },
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
    const slice = async (start: number, end: number) => {
      const bytes = Buffer.allocUnsafe(end - start);
      for (let filled = 0; filled < bytes.length; ) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) throw changed();
        filled += bytesRead;
      }
      return bytes;
    };
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
