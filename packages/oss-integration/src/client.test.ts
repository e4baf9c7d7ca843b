import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { inspectMessage, multiKeyring, suites } from '@yunseal/crypto-core';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createOssEncryptionClient, type OssEncryptionClient } from './client.ts';
import {
  ObjectChangedError,
  ObjectExistsError,
  ObjectIdentityError,
  ObjectNotEncryptedError,
  ObjectNotFoundError,
  RangeNotSatisfiableError,
} from './errors.ts';
import type { OssEncryptionClientOptions } from './settings.ts';
import type { ObjectStore } from './store/object-store.ts';
import { createBucket, storeMakers, storeOptions } from './test-support/cloud.ts';
import { expectBytes, newKeyring, withFolder } from './test-support/fixtures.ts';
import { collect } from './testing/object-store-conformance.ts';

let cloud: LocalCloud;
let counter = 0;
beforeAll(async () => {
  cloud = await startLocalCloud();
  await createBucket(cloud, 'client-tests');
});
afterAll(() => cloud.close());

describe.each(Object.entries(storeMakers))('framed objects over %s', (_, makeStore) => {
  const keyring = newKeyring();
  let store: ObjectStore;
  let client: OssEncryptionClient;
  let key: string;
  const clientWith = (options: Partial<OssEncryptionClientOptions> = {}) =>
    createOssEncryptionClient({
      store,
      keyring,
      frameLength: 1024,
      retry: { initialDelayMs: 1 },
      ...options,
    });
  const storedBytes = async (name = key) => collect((await store.get(name)).body);

  beforeAll(() => {
    store = makeStore(storeOptions(cloud, 'client-tests'));
    client = clientWith();
  });
  beforeEach(() => {
    key = `object-${counter++}`;
  });

  it('comes back as it was put, with context, metadata and type', async () => {
    const bytes = new Uint8Array(randomBytes(10_000));
    const put = await client.put(key, bytes, {
      context: { purpose: 'test' },
      metadata: { colour: 'blue' },
      contentType: 'image/x-test',
    });
    expect(put.length).toBe(10_000);
    const object = await client.get(key);
    expect(object).toMatchObject({
      key,
      layout: 'framed',
      authenticated: true,
      length: 10_000,
      etag: put.etag,
      context: { purpose: 'test' },
      metadata: { colour: 'blue' },
      contentType: 'image/x-test',
    });
    expectBytes(await object.bytes(), bytes);
    const stored = await storedBytes();
    expect(stored.length).toBe(put.storedLength);
    expect(inspectMessage(stored)).toMatchObject({
      format: 'framed',
      suite: suites['0x0478'],
      context: { purpose: 'test', 'acs:oss:bucket': 'client-tests', 'acs:oss:key': key },
    });
    expect(stored.includes(Buffer.from(bytes.subarray(0, 32)))).toBe(false);
  });

  it.each([0, 1, 1023, 1024, 1025, 2048, 5_000])(
    'of %i bytes comes back from every kind of source',
    async (size) => {
      const bytes = new Uint8Array(randomBytes(size));
      await withFolder(async (folder) => {
        const path = join(folder, 'source');
        await writeFile(path, bytes);
        const sources = [
          bytes,
          Buffer.from(bytes),
          new Blob([bytes]),
          Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]),
          new Blob([bytes]).stream(),
          { path },
        ];
        for (const source of sources) {
          const { length } = await client.put(key, source);
          expect(length).toBe(size);
          expectBytes(await (await client.get(key)).bytes(), bytes);
        }
      });
    },
  );

  it('holds strings as UTF-8', async () => {
    await client.put(key, 'сообщение 🔒');
    expect(await (await client.get(key)).text()).toBe('сообщение 🔒');
  });

  it('is saved under its name only when it is whole', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'result');
      const bytes = randomBytes(5_000);
      await client.put(key, bytes);
      await (await client.get(key)).saveTo(path);
      expect((await readFile(path)).equals(bytes)).toBe(true);
      const stored = await storedBytes();
      stored[stored.length - 1]! ^= 1;
      await store.put(key, stored);
      const damaged = await client.get(key);
      await expect(damaged.saveTo(join(folder, 'damaged'))).rejects.toMatchObject({
        code: 'AuthenticationFailed',
      });
      expect(await readdir(folder)).toEqual(['result']);
    });
  });

  it('gives any range, and HTTP’s answers beyond the end', async () => {
    const bytes = new Uint8Array(randomBytes(5_000));
    await client.put(key, bytes);
    const check = async (
      range: Parameters<OssEncryptionClient['getRange']>[1],
      first: number,
      last: number,
    ) => {
      const read = await client.getRange(key, range);
      expect(read.range).toEqual({ first, last });
      expect(read.length).toBe(5_000);
      expect(read.contentRange).toBe(`bytes ${first}-${last}/5000`);
      expectBytes(await read.bytes(), bytes.subarray(first, last + 1));
    };
    await check({ first: 0, last: 0 }, 0, 0);
    await check({ first: 1023, last: 1024 }, 1023, 1024);
    await check({ first: 4_999 }, 4_999, 4_999);
    await check({ suffix: 1 }, 4_999, 4_999);
    await check({ suffix: 9_999 }, 0, 4_999);
    await check('bytes=100-', 100, 4_999);
    await check('bytes=4096-99999', 4_096, 4_999);
    await fc.assert(
      fc.asyncProperty(fc.nat(4_999), fc.nat(4_999), async (a, b) => {
        const [first, last] = [Math.min(a, b), Math.max(a, b)];
        await check({ first, last }, first, last);
      }),
      { numRuns: 20 },
    );
    await expect(client.getRange(key, { first: 5_000 })).rejects.toThrow(RangeNotSatisfiableError);
    await expect(client.getRange(key, { suffix: 0 })).rejects.toThrow(RangeNotSatisfiableError);
    await client.put(key, '');
    await expect(client.getRange(key, { first: 0 })).rejects.toThrow(RangeNotSatisfiableError);
  });

  it('gives a range by fetching the header, the frames that hold it and the final one', async () => {
    await client.put(key, randomBytes(200_000));
    const ranges: unknown[] = [];
    const watched: ObjectStore = {
      ...store,
      get: (name, options) => {
        ranges.push(options?.range);
        return store.get(name, options);
      },
    };
    const stored = await storedBytes();
    const { headerLength } = inspectMessage(stored);
    const { length } = stored;
    const read = await clientWith({ store: watched }).getRange(key, { first: 150_000, last: 150_010 });
    expect(await read.bytes()).toHaveLength(11);
    const frame = Math.floor(150_000 / 1024);
    const offset = headerLength + frame * (1024 + 32);
    expect(ranges).toEqual([
      { first: 0, last: 16_383 },
      { first: offset, last: offset + 1024 + 31 },
      { first: length - (200_000 % 1024) - 40, last: length - 1 },
    ]);
  });

  it('is described without its key', async () => {
    const stranger = clientWith({ keyring: newKeyring('other') });
    for (const size of [0, 1, 1024, 3_000]) {
      const { storedLength, etag } = await client.put(key, randomBytes(size), { context: { a: 'b' } });
      expect(await stranger.head(key)).toMatchObject({
        layout: 'framed',
        length: size,
        storedLength,
        etag,
        suite: suites['0x0478'],
        context: { a: 'b', 'acs:oss:key': key },
        encryptedDataKeys: [{ providerId: 'oss-tests' }],
      });
    }
    await expect(stranger.get(key)).rejects.toMatchObject({ code: 'DataKeyUnwrapFailed' });
  });

  it('with a header longer than the first fetch is read and described all the same', async () => {
    const context = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [`entry-${index}`, 'x'.repeat(900)]),
    );
    const bytes = new Uint8Array(randomBytes(3_000));
    await client.put(key, bytes, { context });
    expect((await client.head(key)).length).toBe(3_000);
    expectBytes(await (await client.get(key)).bytes(), bytes);
    expectBytes(await (await client.getRange(key, { first: 5, last: 6 })).bytes(), bytes.subarray(5, 7));
  });

  it('that was copied, renamed or swapped is refused, unless told', async () => {
    const other = `${key}-moved`;
    await client.put(key, 'mine');
    await store.copy(key, other);
    for (const attempt of [() => client.get(other), () => client.getRange(other, { first: 0 })]) {
      await expect(attempt()).rejects.toThrow(ObjectIdentityError);
    }
    expect(await (await client.get(other, { boundTo: { key } })).text()).toBe('mine');
    expect(await (await client.getRange(other, { first: 1 }, { boundTo: false })).text()).toBe('ine');
    await client.put(other, 'unbound', { boundTo: false });
    await expect(client.get(other)).rejects.toThrow(ObjectIdentityError);
    expect(await (await client.get(other, { boundTo: false })).text()).toBe('unbound');
  });

  it('that is not encrypted is refused, unless consented to', async () => {
    await store.put(key, Buffer.from('plain'));
    await expect(client.get(key)).rejects.toThrow(ObjectNotEncryptedError);
    await expect(client.getRange(key, { first: 0 })).rejects.toThrow(ObjectNotEncryptedError);
    const object = await client.get(key, { allowUnencrypted: true });
    expect(object).toMatchObject({ layout: undefined, authenticated: false });
    expect(await object.text()).toBe('plain');
    expect(await (await client.getRange(key, { suffix: 2 }, { allowUnencrypted: true })).text()).toBe('in');
    expect(await client.head(key)).toMatchObject({ layout: undefined, length: 5 });
    await store.put(key, new Uint8Array());
    await expect(client.get(key)).rejects.toThrow(ObjectNotEncryptedError);
  });

  it('must have the context that the caller expects', async () => {
    await client.put(key, 'x', { context: { tenant: 'a' } });
    await client.get(key, { context: { tenant: 'a' } });
    await expect(client.get(key, { context: { tenant: 'b' } })).rejects.toMatchObject({
      code: 'ContextMismatch',
    });
    await expect(client.getRange(key, { first: 0 }, { context: { tenant: 'b' } })).rejects.toMatchObject({
      code: 'ContextMismatch',
    });
  });

  it('in a signed suite is written in order and read whole', async () => {
    const signing = clientWith({ suite: '0x0578' });
    const bytes = new Uint8Array(randomBytes(1_000_000));
    await signing.put(key, Readable.from([bytes]));
    expectBytes(await (await client.get(key)).bytes(), bytes);
    await signing.upload(key, bytes, { partSize: 256 * 1024 });
    expectBytes(await (await client.get(key)).bytes(), bytes);
    await expect(client.getRange(key, { first: 0 })).rejects.toMatchObject({ code: 'UnsupportedOperation' });
    expect((await client.head(key)).length).toBeUndefined();
    await withFolder(async (folder) => {
      await client.download(key, join(folder, 'file'));
      expect((await readFile(join(folder, 'file'))).equals(bytes)).toBe(true);
    });
  });

  it('keeps its header in the metadata by option', async () => {
    const detached = clientWith({ headerIn: 'metadata' });
    const bytes = new Uint8Array(randomBytes(3_000));
    await detached.put(key, bytes, { metadata: { mine: '1' } });
    expect((await storedBytes()).length).toBe(3_000 + 2 * 32 + 40);
    const object = await client.get(key);
    expect(object.metadata).toEqual({ mine: '1' });
    expectBytes(await object.bytes(), bytes);
    expectBytes(
      await (await client.getRange(key, { first: 1_500, last: 1_600 })).bytes(),
      bytes.subarray(1_500, 1_601),
    );
    expect(await client.head(key)).toMatchObject({ layout: 'framed', length: 3_000 });
    const context = { long: 'x'.repeat(8_000) };
    await expect(detached.put(key, bytes, { context })).rejects.toMatchObject({ code: 'InvalidArgument' });
  });

  it('is written under conditions', async () => {
    const { etag } = await client.put(key, 'one', { ifAbsent: true });
    await expect(client.put(key, 'two', { ifAbsent: true })).rejects.toThrow(ObjectExistsError);
    await client.put(key, 'two', { ifMatch: etag });
    await expect(client.put(key, 'three', { ifMatch: etag })).rejects.toThrow(ObjectChangedError);
    await expect(client.put(`${key}-none`, 'x', { ifMatch: etag })).rejects.toThrow(ObjectChangedError);
    await expect(client.get(key, { ifMatch: etag })).rejects.toThrow(ObjectChangedError);
    expect(await (await client.get(key)).text()).toBe('two');
  });

  it('passes server-side encryption through', async () => {
    await client.put(key, 'x', { serverSideEncryption: { algorithm: 'AES256' } });
    expect((await store.head(key)).headers['x-oss-server-side-encryption']).toBe('AES256');
    await client.upload(key, 'y', { serverSideEncryption: { algorithm: 'AES256' } });
    expect((await store.head(key)).headers['x-oss-server-side-encryption']).toBe('AES256');
    expect(await (await client.get(key)).text()).toBe('y');
  });

  it('is listed, found, copied and deleted', async () => {
    const folder = `${key}/`;
    for (const name of ['b', 'a', 'c']) await client.put(folder + name, name, { context: { name } });
    const names: string[] = [];
    for await (const entry of client.list({ prefix: folder, pageSize: 2 })) names.push(entry.key);
    expect(names).toEqual([`${folder}a`, `${folder}b`, `${folder}c`]);
    await client.copy(`${folder}a`, `${folder}copied`);
    const copied = await client.get(`${folder}copied`);
    expect(copied.context).toEqual({ name: 'a' });
    expect(await copied.text()).toBe('a');
    expect(await client.exists(`${folder}a`)).toBe(true);
    await client.delete(`${folder}a`);
    await client.delete(`${folder}a`);
    expect(await client.exists(`${folder}a`)).toBe(false);
    await expect(client.get(`${folder}a`)).rejects.toThrow(ObjectNotFoundError);
  });

  it('is given new wrapping keys in place, or by one copy of its metadata', async () => {
    const next = newKeyring('next');
    const bytes = new Uint8Array(randomBytes(3_000));
    for (const headerIn of ['object', 'metadata'] as const) {
      await clientWith({ headerIn }).put(key, bytes, {
        metadata: { mine: '1' },
        contentType: 'text/x',
        headers: { 'cache-control': 'no-store' },
      });
      const done = await client.rewrap(key, { to: next });
      expect(done).toMatchObject({
        key,
        layout: 'framed',
        how: headerIn === 'object' ? 'moved' : 'metadata',
      });
      await expect(client.get(key)).rejects.toMatchObject({ code: 'DataKeyUnwrapFailed' });
      const object = await clientWith({ keyring: next }).get(key);
      expect(object).toMatchObject({ metadata: { mine: '1' }, contentType: 'text/x', etag: done.etag });
      expectBytes(await object.bytes(), bytes);
      expect((await store.head(key)).headers['cache-control']).toBe('no-store');
    }
  });

  it('under a prefix is given new wrapping keys, after a dry run, and once', async () => {
    const next = newKeyring('next');
    const prefix = `${key}/`;
    for (let index = 0; index < 7; index++) await client.put(`${prefix}${index}`, `content ${index}`);
    await store.put(`${prefix}plain`, Buffer.from('plain'));
    await clientWith({ keyring: newKeyring('stranger') }).put(`${prefix}strange`, 'x');
    const dry = await client.rewrap({ prefix }, { to: next, dryRun: true });
    expect(dry).toMatchObject({ planned: 8, skipped: 1, rewrapped: 0, failures: [] });
    expect(await (await client.get(`${prefix}0`)).text()).toBe('content 0');
    const report = await client.rewrap({ prefix }, { to: next, concurrency: 3 });
    expect(report).toMatchObject({ rewrapped: 7, skipped: 1 });
    expect(report.failures).toMatchObject([{ key: `${prefix}strange`, code: 'DataKeyUnwrapFailed' }]);
    const rotated = clientWith({ keyring: next });
    for (let index = 0; index < 7; index++) {
      expect(await (await rotated.get(`${prefix}${index}`)).text()).toBe(`content ${index}`);
    }
    const isCurrent = (head: { encryptedDataKeys: readonly { providerInfo: string }[] }) =>
      head.encryptedDataKeys.every(({ providerInfo }) => providerInfo.startsWith('next'));
    const again = await client.rewrap(
      { prefix },
      { from: multiKeyring({ children: [keyring, next] }), to: next, skip: isCurrent },
    );
    expect(again).toMatchObject({ rewrapped: 0, skipped: 8 });
  });

  it('under a prefix goes on from a checkpoint after it was stopped', async () => {
    const next = newKeyring('next');
    const prefix = `${key}/`;
    for (let index = 0; index < 6; index++) await client.put(`${prefix}${index}`, `content ${index}`);
    await withFolder(async (folder) => {
      const checkpoint = join(folder, 'rewrap.json');
      const controller = new AbortController();
      let seen = 0;
      const stopped = client.rewrap(
        { prefix },
        {
          to: next,
          concurrency: 1,
          checkpoint,
          signal: controller.signal,
          onObject: () => ++seen === 3 && controller.abort(new Error('stop')),
        },
      );
      await expect(stopped).rejects.toThrow('stop');
      const rest = await client.rewrap({ prefix }, { to: next, checkpoint });
      expect(rest.failures).toEqual([]);
      expect(rest.rewrapped).toBeLessThan(6);
      expect(rest.rewrapped).toBeGreaterThan(0);
      expect(await readdir(folder)).toEqual([]);
      const rotated = clientWith({ keyring: next });
      for (let index = 0; index < 6; index++) await (await rotated.get(`${prefix}${index}`)).bytes();
    });
  });
});
