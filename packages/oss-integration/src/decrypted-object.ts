import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { EncryptionContext } from '@yunseal/crypto-core';
import { PlaintextTakenError } from './errors.ts';
import { ownContext } from './identity.ts';
import { type LayoutName, ownMetadata } from './layouts/layout.ts';
import type { ClosedRange, StoredObject } from './store/object-store.ts';

/** What is known of an object that is being read. */
export interface ObjectDescription {
  readonly key: string;
  /** `undefined` for an object that is not encrypted, which only `allowUnencrypted` lets through. */
  readonly layout: LayoutName | undefined;
  /** Whether the bytes are authenticated before they are given out. */
  readonly authenticated: boolean;
  /** Plaintext bytes of the whole object, where its size tells. */
  readonly length: number | undefined;
  readonly etag: string;
  /** The caller's encryption context, authenticated; empty for layouts that have none. */
  readonly context: EncryptionContext;
  /** The caller's user metadata, without what the layout keeps there. Not authenticated. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string | undefined;
  readonly lastModified: Date | undefined;
  readonly versionId: string | undefined;
}

/**
 * A decrypted object. Its plaintext can be taken once, in one of four ways; who tries to take it again gets a
 * `PlaintextTakenError`.
 */
export interface DecryptedObject extends ObjectDescription {
  /**
   * Each piece appears when it has been authenticated. A stream that errors was not a whole, unchanged object: discard
   * what came before.
   */
  readonly body: ReadableStream<Uint8Array>;
  bytes(): Promise<Uint8Array>;
  /** The plaintext as UTF-8; fails on bytes that are none. */
  text(): Promise<string>;
  /** Write a file. It appears under its name only when it is whole and verified; until then it has a name beside it. */
  saveTo(path: string): Promise<void>;
}

/** A decrypted range of an object. */
export interface DecryptedRange extends DecryptedObject {
  /** The bytes that `body` gives, both included, counted in the plaintext. */
  readonly range: ClosedRange;
  readonly length: number;
  /** For an HTTP answer with status 206: `bytes 0-99/1234`. */
  readonly contentRange: string;
}

/** What the store knows of an object, together with what its layout told. */
export function describeObject<L extends number | undefined>(
  object: StoredObject,
  layout: LayoutName | undefined,
  known: { authenticated: boolean; length: L; context: EncryptionContext },
): ObjectDescription & { readonly length: L } {
  return {
    key: object.key,
    layout,
    authenticated: known.authenticated,
    length: known.length,
    etag: object.etag,
    context: ownContext(known.context),
    metadata: ownMetadata(object.metadata, layout),
    contentType: object.contentType,
    lastModified: object.lastModified,
    versionId: object.versionId,
  };
}

/** Wait for the first piece, so that whatever is wrong with key or header is known before an object is handed out. */
export async function startedBody(plaintext: AsyncIterable<Uint8Array>): Promise<AsyncGenerator<Uint8Array>> {
  const iterator = plaintext[Symbol.asyncIterator]();
  const first = await iterator.next();
  async function* started(): AsyncGenerator<Uint8Array> {
    try {
      for (let step = first; step.done !== true; step = await iterator.next()) yield step.value;
    } finally {
      await iterator.return?.();
    }
  }
  return started();
}

/** Add the ways to take the plaintext. */
export function withBody<D extends object>(
  description: D,
  plaintext: AsyncIterable<Uint8Array>,
): D & Pick<DecryptedObject, 'body' | 'bytes' | 'text' | 'saveTo'> {
  let body: ReadableStream<Uint8Array> | undefined;
  let taken = false;
  // Half of it, or nothing at all, must not pass for the object. Only who asks for a web stream pays for one.
  const take = () => {
    if (taken || (body !== undefined && (body.locked || isDisturbed(body)))) throw new PlaintextTakenError();
    taken = true;
    return body ?? plaintext;
  };
  const bytes = async () => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of take()) chunks.push(chunk);
    const [only] = chunks;
    return chunks.length === 1 && only !== undefined ? plain(only) : plain(Buffer.concat(chunks));
  };
  return {
    ...description,
    get body() {
      if (taken) throw new PlaintextTakenError();
      body ??= ReadableStream.from(plaintext) as ReadableStream<Uint8Array>;
      return body;
    },
    bytes,
    text: async () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await bytes()),
    saveTo: async (path) => saveWhole(take(), path),
  };
}

/** Whether anything was read from a stream. Node.js tells of web streams too; its declarations do not say so. */
function isDisturbed(stream: ReadableStream): boolean {
  return Readable.isDisturbed(stream as unknown as NodeJS.ReadableStream);
}

/** A Uint8Array and no Buffer, over the same bytes. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Write a file beside its final name, and give it that name once all of it is on the disk. */
export async function saveWhole(content: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${randomUUID()}.part`);
  const file = await open(beside, 'wx', 0o600);
  try {
    try {
      for await (const chunk of content) await file.writeFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
