import { describe, expect, test } from 'vitest';
import { backend } from '#backend';
import {
  AuthenticationError,
  DataKeyUnwrapError,
  DataKeyWrapError,
  InvalidArgumentError,
  TruncatedMessageError,
  UnsupportedAlgorithmError,
  UnsupportedOperationError,
} from '../errors.ts';
import type { FramedHeader } from '../header.ts';
import type { EncryptionMaterials, Keyring } from '../keyring.ts';
import { allFramedSuites, rememberingKeyring, testKeyring } from '../test-support/keyrings.ts';
import { streamThrough } from '../test-support/streams.ts';
import { createEncryptionClient } from './client.ts';
import { inspectMessage } from './inspect.ts';
import { rewrapMessage } from './rewrap.ts';

const from = testKeyring(1, 'old');
const to = testKeyring(2, 'new');
const before = createEncryptionClient({ keyring: from }, { commitmentPolicy: 'allow', frameLength: 16 });
const after = createEncryptionClient({ keyring: to }, { commitmentPolicy: 'allow' });
const text = 'a text that is a little longer than two frames';
const decoder = new TextDecoder();
const unsigned = allFramedSuites.filter(({ signature }) => signature === undefined);

/** Rewrap as bytes, or as a stream in chunks of this size. */
function renew(message: Uint8Array, chunk: number | undefined, target: Keyring = to, context = {}) {
  const options = { from, to: target, context, frames: 'renew' } as const;
  if (chunk === undefined) return rewrapMessage(message, options);
  const source = new TransformStream<Uint8Array, Uint8Array>();
  const readable = rewrapMessage(source.readable, options);
  return streamThrough({ readable, writable: source.writable } as never, message, chunk);
}

/** A keyring that notes the data keys it was given to wrap. */
function watching(keyring: Keyring): Keyring & { readonly given: (Uint8Array | undefined)[] } {
  const given: (Uint8Array | undefined)[] = [];
  return {
    ...keyring,
    given,
    onEncrypt(materials: EncryptionMaterials) {
      given.push(materials.plaintextDataKey);
      return keyring.onEncrypt(materials);
    },
  };
}

for (const chunk of [undefined, 1, 7, 1000]) {
  describe(`rewrapMessage with frames 'renew', ${chunk === undefined ? 'bytes' : `chunks of ${chunk}`}`, () => {
    for (const suite of unsigned.filter(({ kdfHash }) => kdfHash !== undefined)) {
      test(`${suite.name}: nothing of the new message stands under a key of the old one`, async () => {
        const context = { kept: 'in the message', secret: 'not stored' };
        const { ciphertext, header } = await before.encrypt(text, {
          suite,
          context,
          requiredContextKeys: ['secret'],
        });
        const target = watching(to);
        const renewed = await renew(ciphertext, chunk, target, { secret: 'not stored' });

        const old = header as FramedHeader;
        const now = inspectMessage(renewed) as FramedHeader;
        // The message id goes into the derivation of every key.
        expect(now.messageId).not.toEqual(old.messageId);
        expect(now.frameLength).toBe(old.frameLength);
        expect(now.context).toEqual({ kept: 'in the message' });
        expect(renewed.length - now.headerLength).toBe(ciphertext.length - old.headerLength);
        expect(renewed.slice(now.headerLength + 16, now.headerLength + 32)).not.toEqual(
          ciphertext.slice(old.headerLength + 16, old.headerLength + 32),
        );
        // The same data key was wrapped, none was generated; and it is zeroed.
        expect(target.given).toEqual([new Uint8Array(suite.dataKeyLength)]);
        const opened = await after.decrypt(renewed, { context });
        expect(decoder.decode(opened.plaintext)).toBe(text);
        expect(opened.context).toEqual(context);
        await expect(before.decrypt(renewed, { context })).rejects.toThrow(DataKeyUnwrapError);
      });
    }

    for (const length of [0, 1, 15, 16, 17, 32, 200]) {
      test(`a plaintext of ${length} bytes`, async () => {
        const plaintext = Uint8Array.from({ length }, (_, at) => at);
        const { ciphertext } = await before.encrypt(plaintext);
        expect((await after.decrypt(await renew(ciphertext, chunk))).plaintext).toEqual(plaintext);
      });
    }

    test('a changed or cut-off body is refused', async () => {
      const { ciphertext, header } = await before.encrypt(text);
      const changed = ciphertext.slice();
      changed[header.headerLength + 16]! ^= 1;
      const target = watching(to);
      await expect(renew(changed, chunk, target)).rejects.toThrow(AuthenticationError);
      for (const end of [ciphertext.length - 1, ciphertext.length - 30, header.headerLength]) {
        await expect(renew(ciphertext.subarray(0, end), chunk, target)).rejects.toThrow(
          TruncatedMessageError,
        );
      }
      // In memory, all of the old message is checked before its key is given away.
      if (chunk === undefined) expect(target.given).toEqual([]);
      for (const key of target.given) expect(key).toEqual(new Uint8Array(32));
    });

    test('a suite without key derivation, a signed one and the aliyun format are refused', async () => {
      for (const suite of ['0x0014', '0x0046', '0x0078', '0x0002', '0x0578'] as const) {
        const { ciphertext } = await before.encrypt(text, { suite });
        const wholeOnly = suite === '0x0578' && chunk !== undefined && !backend.incrementalSignatures;
        const kind = wholeOnly ? UnsupportedAlgorithmError : UnsupportedOperationError;
        await expect(renew(ciphertext, chunk), suite).rejects.toThrow(kind);
      }
    });

    test('no data key stays behind when the keyring fails', async () => {
      const source = rememberingKeyring();
      const { ciphertext } = await createEncryptionClient({ keyring: source }).encrypt(text);
      const failing = watching({
        ...to,
        onEncrypt: () => Promise.reject(new DataKeyWrapError('no')),
      });
      const renewing = rewrapMessage(ciphertext, { from: source, to: failing, frames: 'renew' });
      await expect(renewing).rejects.toThrow(DataKeyWrapError);
      for (const key of [...failing.given, ...source.handedOut]) expect(key).toEqual(new Uint8Array(32));
    });
  });
}

test('another word than keep and renew is refused', async () => {
  const { ciphertext } = await before.encrypt(text);
  const wrong = rewrapMessage(ciphertext, { from, to, frames: 'new' as 'renew' });
  await expect(wrong).rejects.toThrow(InvalidArgumentError);
});

test("the header IV that 'keep' writes for version 1 can be no frame's", async () => {
  const { ciphertext } = await before.encrypt(text, { suite: '0x0178' });
  for (let round = 0; round < 20; round += 1) {
    const rewrapped = await rewrapMessage(ciphertext, { from, to });
    const { headerLength } = inspectMessage(rewrapped);
    // Frames take their 32-bit sequence numbers, so their first bit is 0.
    expect(rewrapped[headerLength - 28]! & 0x80).toBe(0x80);
    expect(decoder.decode((await after.decrypt(rewrapped)).plaintext)).toBe(text);
  }
});
