import { randomBytes } from 'node:crypto';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOssEncryptionClient } from '../client.ts';
import { alicloudOssStore } from '../store/alicloud-oss/store.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { createBucket, storeOptions } from '../test-support/cloud.ts';
import { expectBytes, newKeyring } from '../test-support/fixtures.ts';

const MIB = 1024 ** 2;
const keyring = newKeyring();
let cloud: LocalCloud;
let store: ObjectStore;
beforeAll(async () => {
  cloud = await startLocalCloud();
  await createBucket(cloud, 'whole');
  store = alicloudOssStore(storeOptions(cloud, 'whole'));
});
afterAll(() => cloud.close());

const clientOver = (over: ObjectStore) =>
  createOssEncryptionClient({ store: over, keyring, layout: 'encryption-sdk', retry: { retries: 0 } });

/** The store, with objects that say they are `length` bytes long and break after three MiB. */
function promising(length: number, onBreak: () => void): ObjectStore {
  return {
    ...store,
    async get(...parameters) {
      const read = await store.get(...parameters);
      for await (const _ of read.body);
      const body = async function* () {
        for (let sent = 0; sent < 3; sent++) yield new Uint8Array(MIB);
        onBreak();
        throw new Error('the rest never comes');
      };
      return { ...read, length, range: { first: 0, last: length - 1 }, body: body() };
    },
  };
}

describe('a whole read', () => {
  it.each([0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB + 7])('of %i bytes gives them', async (size) => {
    const bytes = new Uint8Array(randomBytes(size));
    await clientOver(store).put('object', bytes);
    expectBytes(await (await clientOver(store).get('object')).bytes(), bytes);
  });

  it('takes memory for what arrives, not for what is promised', async () => {
    await clientOver(store).put('promising', 'x');
    const before = process.memoryUsage().arrayBuffers;
    let during = before;
    const lying = promising(2 ** 31 - 1, () => {
      during = process.memoryUsage().arrayBuffers;
    });
    await expect(clientOver(lying).get('promising')).rejects.toThrow('the rest never comes');
    expect(during).toBeGreaterThan(before);
    expect(during - before).toBeLessThan(64 * MIB);
  });

  it('of more than can be decrypted in one piece is refused before a byte of it is fetched', async () => {
    await clientOver(store).put('promising', 'x');
    let broke = false;
    const lying = promising(3 * 1024 ** 3, () => {
      broke = true;
    });
    await expect(clientOver(lying).get('promising')).rejects.toMatchObject({ code: 'LimitExceeded' });
    expect(broke).toBe(false);
  });
});
