import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backend } from '#backend';
import {
  AuthenticationError,
  InvalidArgumentError,
  LimitExceededError,
  MalformedMessageError,
  SignatureInvalidError,
  TruncatedMessageError,
  UnsupportedAlgorithmError,
  UnsupportedOperationError,
  YunsealError,
} from '../errors.ts';
import type { MessageHeader } from '../header.ts';
import { allFramedSuites, rememberingKeyring, testKeyring } from '../test-support/keyrings.ts';
import { streamThrough } from '../test-support/streams.ts';
import { createEncryptionClient } from './client.ts';

const client = createEncryptionClient(
  { keyring: testKeyring() },
  { commitmentPolicy: 'allow', frameLength: 10 },
);
const suitesInStreams = allFramedSuites.filter((suite) => backend.incrementalSignatures || !suite.signature);
const text = new TextEncoder().encode('a text of several frames, the last one short');

/** Read a stream until it ends or fails. */
async function readAll(readable: ReadableStream<Uint8Array>): Promise<{ bytes: Uint8Array; error: unknown }> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of readable) chunks.push(chunk);
    return { bytes: Buffer.concat(chunks), error: undefined };
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error };
  }
}

function source(...chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const next = chunks.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
  });
}

describe('chunk boundaries do not matter', () => {
  test('encrypting and decrypting, cut at random', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...suitesInStreams),
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 1, max: 64 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        async (suite, plaintext, frameLength, randomCuts) => {
          const cuts = (length: number) => randomCuts.map((cut) => cut % (length + 1)).sort((a, b) => a - b);
          const options = { suite, frameLength, context: { a: 'b' } };
          const message = await streamThrough(
            client.encryptStream(options),
            plaintext,
            cuts(plaintext.length),
          );
          expect([...(await client.decrypt(message)).plaintext]).toEqual([...plaintext]);
          const read = await streamThrough(client.decryptStream(), message, cuts(message.length));
          expect([...read]).toEqual([...plaintext]);
        },
      ),
      { numRuns: backend.name === 'node' ? 150 : 40 },
    );
  });

  test.each(suitesInStreams.map((suite) => [suite.name, suite] as const))(
    '%s, cut in two at every byte and into single bytes',
    async (_, suite) => {
      const { ciphertext } = await client.encrypt(text, { suite });
      const step = backend.name === 'node' ? 1 : 11;
      for (let at = 0; at <= ciphertext.length; at += step) {
        const read = await streamThrough(client.decryptStream(), ciphertext, [at]);
        expect(Buffer.compare(read, text), `cut at ${at}`).toBe(0);
      }
      expect(Buffer.compare(await streamThrough(client.decryptStream(), ciphertext, 1), text)).toBe(0);
      const written = await streamThrough(client.encryptStream({ suite }), text, 1);
      expect(Buffer.compare((await client.decrypt(written)).plaintext, text)).toBe(0);
    },
  );

  test('a long header in single bytes does not take quadratic time', async () => {
    const context = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`key ${index}`, 'value']));
    const { ciphertext } = await client.encrypt(text, { context });
    expect(Buffer.compare(await streamThrough(client.decryptStream({ context }), ciphertext, 1), text)).toBe(
      0,
    );
  });

  test('an empty message, and empty chunks', async () => {
    const empty = new Uint8Array(0);
    const { bytes } = await readAll(source(empty, empty).pipeThrough(client.encryptStream()));
    expect((await client.decrypt(bytes)).plaintext).toEqual(empty);
    const { bytes: read, error } = await readAll(
      source(empty, bytes, empty).pipeThrough(client.decryptStream()),
    );
    expect(error).toBeUndefined();
    expect(read.length).toBe(0);
  });

  test('a chunk may be reused once it was written', async () => {
    const transform = client.encryptStream();
    const output = new Response(transform.readable).bytes();
    const writer = transform.writable.getWriter();
    const chunk = new Uint8Array(7);
    for (let round = 1; round <= 5; round += 1) {
      chunk.fill(round);
      await writer.write(chunk);
      chunk.fill(0xff);
    }
    await writer.close();
    const { plaintext } = await client.decrypt(await output);
    expect([...plaintext]).toEqual(
      [1, 2, 3, 4, 5].flatMap((round) => Array.from({ length: 7 }, () => round)),
    );
  });

  test('both bodies a stream can hold: what one way writes, the other way reads the same', async () => {
    const message = await streamThrough(client.encryptStream({ context: { a: 'b' } }), text, 13);
    const { ciphertext } = await client.encrypt(text, { context: { a: 'b' } });
    expect(message.length).toBe(ciphertext.length);
  });
});

describe('what was changed is refused', () => {
  test('every cut-off length ends in an error, and every frame before it came out whole', async () => {
    const { ciphertext, header } = await client.encrypt(text);
    for (let length = 0; length < ciphertext.length; length += 1) {
      const { bytes, error } = await readAll(
        source(ciphertext.slice(0, length)).pipeThrough(client.decryptStream()),
      );
      expect(error, `cut at ${length}`).toBeInstanceOf(TruncatedMessageError);
      const frames = Math.max(0, Math.min(4, Math.floor((length - header.headerLength) / 42)));
      expect(Buffer.compare(bytes, text.subarray(0, frames * 10))).toBe(0);
    }
  });

  test('every changed bit of the body: nothing of its frame comes out', async () => {
    const { ciphertext, header } = await client.encrypt(text);
    const step = backend.name === 'node' ? 3 : 29;
    for (let bit = header.headerLength * 8; bit < ciphertext.length * 8; bit += step) {
      const changed = ciphertext.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const { bytes, error } = await readAll(source(changed).pipeThrough(client.decryptStream()));
      expect(error, `bit ${bit}`).toBeInstanceOf(YunsealError);
      const frame = Math.min(4, Math.floor(((bit >> 3) - header.headerLength) / 42));
      expect(Buffer.compare(bytes, text.subarray(0, bytes.length))).toBe(0);
      expect(bytes.length).toBeLessThanOrEqual(frame * 10);
    }
  });

  test('bytes after the end', async () => {
    const { ciphertext } = await client.encrypt(text);
    for (const chunks of [[Buffer.concat([ciphertext, Buffer.of(0)])], [ciphertext, Uint8Array.of(0)]]) {
      const { error } = await readAll(source(...chunks).pipeThrough(client.decryptStream()));
      expect(error).toBeInstanceOf(MalformedMessageError);
      expect((error as MalformedMessageError).offset).toBe(ciphertext.length);
    }
  });

  test('a frame in the wrong place says at which byte', async () => {
    const { ciphertext, header } = await client.encrypt(text);
    const changed = ciphertext.slice();
    changed[header.headerLength + 42 + 3] = 9;
    const { error } = await readAll(
      source(...[...changed].map((byte) => Uint8Array.of(byte))).pipeThrough(client.decryptStream()),
    );
    expect(error).toMatchObject({ code: 'MalformedMessage', offset: header.headerLength + 42 });
  });
});

if (backend.incrementalSignatures)
  describe('signed messages', () => {
    test('the last frame waits for the signature', async () => {
      const { ciphertext } = await client.encrypt(text, { suite: '0x0578' });
      const transform = client.decryptStream();
      const writer = transform.writable.getWriter();
      const reader = transform.readable.getReader();
      const received: Uint8Array[] = [];
      const reading = (async () => {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          received.push(value);
        }
      })();
      await writer.write(ciphertext.slice(0, -1));
      expect(Buffer.concat(received).length).toBe(40);
      await writer.write(ciphertext.slice(-1));
      await writer.close();
      await reading;
      expect(Buffer.compare(Buffer.concat(received), text)).toBe(0);
    });

    test('hold-all lets nothing out before the signature was verified, within a limit', async () => {
      const { ciphertext } = await client.encrypt(text, { suite: '0x0578' });
      const holding = () => client.decryptStream({ signedMessages: 'hold-all' });
      const { bytes } = await readAll(source(ciphertext).pipeThrough(holding()));
      expect(Buffer.compare(bytes, text)).toBe(0);
      const changed = ciphertext.slice();
      changed[changed.length - 1]! ^= 1;
      const refused = await readAll(source(changed).pipeThrough(holding()));
      expect(refused.error).toBeInstanceOf(SignatureInvalidError);
      expect(refused.bytes.length).toBe(0);
      const careful = createEncryptionClient({ keyring: testKeyring() }, { maxUnverifiedBytes: 20 });
      const { error } = await readAll(
        source(ciphertext).pipeThrough(careful.decryptStream({ signedMessages: 'hold-all' })),
      );
      expect(error).toBeInstanceOf(LimitExceededError);
    });

    test('refuse fails before the keyring is asked, and lets unsigned messages through', async () => {
      const { ciphertext } = await client.encrypt(text, { suite: '0x0578' });
      const asked = { ...testKeyring(), onDecrypt: () => expect.fail('asked') };
      const strict = createEncryptionClient({ keyring: asked });
      const { error } = await readAll(
        source(ciphertext).pipeThrough(strict.decryptStream({ signedMessages: 'refuse' })),
      );
      expect(error).toBeInstanceOf(UnsupportedOperationError);
      const unsigned = (await client.encrypt(text)).ciphertext;
      const read = await readAll(
        source(unsigned).pipeThrough(client.decryptStream({ signedMessages: 'refuse' })),
      );
      expect(Buffer.compare(read.bytes, text)).toBe(0);
      expect(() => client.decryptStream({ signedMessages: 'trust' as never })).toThrow(InvalidArgumentError);
    });

    test('a wrong signature errors the stream before its end came out', async () => {
      const { ciphertext } = await client.encrypt(text, { suite: '0x0578' });
      const changed = ciphertext.slice();
      changed[changed.length - 1]! ^= 1;
      const { bytes, error } = await readAll(source(changed).pipeThrough(client.decryptStream()));
      expect(error).toBeInstanceOf(SignatureInvalidError);
      expect(bytes.length).toBe(40);
    });
  });

if (!backend.incrementalSignatures)
  describe('signed messages over WebCrypto', () => {
    test('cannot be streamed, and say so before the keyring is asked to decrypt', async () => {
      const { ciphertext } = await client.encrypt(text, { suite: '0x0578' });
      for (const transform of [client.encryptStream({ suite: '0x0578' }), client.decryptStream()]) {
        const { error } = await readAll(source(ciphertext).pipeThrough(transform));
        expect(error).toBeInstanceOf(UnsupportedAlgorithmError);
      }
    });
  });

describe('as streams of the platform', () => {
  test('back-pressure: a reader that stops, stops the writer', async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(1000));
      },
    });
    const reader = endless.pipeThrough(client.encryptStream({ frameLength: 1000 })).getReader();
    for (let i = 0; i < 5; i += 1) await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const settled = pulled;
    expect(settled).toBeLessThan(20);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(pulled).toBe(settled);
    await reader.cancel();
  });

  test('the header is reported when it was authenticated, once', async () => {
    const { ciphertext, header } = await client.encrypt(text, { context: { a: 'b' } });
    const seen: MessageHeader[] = [];
    await streamThrough(client.decryptStream({ onHeader: (h) => seen.push(h) }), ciphertext, 5);
    expect(seen).toEqual([header]);
    const changed = ciphertext.slice();
    changed[header.headerLength - 1]! ^= 1;
    const { error } = await readAll(
      source(changed).pipeThrough(client.decryptStream({ onHeader: (h) => seen.push(h) })),
    );
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(seen).toHaveLength(1);
  });

  test('a context that differs errors the stream', async () => {
    const { ciphertext } = await client.encrypt(text, { context: { a: 'b' } });
    const { error } = await readAll(
      source(ciphertext).pipeThrough(client.decryptStream({ context: { a: 'c' } })),
    );
    expect(error).toMatchObject({ code: 'ContextMismatch', entry: 'a' });
  });

  test('bad options throw at once; bad chunks error the stream', async () => {
    expect(() => client.encryptStream({ frameLength: 0 })).toThrow(InvalidArgumentError);
    const { error } = await readAll(source('text' as never).pipeThrough(client.encryptStream()));
    expect(error).toBeInstanceOf(InvalidArgumentError);
  });

  test('a frame longer than maxUnverifiedBytes is refused instead of gathered', async () => {
    const { ciphertext } = await client.encrypt(new Uint8Array(5000), { frameLength: 4000 });
    const careful = createEncryptionClient({ keyring: testKeyring() }, { maxUnverifiedBytes: 3000 });
    const pieces = [ciphertext.slice(0, 1000), ciphertext.slice(1000, 2000), ciphertext.slice(2000)];
    const { error } = await readAll(source(...pieces).pipeThrough(careful.decryptStream()));
    expect(error).toBeInstanceOf(LimitExceededError);
    const { ciphertext: short } = await client.encrypt(new Uint8Array(50), { frameLength: 4_000_000_000 });
    expect((await readAll(source(short).pipeThrough(careful.decryptStream()))).bytes.length).toBe(50);
  });

  test('cancelling, aborting and a failing source end the message and keep no data key', async () => {
    const keeper = rememberingKeyring();
    const watched = createEncryptionClient({ keyring: keeper }, { frameLength: 10 });
    const { ciphertext } = await watched.encrypt(text);
    for (const [make, bytes] of [
      [() => watched.encryptStream(), text],
      [() => watched.decryptStream(), ciphertext],
    ] as const) {
      const cancelled = make();
      const writer = cancelled.writable.getWriter();
      const writing = writer.write(bytes).catch(() => {});
      const reader = cancelled.readable.getReader();
      await reader.read();
      await reader.cancel('enough');
      await writing;

      const aborted = make();
      const abortedWriter = aborted.writable.getWriter();
      const read = readAll(aborted.readable);
      await abortedWriter.write(bytes);
      await abortedWriter.abort(new Error('stopped'));
      expect((await read).error).toMatchObject({ message: 'stopped' });

      const failing = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(bytes),
        pull: () => Promise.reject(new Error('the source failed')),
      });
      expect((await readAll(failing.pipeThrough(make()))).error).toMatchObject({
        message: 'the source failed',
      });
    }
    for (const key of keeper.handedOut) expect(key.every((byte) => byte === 0)).toBe(true);
  });

  test('a stream nobody writes to asks no keyring', async () => {
    const never = { onEncrypt: () => expect.fail('asked'), onDecrypt: () => expect.fail('asked') };
    const idle = createEncryptionClient({ keyring: never });
    await idle.encryptStream().readable.cancel();
    await idle.decryptStream().writable.abort();
  });

  test('a keyring that fails errors the stream', async () => {
    const down = { ...testKeyring(), onEncrypt: () => Promise.reject(new Error('down')) };
    const { error } = await readAll(
      source(text).pipeThrough(createEncryptionClient({ keyring: down }).encryptStream()),
    );
    expect(error).toMatchObject({ message: 'down' });
  });
});

/** `pipeline` takes web streams; the declarations of Node.js 24 do not say so. */
const forPipeline = (transform: TransformStream<Uint8Array, Uint8Array>) =>
  transform as unknown as NodeJS.ReadWriteStream;

describe('with node:stream', () => {
  test('pipeline from file to file and back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'yunseal-streams-'));
    try {
      const path = (name: string) => join(folder, name);
      const plaintext = crypto.getRandomValues(new Uint8Array(60_000)).slice();
      const large = Buffer.concat(Array.from({ length: 30 }, () => plaintext));
      await writeFile(path('plain'), large);
      const files = createEncryptionClient({ keyring: testKeyring() });
      await pipeline(
        createReadStream(path('plain')),
        forPipeline(files.encryptStream()),
        createWriteStream(path('sealed')),
      );
      await pipeline(
        createReadStream(path('sealed')),
        forPipeline(files.decryptStream()),
        createWriteStream(path('opened')),
      );
      expect(Buffer.compare(await readFile(path('opened')), large)).toBe(0);

      const sealed = await readFile(path('sealed'));
      sealed[sealed.length - 5]! ^= 1;
      await expect(
        pipeline(Readable.from([sealed]), forPipeline(files.decryptStream()), createWriteStream(path('bad'))),
      ).rejects.toThrow(AuthenticationError);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
