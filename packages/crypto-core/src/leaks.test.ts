import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createEncryptionClient } from './client/client.ts';
import { inspectMessage } from './client/inspect.ts';
import { multiKeyring } from './keyrings/multi.ts';
import { rawAesKeyring } from './keyrings/raw-aes.ts';
import { cachingMaterials } from './materials/caching.ts';
import { defaultMaterials } from './materials/default.ts';
import { suites } from './suites/table.ts';

const wrappingKey = Uint8Array.from({ length: 32 }, (_, index) => 0xa0 + index);
const plaintext = 'the plaintext nobody may see in a log';

/** Every way a value is likely to reach a log. */
function shown(value: unknown): string {
  const parts = [inspect(value, { depth: 12, showHidden: true, maxArrayLength: null }), String(value)];
  try {
    parts.push(JSON.stringify(value) ?? '');
  } catch {
    // What is not JSON cannot leak through it.
  }
  if (value instanceof Error) parts.push(value.message, String(value.stack), shown({ ...value }));
  return parts.join('\n');
}

/** The forms in which bytes show: hex, Base64, lists of decimal or hex numbers. */
function forms(bytes: Uint8Array): string[] {
  const buffer = Buffer.from(bytes);
  const spaced = buffer.toString('hex').replace(/(..)(?!$)/g, '$1 ');
  return [
    buffer.toString('hex'),
    spaced,
    buffer.toString('base64'),
    [...bytes.subarray(0, 8)].join(','),
    [...bytes.subarray(0, 8)].join(', '),
    [...bytes.subarray(0, 4)].map((byte, index) => `"${index}":${byte}`).join(','),
  ];
}

function expectHidden(value: unknown, ...secrets: Uint8Array[]): void {
  const text = shown(value);
  for (const secret of secrets) for (const form of forms(secret)) expect(text).not.toContain(form);
  expect(text).not.toContain(plaintext);
}

describe('no key shows when something is printed', () => {
  const keyring = rawAesKeyring({ namespace: 'leaks', name: 'key', key: wrappingKey });
  const cache = cachingMaterials({ keyring, maxAgeMs: 60_000 });
  const client = createEncryptionClient({ materials: cache });
  const request = { suite: suites['0x0578'], encryptionContext: { a: 'b' } };

  test('keyrings, managers, clients', async () => {
    const { plaintextDataKey } = await cache.getEncryptionMaterials(request);
    for (const value of [
      keyring,
      multiKeyring({ generator: keyring }),
      defaultMaterials(keyring),
      cache,
      client,
    ]) {
      expectHidden(value, wrappingKey, plaintextDataKey);
    }
  });

  test('materials, also those spread into another object, and the signing key', async () => {
    const materials = await defaultMaterials(keyring).getEncryptionMaterials(request);
    const { plaintextDataKey, encryptedDataKeys, encryptionContext, suite } = materials;
    const decryption = await defaultMaterials(keyring).getDecryptionMaterials({
      suite,
      encryptionContext,
      encryptedDataKeys,
    });
    const direct = await keyring.onDecrypt({ suite, encryptionContext }, encryptedDataKeys);
    for (const value of [materials, { ...materials }, decryption, direct, { key: plaintextDataKey }]) {
      expectHidden(value, wrappingKey, plaintextDataKey);
      expect(shown(value)).toContain('32 secret bytes');
    }
    expect(shown(materials)).toMatch(/PrivateKeyObject|CryptoKey/);
    expect(shown(materials)).not.toMatch(/"d":|PRIVATE KEY/);
  });

  test('streams, readers and writers, before and after use', async () => {
    const { ciphertext } = await client.encrypt(plaintext);
    const reader = await client.openMessage(ciphertext);
    const writer = await client.startMessage();
    const decrypting = client.decryptStream();
    const output = new Response(decrypting.readable).bytes();
    const feed = decrypting.writable.getWriter();
    await feed.write(ciphertext);
    for (const value of [reader, writer, decrypting, client.encryptStream()])
      expectHidden(value, wrappingKey);
    await feed.close();
    await output;
    expectHidden(decrypting, wrappingKey);
  });

  test('headers and errors', async () => {
    const { ciphertext, header } = await client.encrypt(plaintext, { context: { a: 'b' } });
    expectHidden(header, wrappingKey);
    expectHidden(inspectMessage(ciphertext), wrappingKey);
    const changed = ciphertext.slice();
    changed[changed.length - 1]! ^= 1;
    const other = createEncryptionClient({
      keyring: rawAesKeyring({ namespace: 'leaks', name: 'key', key: new Uint8Array(32) }),
    });
    const failing = [
      () => client.decrypt(changed),
      () => client.decrypt(ciphertext.subarray(0, 50)),
      () => client.decrypt(ciphertext, { context: { a: 'c' } }),
      () => other.decrypt(ciphertext),
      () => client.encrypt(plaintext, { context: { a: 1 as never } }),
    ];
    for (const run of failing) {
      const error: unknown = await run().then(
        () => expect.fail('must fail'),
        (reason: unknown) => reason,
      );
      expectHidden(error, wrappingKey);
    }
    expect(() => rawAesKeyring({ namespace: 'n', name: 'k', key: wrappingKey.subarray(1) })).toThrow(
      '31 bytes',
    );
  });
});
