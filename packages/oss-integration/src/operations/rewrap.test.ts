import { randomBytes } from 'node:crypto';
import { YunsealError } from '@yunseal/crypto-core';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createOssEncryptionClient } from '../client.ts';
import { ObjectChangedError, StoreConnectionError } from '../errors.ts';
import type { OssEncryptionClientOptions } from '../settings.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { createBucket, storeMakers, storeOptions } from '../test-support/cloud.ts';
import { expectBytes, newKeyring } from '../test-support/fixtures.ts';
import { collect } from '../testing/object-store-conformance.ts';

let cloud: LocalCloud;
let store: ObjectStore;
let key: string;
let counter = 0;
beforeAll(async () => {
  cloud = await startLocalCloud();
  await createBucket(cloud, 'rewraps');
});
afterAll(() => cloud.close());
beforeEach(() => {
  key = `object-${counter++}`;
});

const keyring = newKeyring();
const to = newKeyring('next');
const clientWith = (options: Partial<OssEncryptionClientOptions> = {}) =>
  createOssEncryptionClient({
    store,
    keyring,
    frameLength: 1024,
    retry: { retries: 2, initialDelayMs: 1, maxDelayMs: 2 },
    ...options,
  });
const storedBytes = async () => collect((await store.get(key)).body);
const readWith = async (options: Partial<OssEncryptionClientOptions>) =>
  (await clientWith(options).get(key)).bytes();

describe.each(Object.entries(storeMakers))('rewrap over %s', (_, makeStore) => {
  beforeAll(() => {
    store = makeStore(storeOptions(cloud, 'rewraps'));
  });

  it.each(['put', 'delete'] as const)('reports another writer who comes right after it (%s)', async (how) => {
    await clientWith().put(key, 'old');
    const raced: ObjectStore = {
      ...store,
      async put(...parameters) {
        const result = await store.put(...parameters);
        await (how === 'put' ? clientWith().put(key, 'of somebody else') : store.delete(key));
        return result;
      },
    };
    await expect(clientWith({ store: raced }).rewrap(key, { to })).rejects.toThrow(ObjectChangedError);
    if (how === 'put') expect(Buffer.from(await readWith({})).toString()).toBe('of somebody else');
  });

  it('leaves the object of another writer alone who comes while it is reading', async () => {
    await clientWith().put(key, randomBytes(300_000));
    let heads = 0;
    const raced: ObjectStore = {
      ...store,
      async head(...parameters) {
        heads += 1;
        if (heads === 1) await clientWith().put(key, 'of somebody else');
        return store.head(...parameters);
      },
    };
    await expect(clientWith({ store: raced }).rewrap(key, { to })).rejects.toThrow(ObjectChangedError);
    expect(Buffer.from(await readWith({})).toString()).toBe('of somebody else');
  });

  it('of metadata is done when its answer was lost and the copy has another ETag', async () => {
    await clientWith({ headerIn: 'metadata' }).put(key, 'text');
    let copies = 0;
    const losing: ObjectStore = {
      ...store,
      async copy(...parameters) {
        copies += 1;
        if (copies > 1) throw new ObjectChangedError('the ETag is another', facts);
        await store.copy(...parameters);
        throw new StoreConnectionError('the connection to OSS failed', facts);
      },
    };
    const facts = { action: 'oss:PutObject', bucket: 'rewraps' };
    await clientWith({ store: losing }).rewrap(key, { to });
    expect(Buffer.from(await readWith({ keyring: to })).toString()).toBe('text');
    await clientWith({ headerIn: 'metadata' }).put(key, 'text');
    const changed: ObjectStore = {
      ...store,
      copy: () => Promise.reject(new ObjectChangedError('the ETag is another', facts)),
    };
    await expect(clientWith({ store: changed }).rewrap(key, { to })).rejects.toThrow(ObjectChangedError);
  });

  it('can renew the frames, so that none of the old object goes into the new one', async () => {
    const bytes = new Uint8Array(randomBytes(100_000));
    await clientWith().put(key, bytes, { metadata: { mine: '1' } });
    const before = await storedBytes();
    await clientWith().rewrap(key, { to });
    const kept = await storedBytes();
    expect(kept.subarray(-1_000)).toEqual(before.subarray(-1_000));
    await clientWith({ keyring: to }).rewrap(key, { to: keyring, frames: 'renew' });
    const renewed = await storedBytes();
    expect(renewed.length).toBe(before.length);
    expect(renewed.subarray(-1_000)).not.toEqual(before.subarray(-1_000));
    expectBytes(await readWith({}), bytes);
    expect((await store.head(key)).metadata).toEqual({ mine: '1' });
  });

  it('renews no frames that somebody changed, nor an object that was swapped', async () => {
    await clientWith().put(key, randomBytes(100_000));
    const damaged = await storedBytes();
    damaged[50_000]! ^= 1;
    await store.put(key, damaged);
    const renew = () => clientWith().rewrap(key, { to, frames: 'renew' });
    await expect(renew()).rejects.toBeInstanceOf(YunsealError);
    expectBytes(await storedBytes(), damaged);
    await clientWith().put('other', 'x');
    await store.copy('other', key);
    await expect(renew()).rejects.toMatchObject({ code: 'ObjectIdentityMismatch' });
  });

  it('says where frames cannot be renewed', async () => {
    for (const options of [{ headerIn: 'metadata' }, { layout: 'encryption-sdk' }] as const) {
      await clientWith(options).put(key, 'x');
      const attempt = clientWith(options).rewrap(key, { to, frames: 'renew' });
      await expect(attempt).rejects.toMatchObject({ code: 'UnsupportedOperation' });
      expect(Buffer.from(await readWith(options)).toString()).toBe('x');
    }
  });
});
