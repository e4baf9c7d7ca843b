import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createEncryptionClient } from '../client/client.ts';
import { inspectMessage } from '../client/inspect.ts';
import { rewrapMessage } from '../client/rewrap.ts';
import { suites } from '../suites/table.ts';
import { rememberingKeyring } from '../test-support/keyrings.ts';
import { streamThrough } from '../test-support/streams.ts';
import { sealAliyunHeader, verifyAliyunHeader } from './detached.ts';

const dataKey = Uint8Array.from({ length: 32 }, (_, i) => 0xc0 + i);
const keyring = () => rememberingKeyring(dataKey);
const options = { format: 'aliyun', allowUnauthenticated: true } as const;
const zeroed = (key: Uint8Array) => key.every((byte) => byte === 0);

/** Run with a keyring that keeps hold of what it gave, and expect all of that zeroed, however the run ended. */
async function expectZeroed(run: (keyring: ReturnType<typeof rememberingKeyring>) => Promise<unknown>) {
  const watched = keyring();
  await run(watched).catch(() => {});
  expect(watched.handedOut.length).toBeGreaterThan(0);
  expect(watched.handedOut.every(zeroed)).toBe(true);
}

describe('data keys of aliyun messages are zeroed', () => {
  const message = async (encoding: 'message' | 'stream' = 'message') =>
    (await createEncryptionClient({ keyring: keyring() }, options).encrypt('secret', { encoding }))
      .ciphertext;

  it('after encrypting, whatever the outcome', async () => {
    await expectZeroed((keyring) => createEncryptionClient({ keyring }, options).encrypt('secret'));
    await expectZeroed((keyring) =>
      createEncryptionClient({ keyring }, options).encrypt('not whole blocks', {
        suite: 'AES_CBC_NOPADDING_256',
        context: { long: 'x'.repeat(40_000) },
      }),
    );
    await expectZeroed((keyring) =>
      createEncryptionClient({ keyring }, options).encrypt('x', {
        context: { a: 'b' },
        requiredContextKeys: ['a'],
      }),
    );
  });

  it('after decrypting, whatever the outcome', async () => {
    const written = await message();
    await expectZeroed((keyring) => createEncryptionClient({ keyring }, options).decrypt(written));
    for (const at of [inspectMessage(written).headerLength - 1, written.length - 1]) {
      const changed = written.slice();
      changed[at]! ^= 1;
      await expectZeroed((keyring) => createEncryptionClient({ keyring }, options).decrypt(changed));
    }
  });

  it('after rewrapping', async () => {
    const written = await message('stream');
    await expectZeroed((from) => rewrapMessage(written, { from, to: keyring() }));
    await expectZeroed((from) =>
      rewrapMessage(written, {
        from,
        to: { ...keyring(), onEncrypt: () => Promise.reject(new Error('no')) },
      }),
    );
  });

  it('by streams: read, written, cancelled', async () => {
    const written = await message('stream');
    await expectZeroed((keyring) => {
      const client = createEncryptionClient({ keyring }, options);
      return streamThrough(client.encryptStream(), new Uint8Array(100), 9);
    });
    await expectZeroed((keyring) => {
      const client = createEncryptionClient({ keyring }, options);
      return streamThrough(client.decryptStream(), written, 9);
    });
    await expectZeroed(async (keyring) => {
      const { readable, writable } = createEncryptionClient({ keyring }, options).encryptStream();
      const writer = writable.getWriter();
      await Promise.all([writer.write(new Uint8Array(1)), readable.getReader().read()]);
      await writer.abort('enough');
    });
  });

  it('but not those that a caller of the header functions owns', async () => {
    const plaintextDataKey = dataKey.slice();
    const encryptedDataKeys = [{ providerId: 'acs-kms', providerInfo: 'arn', ciphertext: new Uint8Array(1) }];
    const materials = { suite: suites['0x0002'], encryptionContext: {}, encryptedDataKeys, plaintextDataKey };
    await verifyAliyunHeader(await sealAliyunHeader(materials), plaintextDataKey);
    expect(plaintextDataKey).toEqual(dataKey);
  });
});

describe('what can be printed holds no data key', () => {
  it('results, headers, errors and streams', async () => {
    const client = createEncryptionClient({ keyring: keyring() }, options);
    const result = await client.encrypt('secret', { context: { a: 'b' } });
    const changed = result.ciphertext.slice();
    changed[changed.length - 1]! ^= 1;
    const error = await client.decrypt(changed).catch((error: unknown) => error);
    const decrypted = await client.decrypt(result.ciphertext);
    const printed = [
      result.header,
      decrypted.header,
      error,
      client,
      client.encryptStream(),
      client.decryptStream(),
    ]
      .flatMap((value) => [inspect(value, { depth: 10, showHidden: true }), JSON.stringify(value)])
      .join('\n');
    for (const form of ['hex', 'base64'] as const) {
      expect(printed).not.toContain(Buffer.from(dataKey).toString(form).slice(0, 12));
    }
    expect(printed).not.toContain([...dataKey].slice(0, 4).join(', '));
    expect(printed).not.toContain([...dataKey].slice(0, 4).join(','));
  });
});
