import { randomBytes } from 'node:crypto';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createOssEncryptionClient, type OssEncryptionClient } from '../client.ts';
import { ObjectChangedError, ObjectNotFoundError } from '../errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { createBucket, storeMakers, storeOptions } from '../test-support/cloud.ts';
import { expectBytes, newKeyring } from '../test-support/fixtures.ts';
import { WriteFailedError } from '../write-outcome.ts';

const keyring = newKeyring();
const content = new Uint8Array(randomBytes(500_000));
const retry = { retries: 3, initialDelayMs: 1, maxDelayMs: 4 };

let cloud: LocalCloud;
beforeAll(async () => {
  cloud = await startLocalCloud();
  await createBucket(cloud, 'copies');
});
afterEach(() => cloud.faults.clear());
afterAll(() => cloud.close());

describe.each(Object.entries(storeMakers))('a copy over %s', (name, makeStore) => {
  let store: ObjectStore;
  let client: OssEncryptionClient;
  beforeAll(async () => {
    store = makeStore(storeOptions(cloud, 'copies'));
    client = createOssEncryptionClient({ store, keyring, retry });
    await client.put(`${name}-source`, content, { context: { tenant: 'a' }, metadata: { mine: '1' } });
  });

  const breakPuts = (times: number) =>
    cloud.faults.inject({ service: 'oss', operation: 'PutObject', kind: 'reset', times });

  it('whose write breaks is made again from its source', async () => {
    breakPuts(3);
    await client.copy(`${name}-source`, `${name}-copy`, { ifAbsent: true });
    const object = await client.get(`${name}-copy`);
    expect(object).toMatchObject({ context: { tenant: 'a' }, metadata: { mine: '1' } });
    expectBytes(await object.bytes(), content);
  });

  it('whose every write breaks says that nothing was replaced', async () => {
    breakPuts(4);
    const error = await client.copy(`${name}-source`, `${name}-none`).catch((failed: unknown) => failed);
    expect(error).toBeInstanceOf(WriteFailedError);
    expect((error as WriteFailedError).outcome).toBe('unchanged');
    await expect(store.head(`${name}-none`)).rejects.toThrow(ObjectNotFoundError);
  });

  it('is of one version of its source', async () => {
    await client.put(`${name}-moving`, 'first');
    breakPuts(1);
    let reads = 0;
    const meddling: ObjectStore = {
      ...store,
      async get(...parameters) {
        if (++reads === 2) await client.put(`${name}-moving`, 'second');
        return store.get(...parameters);
      },
    };
    const racing = createOssEncryptionClient({ store: meddling, keyring, retry });
    await expect(racing.copy(`${name}-moving`, `${name}-moved`)).rejects.toThrow(ObjectChangedError);
    expect(reads).toBe(2);
  });

  it('is not tried again when the source is not there', async () => {
    await expect(client.copy(`${name}-nothing`, `${name}-none`)).rejects.toThrow(ObjectNotFoundError);
  });
});
