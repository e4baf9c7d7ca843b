import { randomBytes } from 'node:crypto';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOssEncryptionClient } from './client.ts';
import { ObjectExistsError, StoreConnectionError, StoreCredentialsError } from './errors.ts';
import type { ObjectStore } from './store/object-store.ts';
import { createBucket, storeMakers, storeOptions } from './test-support/cloud.ts';
import { expectBytes, newKeyring } from './test-support/fixtures.ts';

let cloud: LocalCloud;
beforeAll(async () => {
  cloud = await startLocalCloud();
  await createBucket(cloud, 'outcomes');
});
afterAll(() => cloud.close());

const keyring = newKeyring();
const clientOver = (store: ObjectStore) =>
  createOssEncryptionClient({ store, keyring, retry: { retries: 2, initialDelayMs: 1, maxDelayMs: 2 } });
const facts = { action: 'oss:PutObject', bucket: 'outcomes' };
const broken = () => new StoreConnectionError('the connection to OSS failed', facts);

describe.each(Object.entries(storeMakers))('%s: a write whose first answer is lost', (name, makeStore) => {
  let store: ObjectStore;
  let counter = 0;
  const newKey = () => `${name}-${counter++}`;
  beforeAll(() => {
    store = makeStore(storeOptions(cloud, 'outcomes'));
  });
  /** The first object is stored and its answer lost; `later` decides about the tries after it. */
  const losing = (later: ObjectStore['put'] = store.put): ObjectStore => {
    let tries = 0;
    return {
      ...store,
      async put(...parameters) {
        tries += 1;
        if (tries > 1) return later(...parameters);
        await store.put(...parameters);
        throw broken();
      },
    };
  };
  const read = async (key: string) => (await clientOver(store).get(key)).bytes();
  // At once, and as a stream that is encrypted anew for each try.
  const sizes = [1_000, 5 * 1024 * 1024];

  it.each(sizes)(
    'and whose other tries find no connection has replaced the object (%i bytes)',
    async (size) => {
      const key = newKey();
      await clientOver(store).put(key, 'old');
      const bytes = new Uint8Array(randomBytes(size));
      const result = await clientOver(losing(() => Promise.reject(broken()))).put(key, bytes);
      const stored = await store.head(key);
      expect(result).toMatchObject({ length: size, storedLength: stored.length, etag: stored.etag });
      expectBytes(await read(key), bytes);
    },
  );

  it.each(sizes)('with ifAbsent meets its own object (%i bytes)', async (size) => {
    const key = newKey();
    const bytes = new Uint8Array(randomBytes(size));
    await clientOver(losing()).put(key, bytes, { ifAbsent: true });
    expectBytes(await read(key), bytes);
    await expect(clientOver(store).put(key, bytes, { ifAbsent: true })).rejects.toThrow(ObjectExistsError);
  });

  it('is a success although later tries are refused', async () => {
    const key = newKey();
    const refuse = () =>
      Promise.reject(new StoreCredentialsError('OSS rejected the credentials', facts, false));
    const bytes = new Uint8Array(randomBytes(5 * 1024 * 1024));
    await clientOver(losing(refuse)).put(key, bytes);
    expectBytes(await read(key), bytes);
  });

  it('is unknown when nobody can say what is there', async () => {
    const lost = losing(() => Promise.reject(broken()));
    const blind = clientOver({ ...lost, head: () => Promise.reject(broken()) });
    await expect(blind.put(newKey(), new Uint8Array(5 * 1024 * 1024))).rejects.toMatchObject({
      code: 'WriteFailed',
      outcome: 'unknown',
    });
  });

  it('has not replaced an object when the store never got all of it', async () => {
    const key = newKey();
    await clientOver(store).put(key, 'old');
    const put: ObjectStore['put'] = async (_key, body) => {
      if (!(body instanceof Uint8Array)) for await (const _ of body.stream) break;
      throw broken();
    };
    const attempt = clientOver({ ...store, put }).put(key, new Uint8Array(5 * 1024 * 1024));
    await expect(attempt).rejects.toMatchObject({ outcome: 'unchanged' });
    expect(Buffer.from(await read(key)).toString()).toBe('old');
  });

  it.each(['object', 'metadata'] as const)('is done when it is a rewrap (header in %s)', async (headerIn) => {
    const key = newKey();
    const to = newKeyring('next');
    await createOssEncryptionClient({ store, keyring, headerIn }).put(key, 'text');
    let copies = 0;
    const losingCopy: ObjectStore['copy'] = async (...parameters) => {
      copies += 1;
      const result = await store.copy(...parameters);
      if (copies > 1) return result;
      throw broken();
    };
    await clientOver({ ...losing(), copy: losingCopy }).rewrap(key, { to });
    const next = createOssEncryptionClient({ store, keyring: to });
    expect(await (await next.get(key)).text()).toBe('text');
  });
});
