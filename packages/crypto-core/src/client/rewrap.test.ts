import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AuthenticationError,
  DataKeyUnwrapError,
  InvalidArgumentError,
  KeyringContractError,
  TruncatedMessageError,
  UnsupportedOperationError,
  YunsealError,
} from '../errors.ts';
import { multiKeyring } from '../keyrings/multi.ts';
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

describe('rewrapMessage', () => {
  for (const suite of allFramedSuites.filter(({ signature }) => signature === undefined)) {
    test(`moves ${suite.name} to another key and leaves the body as it is`, async () => {
      const context = { kept: 'in the message', secret: 'not stored' };
      const { ciphertext, header } = await before.encrypt(text, {
        suite,
        context,
        requiredContextKeys: ['secret'],
      });
      const rewrapped = await rewrapMessage(ciphertext, { from, to, context: { secret: 'not stored' } });

      const { headerLength } = inspectMessage(rewrapped);
      expect(rewrapped.subarray(headerLength)).toEqual(ciphertext.subarray(header.headerLength));
      const opened = await after.decrypt(rewrapped, { context });
      expect(decoder.decode(opened.plaintext)).toBe(text);
      await expect(before.decrypt(rewrapped, { context })).rejects.toThrow(DataKeyUnwrapError);
    });
  }

  test('a stream is rewrapped however it is cut', async () => {
    const { ciphertext } = await before.encrypt(text);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(ciphertext.length), { maxLength: 12 }), async (cuts) => {
        cuts.sort((a, b) => a - b);
        const source = new TransformStream<Uint8Array, Uint8Array>();
        const rewrapped = rewrapMessage(source.readable, { from, to });
        const whole = await streamThrough(
          { readable: rewrapped, writable: source.writable } as never,
          ciphertext,
          cuts,
        );
        expect(decoder.decode((await after.decrypt(whole)).plaintext)).toBe(text);
      }),
      { numRuns: 40 },
    );
  });

  test('version 1 gets a fresh header IV, so that no two headers share key and IV', async () => {
    const { ciphertext } = await before.encrypt(text, { suite: '0x0178' });
    const ivOf = (message: Uint8Array) => {
      const { headerLength } = inspectMessage(message);
      return Buffer.from(message.subarray(headerLength - 28, headerLength - 16)).toString('hex');
    };
    const ivs = [
      ciphertext,
      await rewrapMessage(ciphertext, { from, to }),
      await rewrapMessage(ciphertext, { from, to }),
    ];
    expect(new Set(ivs.map(ivOf)).size).toBe(3);
  });

  test('several new keys at once, and keys that stay', async () => {
    const { ciphertext } = await before.encrypt(text);
    const both = multiKeyring({ generator: to, children: [from] });
    const rewrapped = await rewrapMessage(ciphertext, { from, to: both });
    expect(inspectMessage(rewrapped).encryptedDataKeys).toHaveLength(2);
    for (const client of [before, after]) {
      expect(decoder.decode((await client.decrypt(rewrapped)).plaintext)).toBe(text);
    }
  });

  test('a signed message is refused with the reason', async () => {
    const { ciphertext } = await before.encrypt(text, { suite: '0x0578' });
    const attempt = rewrapMessage(ciphertext, { from, to });
    await expect(attempt).rejects.toThrow(UnsupportedOperationError);
    await expect(attempt).rejects.toThrow('signature covers the encrypted data keys');
  });

  test('a changed header is noticed before the data key is wrapped', async () => {
    const { ciphertext, header } = await before.encrypt(text, { context: { a: 'b' } });
    const changed = ciphertext.slice();
    changed[header.headerLength - 1]! ^= 1;
    const target = rememberingKeyring();
    let asked = false;
    const watched = {
      ...target,
      onEncrypt: (materials: Parameters<typeof target.onEncrypt>[0]) => {
        asked = true;
        return target.onEncrypt(materials);
      },
    };
    await expect(rewrapMessage(changed, { from, to: watched })).rejects.toThrow(AuthenticationError);
    expect(asked).toBe(false);
  });

  test('the data key is zeroed afterwards', async () => {
    const source = rememberingKeyring();
    const { ciphertext } = await createEncryptionClient({ keyring: source }).encrypt(text);
    const seen: Uint8Array[] = [];
    await rewrapMessage(ciphertext, {
      from: source,
      to: {
        ...to,
        onEncrypt: (materials) => {
          seen.push(materials.plaintextDataKey!);
          return to.onEncrypt(materials);
        },
      },
    });
    expect(seen).toHaveLength(1);
    for (const key of [...seen, ...source.handedOut]) expect(key).toEqual(new Uint8Array(32));
  });

  test('a keyring that makes a key of its own is refused', async () => {
    const { ciphertext } = await before.encrypt(text);
    const careless = {
      ...to,
      onEncrypt: (materials: Parameters<typeof to.onEncrypt>[0]) =>
        to.onEncrypt({ ...materials, plaintextDataKey: undefined }),
    };
    await expect(rewrapMessage(ciphertext, { from, to: careless })).rejects.toThrow(KeyringContractError);
  });

  test('what is neither bytes nor a stream is refused', async () => {
    for (const wrong of ['text', undefined, null, {}]) {
      await expect(rewrapMessage(wrong as never, { from, to })).rejects.toThrow(InvalidArgumentError);
    }
    await expect(rewrapMessage(new Uint8Array(1), { from } as never)).rejects.toThrow(YunsealError);
  });

  test('a cut-off header is refused, as bytes and as a stream', async () => {
    const { ciphertext } = await before.encrypt(text);
    await expect(rewrapMessage(ciphertext.subarray(0, 40), { from, to })).rejects.toThrow(
      TruncatedMessageError,
    );
    const stream = new Blob([ciphertext.slice(0, 40)]).stream() as ReadableStream<Uint8Array>;
    await expect(new Response(rewrapMessage(stream, { from, to })).bytes()).rejects.toThrow();
  });
});
