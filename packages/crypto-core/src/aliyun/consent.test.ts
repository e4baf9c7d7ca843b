import { describe, expect, expectTypeOf, it } from 'vitest';
import { createEncryptionClient } from '../client/client.ts';
import type { AliyunHeader, EncryptionClientOptions, EncryptOptions, FramedHeader } from '../index.ts';
import { aliyunSuites } from '../suites/aliyun.ts';
import { hasBodyStreams, hasCipher, suitesMissing } from '../test-support/aliyun-platform.ts';
import { kmsStandIn } from '../test-support/kms-stand-in.ts';
import { streamThrough } from '../test-support/streams.ts';

const keyring = kmsStandIn('acs:kms:cn-hangzhou:1:key/a');
const plaintext = new Uint8Array(64);
const unauthenticated = Object.values(aliyunSuites).filter(({ authenticated }) => !authenticated);
const client = createEncryptionClient({ keyring }, { format: 'aliyun' });
const consenting = createEncryptionClient({ keyring }, { format: 'aliyun', allowUnauthenticated: true });

describe('algorithms that do not authenticate the body', () => {
  it('are the nine of the format', () => {
    expect(unauthenticated.map(({ id }) => id)).toEqual([3, 4, 5, 6, 7, 8, 10, 11, 12]);
  });

  it.each(unauthenticated.filter(hasCipher))(
    '$name is neither written nor read without consent, for the client or the call',
    async (suite) => {
      const refused = {
        code: 'UnauthenticatedAlgorithm',
        message: expect.stringContaining('allowUnauthenticated: true'),
      };
      await expect(client.encrypt(plaintext, { suite })).rejects.toMatchObject(refused);
      await expect(streamThrough(client.encryptStream({ suite }), plaintext)).rejects.toMatchObject(refused);
      const { ciphertext } = await consenting.encrypt(plaintext, { suite });
      await expect(client.decrypt(ciphertext)).rejects.toMatchObject(refused);
      await expect(streamThrough(client.decryptStream(), ciphertext)).rejects.toMatchObject(refused);

      const call = { allowUnauthenticated: true };
      expect((await client.decrypt(ciphertext, call)).plaintext).toHaveLength(64);
      if (hasBodyStreams) {
        expect(await streamThrough(client.decryptStream(call), ciphertext)).toHaveLength(64);
      }
      expect((await client.encrypt(plaintext, { suite, ...call })).header.suite).toBe(suite);
    },
  );

  if (hasBodyStreams)
    it('refuse a plaintext that is not whole blocks where there is no padding', async () => {
      const suite = 'AES_CBC_NOPADDING_256';
      const message = expect.stringContaining('whole blocks of 16 bytes, and the plaintext is 17 bytes long');
      const refused = { code: 'InvalidArgument', message };
      await expect(consenting.encrypt(new Uint8Array(17), { suite })).rejects.toMatchObject(refused);
      await expect(
        streamThrough(consenting.encryptStream({ suite }), new Uint8Array(17)),
      ).rejects.toMatchObject(refused);
    });
});

if (hasBodyStreams)
  describe('a decrypting stream and the tag at the end', () => {
    const large = new Uint8Array(300_000).fill(7);

    /** Decrypt in chunks and count what came out before the end was written. */
    async function early(
      transform: TransformStream<Uint8Array, Uint8Array>,
      message: Uint8Array,
    ): Promise<number> {
      const writer = transform.writable.getWriter();
      const reader = transform.readable.getReader();
      let length = 0;
      const reading = (async () => {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return length;
          length += value.length;
        }
      })();
      let before = 0;
      for (let at = 0; at < message.length; at += 10_000) {
        await writer.write(message.slice(at, at + 10_000));
        before = length;
      }
      await writer.close();
      expect(await reading).toBe(large.length);
      return before;
    }

    it.each(['message', 'stream'] as const)(
      'holds everything until the tag was checked (%s)',
      async (encoding) => {
        for (const suite of ['AES_GCM_NOPADDING_256', 'SM4_GCM_NOPADDING_128'] as const) {
          const { ciphertext } = await client.encrypt(large, { encoding, suite });
          expect(await early(client.decryptStream(), ciphertext)).toBe(0);
          // Consent changes nothing as long as the limit is not passed.
          expect(await early(consenting.decryptStream(), ciphertext)).toBe(0);
        }
      },
    );

    it.each(['message', 'stream'] as const)(
      'past maxUnverifiedBytes fails, or lets plaintext out with consent (%s)',
      async (encoding) => {
        const { ciphertext } = await client.encrypt(large, { encoding });
        const limited = { format: 'aliyun', maxUnverifiedBytes: 100_000 } as const;
        const bounded = createEncryptionClient({ keyring }, limited);
        await expect(streamThrough(bounded.decryptStream(), ciphertext, 10_000)).rejects.toMatchObject({
          code: 'LimitExceeded',
          message: expect.stringContaining('maxUnverifiedBytes'),
        });
        const exact = createEncryptionClient({ keyring }, { ...limited, maxUnverifiedBytes: large.length });
        expect(await streamThrough(exact.decryptStream(), ciphertext, 10_000)).toHaveLength(large.length);

        expect(
          await early(bounded.decryptStream({ allowUnauthenticated: true }), ciphertext),
        ).toBeGreaterThan(200_000);
        const changed = ciphertext.slice();
        changed[changed.length - 1]! ^= 1;
        await expect(
          streamThrough(bounded.decryptStream({ allowUnauthenticated: true }), changed, 10_000),
        ).rejects.toMatchObject({ code: 'AuthenticationFailed' });
      },
    );

    it('refuses a length past the limit before asking for the data key', async () => {
      const { ciphertext } = await client.encrypt(large);
      const silent = {
        onEncrypt: () => expect.fail(),
        onDecrypt: () => expect.fail('asked for the data key'),
      };
      const bounded = createEncryptionClient({ keyring: silent }, { maxUnverifiedBytes: 1 });
      await expect(
        streamThrough(bounded.decryptStream(), ciphertext.subarray(0, 1_000)),
      ).rejects.toMatchObject({
        code: 'LimitExceeded',
      });
    });

    it('writes nothing to a stream whose tag is wrong', async () => {
      const { ciphertext } = await client.encrypt(large);
      ciphertext[ciphertext.length - 1]! ^= 1;
      const received: Uint8Array[] = [];
      const sink = new WritableStream<Uint8Array>({ write: (chunk) => void received.push(chunk) });
      const source = new Blob([ciphertext as Uint8Array<ArrayBuffer>]).stream();
      await expect(source.pipeThrough(client.decryptStream()).pipeTo(sink)).rejects.toMatchObject({
        code: 'AuthenticationFailed',
        part: 'body',
      });
      expect(received).toEqual([]);
    });
  });

if (!hasBodyStreams)
  describe('what WebCrypto lacks ends in a typed error', () => {
    const unsupported = { code: 'UnsupportedAlgorithm' };

    it.each(suitesMissing)('$name', async (suite) => {
      await expect(consenting.encrypt(plaintext, { suite })).rejects.toMatchObject(unsupported);
    });

    it('streams', async () => {
      await expect(streamThrough(client.encryptStream(), plaintext)).rejects.toMatchObject(unsupported);
      const { ciphertext } = await client.encrypt(plaintext);
      await expect(streamThrough(client.decryptStream(), ciphertext)).rejects.toMatchObject(unsupported);
    });
  });

describe('options', () => {
  it('are typed by what they may be', async () => {
    expectTypeOf<EncryptionClientOptions['format']>().toEqualTypeOf<'framed' | 'aliyun' | undefined>();
    expectTypeOf<EncryptOptions['encoding']>().toEqualTypeOf<'message' | 'stream' | undefined>();
    const { header } = await client.encrypt(plaintext);
    if (header.format === 'aliyun') expectTypeOf(header).toEqualTypeOf<AliyunHeader>();
    else expectTypeOf(header).toEqualTypeOf<FramedHeader>();
    // @ts-expect-error: there is no such encoding
    await expect(client.encrypt(plaintext, { encoding: 'der' })).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
  });

  it('write the stream encoding from streams, and refuse to write the other there', async () => {
    await expect(
      streamThrough(client.encryptStream({ encoding: 'message' }), plaintext),
    ).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining("encoding 'stream'"),
    });
    expect(() => createEncryptionClient({ keyring }, { encoding: 'der' as 'message' })).toThrow(
      'encoding must be one of message, stream, not der',
    );
    expect(() => createEncryptionClient({ keyring }, { maxUnverifiedBytes: 0 })).toThrow(
      'maxUnverifiedBytes',
    );
  });

  it('narrow the formats that are read', async () => {
    const { ciphertext } = await client.encrypt(plaintext);
    const framedOnly = createEncryptionClient({ keyring }, { formats: ['framed'] });
    await expect(framedOnly.decrypt(ciphertext)).rejects.toMatchObject({ code: 'FormatNotAccepted' });
    await expect(streamThrough(framedOnly.decryptStream(), ciphertext)).rejects.toMatchObject({
      code: 'FormatNotAccepted',
    });
    const framed = await createEncryptionClient({ keyring }).encrypt(plaintext);
    const aliyunOnly = createEncryptionClient({ keyring }, { formats: ['aliyun'] });
    await expect(aliyunOnly.decrypt(framed.ciphertext)).rejects.toMatchObject({ code: 'FormatNotAccepted' });
    expect((await aliyunOnly.decrypt(ciphertext)).plaintext).toEqual(plaintext);
  });

  it('cannot keep a context entry out of the message, nor expect one that is not in it', async () => {
    const context = { a: 'b' };
    await expect(client.encrypt(plaintext, { context, requiredContextKeys: ['a'] })).rejects.toMatchObject({
      code: 'UnsupportedOperation',
    });
    const { ciphertext } = await client.encrypt(plaintext, { context });
    await expect(client.decrypt(ciphertext, { context: { c: 'd' } })).rejects.toMatchObject({
      code: 'ContextMismatch',
      entry: 'c',
    });
    await expect(client.decrypt(ciphertext, { context: { a: 'x' } })).rejects.toMatchObject({
      code: 'ContextMismatch',
      entry: 'a',
    });
  });

  it('limit the encrypted data keys that are read', async () => {
    const three = createEncryptionClient({ keyring: kmsStandIn('a', 'b', 'c') }, { format: 'aliyun' });
    const two = createEncryptionClient({ keyring: kmsStandIn('a') }, { maxEncryptedDataKeys: 2 });
    for (const encoding of ['message', 'stream'] as const) {
      const { ciphertext } = await three.encrypt(plaintext, { encoding });
      await expect(two.decrypt(ciphertext)).rejects.toMatchObject({ code: 'LimitExceeded' });
    }
  });
});
