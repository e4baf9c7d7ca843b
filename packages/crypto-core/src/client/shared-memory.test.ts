import { describe, expect, test } from 'vitest';
import { parseAliyunHeader, splitAliyunMessage } from '../aliyun/detached.ts';
import { AuthenticationError } from '../errors.ts';
import type { FramedHeader } from '../header.ts';
import { cachingMaterials } from '../materials/caching.ts';
import { defaultMaterials } from '../materials/default.ts';
import type { EncryptionMaterialsRequest } from '../materials/manager.ts';
import { testKeyring } from '../test-support/keyrings.ts';
import { createEncryptionClient } from './client.ts';
import { inspectMessage } from './inspect.ts';
import { rewrapMessage } from './rewrap.ts';

const keyring = testKeyring();
const plain = createEncryptionClient({ keyring }, { frameLength: 100 });
const text = new Uint8Array(1000).fill(65);

describe('what a caller does with a result does not reach the next message of the same materials', () => {
  const cached = (suite: '0x0478' | '0x0578') =>
    createEncryptionClient({ materials: cachingMaterials({ keyring, maxAgeMs: 1e6 }) }, { suite });

  test.each(['0x0478', '0x0578'] as const)(
    '%s: the context is frozen, also as the keyring sees it',
    async (suite) => {
      const client = cached(suite);
      for (const context of [undefined, { a: 'b' }]) {
        const { header, ciphertext } = await client.encrypt('one', { context });
        expect(Object.isFrozen(header.context)).toBe(true);
        expect(() => Object.assign(header.context, { injected: 'x' })).toThrow(TypeError);
        if (suite === '0x0478') {
          const reader = await client.openMessage(ciphertext);
          expect(() => Object.assign(reader.context, { tenant: 'evil' })).toThrow(TypeError);
        }
        expect((await client.decrypt(ciphertext)).context).toEqual(context ?? {});
      }
    },
  );

  test('a context that a manager shares is copied', async () => {
    const source = defaultMaterials(keyring);
    const shared: Record<string, string> = { a: 'b' };
    const sharing = {
      ...source,
      getEncryptionMaterials: async (request: EncryptionMaterialsRequest) => ({
        ...(await source.getEncryptionMaterials(request)),
        encryptionContext: shared,
      }),
    };
    const materials = cachingMaterials({ materials: sharing, maxAgeMs: 1e6 });
    const client = createEncryptionClient({ materials });
    await client.encrypt('one', { context: { a: 'b' } });
    Object.assign(shared, { a: 'c' });
    expect((await client.encrypt('two', { context: { a: 'b' } })).header.context).toEqual({ a: 'b' });
  });

  test('encrypted data keys are copies', async () => {
    const client = cached('0x0478');
    const first = await client.encrypt('one');
    first.header.encryptedDataKeys[0]!.ciphertext.fill(0);
    const second = await client.encrypt('two');
    expect((await plain.decrypt(second.ciphertext)).plaintext).toHaveLength(3);
  });
});

describe('a Buffer is bytes like any other', () => {
  test('a header keeps nothing of it', async () => {
    const { ciphertext } = await plain.encrypt(text, { context: { a: 'b' } });
    const buffer = Buffer.from(ciphertext);
    const header = inspectMessage(buffer) as FramedHeader;
    const expected = inspectMessage(ciphertext);
    buffer.fill(0);
    expect(header).toEqual(expected);
    expect(Object.getPrototypeOf(header.messageId)).toBe(Uint8Array.prototype);
  });

  test('a header of the aliyun format keeps nothing of it', async () => {
    const { ciphertext } = await createEncryptionClient({ keyring }, { format: 'aliyun' }).encrypt('x');
    const buffer = Buffer.from(splitAliyunMessage(Buffer.from(ciphertext)).header);
    const header = parseAliyunHeader(buffer);
    const expected = inspectMessage(ciphertext).encryptedDataKeys[0]!.ciphertext;
    buffer.fill(0);
    expect(header.encryptedDataKeys[0]!.ciphertext).toEqual(expected);
  });

  /** Feed a stream from one array that is filled anew for each chunk, as reading loops do. */
  async function throughReused(
    stream: TransformStream<Uint8Array, Uint8Array>,
    bytes: Uint8Array,
    chunk: Uint8Array,
  ): Promise<Uint8Array> {
    const writer = stream.writable.getWriter();
    const collected = (async () => {
      const parts: Uint8Array[] = [];
      for await (const part of stream.readable) parts.push(part);
      return new Uint8Array(Buffer.concat(parts));
    })();
    for (let at = 0; at < bytes.length; at += chunk.length) {
      const part = bytes.subarray(at, at + chunk.length);
      chunk.set(part);
      await writer.write(chunk.subarray(0, part.length));
    }
    await writer.close();
    return collected;
  }

  for (const make of [() => new Uint8Array(400), () => Buffer.alloc(400)]) {
    const kind = make().constructor.name;

    test(`a stream may be fed from one ${kind}`, async () => {
      const { ciphertext } = await plain.encrypt(text);
      expect(await throughReused(plain.decryptStream(), ciphertext, make())).toEqual(text);
      const encrypted = await throughReused(plain.encryptStream(), text, make());
      expect((await plain.decrypt(encrypted)).plaintext).toEqual(text);
    });

    for (const format of ['framed', 'aliyun'] as const) {
      test(`a rewrapping stream may be fed from one ${kind}, ${format}`, async () => {
        const { ciphertext } = await createEncryptionClient({ keyring }, { format }).encrypt(text);
        const source = new TransformStream<Uint8Array, Uint8Array>();
        const readable = rewrapMessage(source.readable, { from: keyring, to: keyring });
        const stream = { readable, writable: source.writable } as TransformStream<Uint8Array, Uint8Array>;
        const rewrapped = await throughReused(stream, ciphertext, make());
        expect((await plain.decrypt(rewrapped)).plaintext).toEqual(text);
      });
    }
  }
});

test('what is authenticated is what was read, whatever becomes of the message while a keyring is asked', async () => {
  // A keyring that binds no context, as one over RSA: only the header's tag does.
  const genuine = (await plain.encrypt('secret of b', { context: { tenant: 'b' } })).ciphertext;
  const changed = genuine.slice();
  const at = Buffer.from(changed).indexOf('tenant') + 'tenant'.length + 2;
  changed[at] = 'a'.charCodeAt(0);
  const inspected = inspectMessage(genuine);
  const client = createEncryptionClient({
    keyring: {
      ...keyring,
      async onDecrypt(materials, keys) {
        const opened = await keyring.onDecrypt({ ...materials, encryptionContext: inspected.context }, keys);
        changed.set(genuine);
        return { ...opened, encryptionContext: materials.encryptionContext };
      },
    },
  });
  await expect(client.decrypt(changed, { context: { tenant: 'a' } })).rejects.toThrow(AuthenticationError);
});
