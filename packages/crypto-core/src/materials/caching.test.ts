import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEncryptionClient } from '../client/client.ts';
import { InvalidArgumentError, MaterialsTimeoutError } from '../errors.ts';
import type { Keyring } from '../keyring.ts';
import { suites } from '../suites/table.ts';
import { testKeyring } from '../test-support/keyrings.ts';
import { decryptionEntryId, encryptionEntryId } from './cache-entry-id.ts';
import { cachingMaterials } from './caching.ts';
import { defaultMaterials } from './default.ts';
import type { MaterialsManager } from './manager.ts';

const suite = suites['0x0478'];

/** A keyring that counts its calls, waits as long as it is told, and keeps the arrays it handed out. */
function watchedKeyring(delayMs = 0) {
  const inner = testKeyring();
  const state = { encrypts: 0, decrypts: 0, keys: [] as Uint8Array[], failing: false, delayMs };
  const pause = async () => {
    if (state.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, state.delayMs));
    if (state.failing) throw new Error('the key service is away');
  };
  const keyring: Keyring = {
    async onEncrypt(materials) {
      state.encrypts += 1;
      await pause();
      const result = await inner.onEncrypt(materials);
      state.keys.push(result.plaintextDataKey!);
      return result;
    },
    async onDecrypt(materials, keys) {
      state.decrypts += 1;
      await pause();
      const result = await inner.onDecrypt(materials, keys);
      if (result.plaintextDataKey !== undefined) state.keys.push(result.plaintextDataKey);
      return result;
    },
  };
  return { keyring, state };
}

const isZeroed = (key: Uint8Array) => key.every((byte) => byte === 0);
const request = (context: Record<string, string> = {}, plaintextLength?: number) => ({
  suite,
  encryptionContext: context,
  plaintextLength,
});
/** The id of the data key in materials: the encrypted data key is fresh for each. */
const keyOf = (materials: Awaited<ReturnType<MaterialsManager['getEncryptionMaterials']>>) =>
  Buffer.from(materials.encryptedDataKeys[0]!.ciphertext).toString('hex');

describe('what is cached', () => {
  test('one data key per suite and context, for writing and for reading', async () => {
    const { keyring, state } = watchedKeyring();
    const client = createEncryptionClient({ materials: cachingMaterials({ keyring, maxAgeMs: 60_000 }) });
    const messages: Uint8Array[] = [];
    for (let i = 0; i < 5; i += 1)
      messages.push((await client.encrypt('text', { context: { a: 'b' } })).ciphertext);
    expect(state.encrypts).toBe(1);
    await client.encrypt('text', { context: { a: 'c' } });
    await client.encrypt('text', { context: { a: 'b' }, suite: '0x0578' });
    expect(state.encrypts).toBe(3);
    for (const message of messages) await client.decrypt(message, { context: { a: 'b' } });
    expect(state.decrypts).toBe(1);
  });

  test('messages under one data key still have keys and ids of their own', async () => {
    const { keyring } = watchedKeyring();
    const client = createEncryptionClient({ materials: cachingMaterials({ keyring, maxAgeMs: 60_000 }) });
    const [first, second] = [await client.encrypt('same'), await client.encrypt('same')];
    expect(Buffer.from(first.ciphertext.slice(first.header.headerLength))).not.toEqual(
      Buffer.from(second.ciphertext.slice(second.header.headerLength)),
    );
  });

  test('suites without key derivation are not', async () => {
    const { keyring, state } = watchedKeyring();
    const cache = cachingMaterials({ keyring, maxAgeMs: 60_000 });
    const client = createEncryptionClient(
      { materials: cache },
      { commitmentPolicy: 'allow', suite: '0x0078' },
    );
    const { ciphertext } = await client.encrypt('x');
    await client.encrypt('x');
    await client.decrypt(ciphertext);
    await client.decrypt(ciphertext);
    expect([state.encrypts, state.decrypts]).toEqual([2, 2]);
    expect(state.keys.every(isZeroed)).toBe(true);
  });

  test('signed suites read back, with the signing key cached along', async () => {
    const { keyring, state } = watchedKeyring();
    const cache = cachingMaterials({ keyring, maxAgeMs: 60_000 });
    const client = createEncryptionClient({ materials: cache }, { suite: '0x0578' });
    for (let i = 0; i < 3; i += 1) {
      const { ciphertext } = await client.encrypt('signed');
      expect(new TextDecoder().decode((await client.decrypt(ciphertext)).plaintext)).toBe('signed');
    }
    expect([state.encrypts, state.decrypts]).toEqual([1, 1]);
  });

  test('a wrong required entry is not helped by an entry for the right one', async () => {
    const { keyring } = watchedKeyring();
    const client = createEncryptionClient({ materials: cachingMaterials({ keyring, maxAgeMs: 60_000 }) });
    const { ciphertext } = await client.encrypt('x', { context: { a: 'b' }, requiredContextKeys: ['a'] });
    await client.decrypt(ciphertext, { context: { a: 'b' } });
    await expect(client.decrypt(ciphertext, { context: { a: 'c' } })).rejects.toThrow();
    await expect(client.decrypt(ciphertext)).rejects.toThrow();
  });
});

describe('limits', () => {
  test('messages', async () => {
    const { keyring } = watchedKeyring();
    const cache = cachingMaterials({ keyring, maxAgeMs: 60_000, maxMessages: 3 });
    const used: Record<string, number> = {};
    for (let i = 0; i < 10; i += 1) {
      const key = keyOf(await cache.getEncryptionMaterials(request()));
      used[key] = (used[key] ?? 0) + 1;
    }
    expect(Object.values(used)).toEqual([3, 3, 3, 1]);
  });

  test('bytes; a message above them, or of unknown length, gets its own data key', async () => {
    const { keyring, state } = watchedKeyring();
    const cache = cachingMaterials({ keyring, maxAgeMs: 60_000, maxBytes: 100 });
    const key = async (length?: number) => keyOf(await cache.getEncryptionMaterials(request({}, length)));
    const first = await key(60);
    expect(await key(40)).toBe(first);
    const second = await key(1);
    expect(second).not.toBe(first);
    expect(await key(101)).not.toBe(second);
    expect(await key(undefined)).not.toBe(second);
    expect(await key(99)).toBe(second);
    expect(state.encrypts).toBe(4);
  });

  test('1,000 calls at once never pass the limit on messages', async () => {
    const { keyring, state } = watchedKeyring(1);
    const cache = cachingMaterials({ keyring, maxAgeMs: 60_000, maxMessages: 7 });
    const all = await Promise.all(
      Array.from({ length: 1000 }, () => cache.getEncryptionMaterials(request())),
    );
    const used = new Map<string, number>();
    for (const materials of all) used.set(keyOf(materials), (used.get(keyOf(materials)) ?? 0) + 1);
    expect(Math.max(...used.values())).toBeLessThanOrEqual(7);
    expect(state.encrypts).toBe(Math.ceil(1000 / 7));
  });

  test('1,000 calls at once never pass the limit on bytes', async () => {
    const { keyring } = watchedKeyring(1);
    const cache = cachingMaterials({ keyring, maxAgeMs: 60_000, maxBytes: 50 });
    const lengths = Array.from({ length: 1000 }, (_, index) => (index % 13) + 1);
    const all = await Promise.all(lengths.map((length) => cache.getEncryptionMaterials(request({}, length))));
    const used = new Map<string, number>();
    for (const [index, materials] of all.entries()) {
      used.set(keyOf(materials), (used.get(keyOf(materials)) ?? 0) + lengths[index]!);
    }
    expect(Math.max(...used.values())).toBeLessThanOrEqual(50);
  });

  test('capacity: the least recently used entry goes, and is zeroed', async () => {
    const { keyring, state } = watchedKeyring();
    const cache = cachingMaterials({ keyring, maxAgeMs: 60_000, capacity: 2 });
    await cache.getEncryptionMaterials(request({ n: '1' }));
    await cache.getEncryptionMaterials(request({ n: '2' }));
    await cache.getEncryptionMaterials(request({ n: '1' }));
    await cache.getEncryptionMaterials(request({ n: '3' }));
    expect(state.keys.map(isZeroed)).toEqual([false, true, false]);
    await cache.getEncryptionMaterials(request({ n: '1' }));
    expect(state.encrypts).toBe(3);
    await cache.getEncryptionMaterials(request({ n: '2' }));
    expect(state.encrypts).toBe(4);
  });

  test('a capacity below the number of contexts in use costs no more than one call each', async () => {
    const { keyring, state } = watchedKeyring(1);
    const cache = cachingMaterials({ keyring, maxAgeMs: 60_000, capacity: 1, fanOut: 5 });
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => cache.getEncryptionMaterials(request({ n: String(index) }))),
    );
    expect(state.encrypts).toBe(50);
  });

  test.each([
    { maxAgeMs: 0 },
    { maxAgeMs: Number.NaN },
    { maxAgeMs: 1000, maxMessages: 0 },
    { maxAgeMs: 1000, maxMessages: 2 ** 32 + 1 },
    { maxAgeMs: 1000, capacity: 0 },
    { maxAgeMs: 1000, maxBytes: -1 },
    { maxAgeMs: 1000, gracePeriodMs: 2000 },
    { maxAgeMs: 1000, gracePeriodMs: 100, graceIntervalMs: 200 },
  ])('%j is refused', (limits) => {
    expect(() => cachingMaterials({ keyring: testKeyring(), ...limits })).toThrow(InvalidArgumentError);
  });
});

describe('time', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('an entry ends at its age, and is zeroed then even if nobody asks again', async () => {
    const { keyring, state } = watchedKeyring();
    const cache = cachingMaterials({ keyring, maxAgeMs: 1000, gracePeriodMs: 0, graceIntervalMs: 0 });
    await cache.getEncryptionMaterials(request({ n: '1' }));
    await vi.advanceTimersByTimeAsync(500);
    await cache.getEncryptionMaterials(request({ n: '2' }));
    await vi.advanceTimersByTimeAsync(499);
    await cache.getEncryptionMaterials(request({ n: '1' }));
    expect(state.encrypts).toBe(2);
    expect(state.keys.map(isZeroed)).toEqual([false, false]);
    await vi.advanceTimersByTimeAsync(1);
    expect(state.keys.map(isZeroed)).toEqual([true, false]);
    await vi.advanceTimersByTimeAsync(500);
    expect(state.keys.map(isZeroed)).toEqual([true, true]);
    await cache.getEncryptionMaterials(request({ n: '1' }));
    expect(state.encrypts).toBe(3);
  });

  test('near its end an entry is renewed once, and nobody waits for that', async () => {
    const { keyring, state } = watchedKeyring();
    const cache = cachingMaterials({ keyring, maxAgeMs: 10_000, gracePeriodMs: 2000, graceIntervalMs: 500 });
    const first = keyOf(await cache.getEncryptionMaterials(request()));
    await vi.advanceTimersByTimeAsync(8000);
    state.delayMs = 100;
    const during = await Promise.all(
      Array.from({ length: 50 }, () => cache.getEncryptionMaterials(request())),
    );
    expect(new Set(during.map(keyOf))).toEqual(new Set([first]));
    expect(state.encrypts).toBe(2);
    await vi.advanceTimersByTimeAsync(100);
    const renewed = keyOf(await cache.getEncryptionMaterials(request()));
    expect(renewed).not.toBe(first);
    await vi.advanceTimersByTimeAsync(7000);
    expect(keyOf(await cache.getEncryptionMaterials(request()))).toBe(renewed);
    expect(state.encrypts).toBe(2);
    expect(isZeroed(state.keys[0]!)).toBe(true);
  });

  test('a renewal that fails is tried again after the grace interval, and the entry serves until its end', async () => {
    const { keyring, state } = watchedKeyring();
    const cache = cachingMaterials({ keyring, maxAgeMs: 10_000, gracePeriodMs: 2000, graceIntervalMs: 500 });
    await cache.getEncryptionMaterials(request());
    await vi.advanceTimersByTimeAsync(8000);
    state.failing = true;
    for (let i = 0; i < 10; i += 1) await cache.getEncryptionMaterials(request());
    expect(state.encrypts).toBe(2);
    await vi.advanceTimersByTimeAsync(500);
    for (let i = 0; i < 10; i += 1) await cache.getEncryptionMaterials(request());
    expect(state.encrypts).toBe(3);
    await vi.advanceTimersByTimeAsync(1500);
    await expect(cache.getEncryptionMaterials(request())).rejects.toThrow('the key service is away');
  });

  test('many callers for one entry make one call; its failure is the failure of all', async () => {
    const { keyring, state } = watchedKeyring(200);
    const cache = cachingMaterials({ keyring, maxAgeMs: 10_000 });
    state.failing = true;
    const failed = Promise.allSettled(
      Array.from({ length: 100 }, () => cache.getEncryptionMaterials(request())),
    );
    await vi.advanceTimersByTimeAsync(200);
    expect((await failed).every(({ status }) => status === 'rejected')).toBe(true);
    expect(state.encrypts).toBe(1);

    state.failing = false;
    const served = Promise.all(Array.from({ length: 100 }, () => cache.getEncryptionMaterials(request())));
    await vi.advanceTimersByTimeAsync(200);
    expect(new Set((await served).map(keyOf)).size).toBe(1);
    expect(state.encrypts).toBe(2);
  });

  test('a keyring that does not answer is asked again after the grace interval; waiting ends at the in-flight limit', async () => {
    const { keyring, state } = watchedKeyring(60_000);
    const cache = cachingMaterials({
      keyring,
      maxAgeMs: 100_000,
      gracePeriodMs: 10_000,
      graceIntervalMs: 1000,
      inFlightTtlMs: 3000,
    });
    const calls = Promise.allSettled(
      Array.from({ length: 8 }, () => cache.getEncryptionMaterials(request())),
    );
    await vi.advanceTimersByTimeAsync(500);
    expect(state.encrypts).toBe(1);
    await vi.advanceTimersByTimeAsync(600);
    expect(state.encrypts).toBe(2);
    await vi.advanceTimersByTimeAsync(100_000);
    const results = await calls;
    const timedOut = results.filter(
      (result) => result.status === 'rejected' && result.reason instanceof MaterialsTimeoutError,
    );
    // Those that asked the keyring got its answer; all others gave up.
    expect(timedOut.length).toBe(8 - state.encrypts);
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(state.encrypts);
  });

  test('no more entries are asked for at a time than the fan-out', async () => {
    const { keyring, state } = watchedKeyring(100);
    const cache = cachingMaterials({ keyring, maxAgeMs: 10_000, fanOut: 3 });
    const all = Promise.all(
      Array.from({ length: 9 }, (_, index) => cache.getEncryptionMaterials(request({ n: String(index) }))),
    );
    await vi.advanceTimersByTimeAsync(50);
    expect(state.encrypts).toBe(3);
    await vi.advanceTimersByTimeAsync(100);
    expect(state.encrypts).toBe(6);
    await vi.advanceTimersByTimeAsync(200);
    await all;
    expect(state.encrypts).toBe(9);
  });
});

describe('clear', () => {
  test('zeroes what is cached, and does not keep what is on its way', async () => {
    const { keyring, state } = watchedKeyring(5);
    const cache = cachingMaterials({ keyring, maxAgeMs: 60_000 });
    const held = await cache.getEncryptionMaterials(request());
    const onItsWay = cache.getEncryptionMaterials(request({ n: '2' }));
    await new Promise((resolve) => setTimeout(resolve, 1));
    cache.clear();
    expect(isZeroed(state.keys[0]!)).toBe(true);
    expect(isZeroed(held.plaintextDataKey)).toBe(false);
    const late = await onItsWay;
    expect(isZeroed(late.plaintextDataKey)).toBe(false);
    await cache.getEncryptionMaterials(request({ n: '2' }));
    expect(state.encrypts).toBe(3);
  });
});

describe('cache entry identifiers', () => {
  const context = { b: '2', a: '1' };
  const serialized = Buffer.from('00020001610001310001620001' + '32', 'hex');
  const sha384 = (...parts: Uint8Array[]) => createHash('sha384').update(Buffer.concat(parts)).digest('hex');
  const bytes = (...values: number[]) => Buffer.from(values);

  test('encryption, with algorithm suite', async () => {
    expect(await encryptionEntryId('part', request(context))).toBe(
      sha384(bytes(1, 0, 1, 0), Buffer.from('part'), bytes(0, 1, 0, 4, 0x78, 0), serialized),
    );
  });

  test('decryption: the encrypted data keys are sorted', async () => {
    const key = (byte: number) => ({ providerId: 'p', providerInfo: 'i', ciphertext: bytes(byte) });
    const entry = (byte: number) => bytes(0, 1, 0x70, 0, 1, 0x69, 0, 1, byte);
    const expected = sha384(
      bytes(1, 0, 2, 0),
      Buffer.from('part'),
      bytes(0, 4, 0x78, 0),
      entry(1),
      entry(2),
      bytes(0),
      serialized,
    );
    for (const encryptedDataKeys of [
      [key(1), key(2)],
      [key(2), key(1)],
    ]) {
      expect(await decryptionEntryId('part', { suite, encryptionContext: context, encryptedDataKeys })).toBe(
        expected,
      );
    }
  });

  test('two caches over one manager do not share entries unless they share the partition', async () => {
    const { keyring } = watchedKeyring();
    const source = defaultMaterials(keyring);
    const id = (partition: string) => encryptionEntryId(partition, request());
    expect(await id('a')).not.toBe(await id('b'));
    const [one, two] = [
      cachingMaterials({ materials: source, maxAgeMs: 1000 }),
      cachingMaterials({ materials: source, maxAgeMs: 1000 }),
    ];
    expect(keyOf(await one.getEncryptionMaterials(request()))).not.toBe(
      keyOf(await two.getEncryptionMaterials(request())),
    );
  });
});
