import { describe, expect, test } from 'vitest';
import { backend } from '#backend';
import { parseAliyunHeader } from '../aliyun/detached.ts';
import { DataKeyUnwrapError, DataKeyWrapError, TruncatedMessageError } from '../errors.ts';
import type { Keyring } from '../keyring.ts';
import { testKeyring } from '../test-support/keyrings.ts';
import { streamThrough } from '../test-support/streams.ts';
import { createEncryptionClient } from './client.ts';
import { rewrapMessage } from './rewrap.ts';

const good = testKeyring();

/** A keyring whose first answers are cut off, as a KMS secret that was stored badly is. */
function cutOff(times = Number.POSITIVE_INFINITY): Keyring & { calls: number } {
  const fail = () => parseAliyunHeader(Uint8Array.of(0x30, 0x20, 0x02));
  return {
    calls: 0,
    async onEncrypt(materials) {
      this.calls += 1;
      if (this.calls <= times) fail();
      return good.onEncrypt(materials);
    },
    async onDecrypt(materials, keys) {
      this.calls += 1;
      if (this.calls > 20) throw new Error('asked again and again');
      if (this.calls <= times) fail();
      return good.onDecrypt(materials, keys);
    },
  };
}

const formats = [
  { name: 'framed', options: { frameLength: 100 } },
  // WebCrypto reads no aliyun stream, but it does rewrap one.
  { name: 'aliyun', options: { format: 'aliyun', encoding: 'stream' } },
] as const;

describe("a keyring's TruncatedMessageError is no word about the message", () => {
  for (const { name, options } of formats) {
    const message = async () =>
      (await createEncryptionClient({ keyring: good }, options).encrypt(new Uint8Array(1000).fill(65)))
        .ciphertext;

    for (const times of [1, Number.POSITIVE_INFINITY]) {
      const often = times === 1 ? 'once' : 'always';
      for (const cut of [300, 100_000]) {
        if (name === 'framed' || backend.name === 'node') {
          test(`${name}: a decrypting stream fails, thrown ${often}, chunks of ${cut}`, async () => {
            const keyring = cutOff(times);
            const stream = createEncryptionClient({ keyring }).decryptStream();
            await expect(streamThrough(stream, await message(), cut)).rejects.toThrow(DataKeyUnwrapError);
            expect(keyring.calls).toBe(1);
          });
        }

        test(`${name}: a rewrapping stream fails, thrown ${often}, chunks of ${cut}`, async () => {
          for (const end of ['from', 'to'] as const) {
            const keyring = cutOff(times);
            const source = new TransformStream<Uint8Array, Uint8Array>();
            const readable = rewrapMessage(source.readable, { from: good, to: good, [end]: keyring });
            const rewrapped = streamThrough(
              { readable, writable: source.writable } as never,
              await message(),
              cut,
            );
            await expect(rewrapped).rejects.toThrow(end === 'from' ? DataKeyUnwrapError : DataKeyWrapError);
            expect(keyring.calls).toBe(1);
          }
        });
      }
    }

    test(`${name}: encrypt, decrypt and rewrapMessage name the keyring and keep its error`, async () => {
      const { encrypt, decrypt } = createEncryptionClient({ keyring: cutOff() }, options);
      await expect(encrypt('x')).rejects.toThrow(DataKeyWrapError);
      const failure = await decrypt(await message()).catch((error) => error);
      expect(failure).toBeInstanceOf(DataKeyUnwrapError);
      expect(failure.cause).toBeInstanceOf(TruncatedMessageError);
      const rewrapped = rewrapMessage(await message(), { from: good, to: cutOff() });
      await expect(rewrapped).rejects.toThrow(DataKeyWrapError);
    });
  }

  test('openMessage does not ask for more bytes', async () => {
    const { ciphertext } = await createEncryptionClient({ keyring: good }).encrypt('x');
    const opened = createEncryptionClient({ keyring: cutOff() }).openMessage(ciphertext);
    await expect(opened).rejects.toThrow(DataKeyUnwrapError);
  });

  test("nor does a stream swallow one out of the caller's own onHeader", async () => {
    const { ciphertext } = await createEncryptionClient({ keyring: good }, { frameLength: 10 }).encrypt(
      new Uint8Array(100),
    );
    let calls = 0;
    const stream = createEncryptionClient({ keyring: good }).decryptStream({
      onHeader() {
        calls += 1;
        throw new TruncatedMessageError('something of the caller', 0, 1);
      },
    });
    await expect(streamThrough(stream, ciphertext)).rejects.toThrow('something of the caller');
    expect(calls).toBe(1);
  });
});
