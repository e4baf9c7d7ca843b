import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEncryptionClient } from '../client/client.ts';
import { inspectMessage } from '../client/inspect.ts';
import { rewrapMessage } from '../client/rewrap.ts';
import type { EncryptionClientOptions } from '../index.ts';
import type { Keyring } from '../keyring.ts';
import { multiKeyring } from '../keyrings/multi.ts';
import { rawAesKeyring } from '../keyrings/raw-aes.ts';
import { type AliyunSuite, hasBodyStreams, suitesHere } from '../test-support/aliyun-platform.ts';
import { kmsStandIn } from '../test-support/kms-stand-in.ts';
import { streamThrough } from '../test-support/streams.ts';

const keyArns = ['a', 'b', 'c'].map((id) => `acs:kms:cn-hangzhou:1000000000000001:key/${id}`);
const options: EncryptionClientOptions = { format: 'aliyun', allowUnauthenticated: true };

const suite = fc.constantFrom(...suitesHere);
const encoding = fc.constantFrom('message' as const, 'stream' as const);
const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => value.isWellFormed());
const context = fc.dictionary(text, text, { maxKeys: 6 });
const keys = fc.subarray(keyArns, { minLength: 1 });
/** Around block, buffer and DER length limits. */
const size = fc.oneof(
  fc.integer({ min: 0, max: 70 }),
  fc.constantFrom(127, 128, 255, 256, 4_095, 4_096, 65_535, 65_536, 65_537, 131_072, 200_001),
);

function plaintextFor({ suite, size }: { suite: AliyunSuite; size: number }): Uint8Array {
  const length = suite.padding === 'none' ? size - (size % 16) : size;
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}

const same = (left: Uint8Array, right: Uint8Array) => Buffer.compare(left, right) === 0;

describe('round trips', () => {
  it('of whole messages, all suites, both encodings, any context and keys', async () => {
    await fc.assert(
      fc.asyncProperty(suite, encoding, size, context, keys, async (suite, encoding, size, context, keys) => {
        const plaintext = plaintextFor({ suite, size });
        const client = createEncryptionClient(
          { keyring: kmsStandIn(...keys) },
          { ...options, suite, encoding },
        );
        const { ciphertext, header } = await client.encrypt(plaintext, { context });
        expect(header).toMatchObject({ format: 'aliyun', encoding, suite, context });
        const inspected = inspectMessage(ciphertext);
        expect({ ...inspected, encryptedDataKeys: new Set(inspected.encryptedDataKeys) }).toEqual({
          ...header,
          encryptedDataKeys: new Set(header.encryptedDataKeys),
        });
        for (const key of keys) {
          const reader = createEncryptionClient({ keyring: kmsStandIn(key) }, options);
          const result = await reader.decrypt(ciphertext, { context });
          expect(same(result.plaintext, plaintext)).toBe(true);
          expect(result.context).toEqual(context);
        }
      }),
      { numRuns: 150 },
    );
  });

  if (hasBodyStreams)
    it('of streams in chunks of any size, read whole and as streams', async () => {
      const chunk = fc.integer({ min: 1, max: 70_000 });
      await fc.assert(
        fc.asyncProperty(suite, size, chunk, chunk, async (suite, size, writing, reading) => {
          const plaintext = plaintextFor({ suite, size });
          const client = createEncryptionClient({ keyring: kmsStandIn('k') }, { ...options, suite });
          const ciphertext = await streamThrough(
            client.encryptStream(),
            plaintext,
            Math.max(writing, size >> 8),
          );
          expect(inspectMessage(ciphertext)).toMatchObject({ encoding: 'stream' });
          expect(same((await client.decrypt(ciphertext)).plaintext, plaintext)).toBe(true);
          const back = await streamThrough(client.decryptStream(), ciphertext, Math.max(reading, size >> 8));
          expect(same(back, plaintext)).toBe(true);
        }),
        { numRuns: 100 },
      );
    });

  it.each(hasBodyStreams ? suitesHere : [])(
    'of a small $name message cut at every position, and in single bytes',
    async (suite) => {
      const plaintext = plaintextFor({ suite, size: 48 });
      const client = createEncryptionClient({ keyring: kmsStandIn('k') }, { ...options, suite });
      for (const encoding of ['message', 'stream'] as const) {
        const { ciphertext } = await client.encrypt(plaintext, { encoding, context: { a: 'b' } });
        expect(same(await streamThrough(client.decryptStream(), ciphertext, 1), plaintext)).toBe(true);
        for (let cut = 1; cut < ciphertext.length; cut += 1) {
          expect(same(await streamThrough(client.decryptStream(), ciphertext, [cut]), plaintext)).toBe(true);
        }
      }
    },
  );

  it('keep a context of 32,767 bytes and refuse one of 32,768', async () => {
    const client = createEncryptionClient({ keyring: kmsStandIn('k') }, options);
    // 4 bytes of count, and 4 before the key and before the value.
    const context = { k: 'v'.repeat(32_767 - 4 - 4 - 1 - 4) };
    for (const encoding of ['message', 'stream'] as const) {
      const { ciphertext } = await client.encrypt('x', { context, encoding });
      expect((await client.decrypt(ciphertext)).context).toEqual(context);
      await expect(client.encrypt('x', { context: { k: `${context.k}v` }, encoding })).rejects.toMatchObject({
        code: 'InvalidEncryptionContext',
        message: 'the encryption context takes 32768 bytes; the aliyun format holds 32767 at most',
      });
    }
  });

  it('keep context entries whose names mean something to JavaScript or to the framed format', async () => {
    const client = createEncryptionClient({ keyring: kmsStandIn('k') }, options);
    const context = Object.fromEntries([
      ['__proto__', 'own'],
      ['constructor', ''],
      ['\ufeffbom', 'kept'],
      ['aws-crypto-public-key', 'mine'],
    ]);
    for (const encoding of ['message', 'stream'] as const) {
      const { ciphertext } = await client.encrypt('x', { context, encoding });
      const result = await client.decrypt(ciphertext, { context });
      expect(Object.entries(result.context).sort()).toEqual(Object.entries(context).sort());
    }
  });
});

describe('encrypted data keys of other providers', () => {
  const backup = rawAesKeyring({ namespace: 'offline: 备份', name: 'safe', key: new Uint8Array(32).fill(3) });
  const keyring = multiKeyring({ generator: kmsStandIn(keyArns[0]!), children: [backup] });

  it('stand beside KMS keys, and open the message', async () => {
    for (const encoding of ['message', 'stream'] as const) {
      const client = createEncryptionClient({ keyring }, { ...options, encoding });
      const { ciphertext, header } = await client.encrypt('kept safe', { context: { a: 'b' } });
      expect(header.encryptedDataKeys.map(({ providerId }) => providerId)).toEqual([
        'acs-kms',
        'offline: 备份',
      ]);
      for (const reader of [backup, kmsStandIn(keyArns[0]!)]) {
        const { plaintext } = await createEncryptionClient({ keyring: reader }, options).decrypt(ciphertext);
        expect(Buffer.from(plaintext).toString()).toBe('kept safe');
      }
    }
  });
});

describe('rewrapping', () => {
  it.each(['message', 'stream'] as const)(
    'replaces the keys of a %s message, whole and streaming, and keeps its body',
    async (encoding) => {
      const [from, to] = [kmsStandIn('old'), kmsStandIn(...keyArns)];
      const context = { a: 'b' };
      for (const suite of suitesHere) {
        const writer = createEncryptionClient({ keyring: from }, { ...options, suite, encoding });
        const plaintext = plaintextFor({ suite, size: 320 });
        const { ciphertext, header } = await writer.encrypt(plaintext, { context });
        const whole = await rewrapMessage(ciphertext, { from, to });
        const streamed = await new Response(
          rewrapMessage(new Blob([ciphertext as Uint8Array<ArrayBuffer>]).stream(), { from, to }),
        ).bytes();
        for (const rewrapped of [whole, streamed]) {
          const { headerLength, encryptedDataKeys } = inspectMessage(rewrapped);
          expect(encryptedDataKeys.map(({ providerInfo }) => providerInfo).sort()).toEqual(keyArns);
          expect(same(rewrapped.subarray(headerLength), ciphertext.subarray(header.headerLength))).toBe(true);
          const reader = createEncryptionClient({ keyring: kmsStandIn(keyArns[2]!) }, options);
          expect(same((await reader.decrypt(rewrapped, { context })).plaintext, plaintext)).toBe(true);
          await expect(writer.decrypt(rewrapped)).rejects.toMatchObject({ code: 'DataKeyUnwrapFailed' });
        }
      }
    },
  );

  it('refuses a changed header, a cut and a lengthened message before any key is wrapped', async () => {
    const from = kmsStandIn('old');
    const to = { onEncrypt: () => expect.fail('wrapped'), onDecrypt: () => expect.fail('unwrapped') };
    const client = createEncryptionClient({ keyring: from }, options);
    const { ciphertext, header } = await client.encrypt('body');
    const changed = ciphertext.slice();
    changed[header.headerLength - 1]! ^= 1;
    const rewrapStream = (message: Uint8Array, to: Keyring) =>
      new Response(
        rewrapMessage(new Blob([message as Uint8Array<ArrayBuffer>]).stream(), { from, to }),
      ).bytes();
    await expect(rewrapStream(changed, to)).rejects.toMatchObject({ code: 'AuthenticationFailed' });
    await expect(rewrapStream(ciphertext.subarray(0, -1), from)).rejects.toMatchObject({
      code: 'TruncatedMessage',
    });
    await expect(rewrapStream(Buffer.concat([ciphertext, ciphertext]), from)).rejects.toMatchObject({
      code: 'MalformedMessage',
      offset: ciphertext.length,
    });
    await expect(rewrapMessage(changed, { from, to })).rejects.toMatchObject({
      code: 'AuthenticationFailed',
    });
    await expect(rewrapMessage(ciphertext.subarray(0, -1), { from, to })).rejects.toMatchObject({
      code: 'TruncatedMessage',
    });
    await expect(rewrapMessage(Buffer.concat([ciphertext, ciphertext]), { from, to })).rejects.toMatchObject({
      code: 'MalformedMessage',
      offset: ciphertext.length,
    });
  });
});
