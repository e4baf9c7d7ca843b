import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createOssEncryptionClient, type OssEncryptionClient } from './client.ts';
import { CheckpointError, ObjectExistsError, ObjectNotFoundError } from './errors.ts';
import { alicloudOssStore } from './store/alicloud-oss/store.ts';
import type { ObjectStore } from './store/object-store.ts';
import { createBucket, storeOptions } from './test-support/cloud.ts';
import { expectBytes, newKeyring, withFolder } from './test-support/fixtures.ts';
import { collect } from './testing/object-store-conformance.ts';

const PART = 102_400;

let cloud: LocalCloud;
let store: ObjectStore;
let counter = 0;
let key: string;
const keyring = newKeyring();
beforeAll(async () => {
  cloud = await startLocalCloud();
  await createBucket(cloud, 'transfers');
  store = alicloudOssStore(storeOptions(cloud, 'transfers'));
});
afterAll(() => cloud.close());
beforeEach(() => {
  key = `object-${counter++}`;
});

const clientOver = (over: ObjectStore): OssEncryptionClient =>
  createOssEncryptionClient({
    store: over,
    keyring,
    frameLength: 4096,
    retry: { initialDelayMs: 1, maxDelayMs: 5 },
  });

/** Run a hook before each request of one kind. */
function hooked<M extends keyof ObjectStore>(method: M, before: () => Promise<void> | void): ObjectStore {
  const original = store[method] as (...parameters: unknown[]) => Promise<unknown>;
  return {
    ...store,
    [method]: async (...parameters: unknown[]) => {
      await before();
      return original(...parameters);
    },
  };
}

describe('upload', () => {
  it.each([0, 1, PART - 1, PART, PART + 1, 5 * PART + 7])(
    'of %i bytes makes the object that put makes',
    async (size) => {
      const bytes = new Uint8Array(randomBytes(size));
      for (const source of [bytes, Readable.from([bytes])]) {
        const progress: number[] = [];
        const done = await clientOver(store).upload(key, source, {
          partSize: PART,
          metadata: { mine: '1' },
          onProgress: ({ transferred }) => progress.push(transferred),
        });
        expect(done.length).toBe(size);
        expect(progress.at(-1)).toBe(done.storedLength);
        const object = await clientOver(store).get(key);
        expect(object).toMatchObject({ length: size, metadata: { mine: '1' }, etag: done.etag });
        expectBytes(await object.bytes(), bytes);
      }
    },
  );

  it('takes frames and pieces of any length, longer than a part too', async () => {
    const bytes = new Uint8Array(randomBytes(10 * PART));
    for (const frameLength of [1_000, PART, 3 * PART, 20 * PART]) {
      const client = createOssEncryptionClient({ store, keyring, frameLength });
      await client.upload(key, Readable.from([bytes]), { partSize: PART });
      expectBytes(await (await client.get(key)).bytes(), bytes);
    }
  });

  it('sends parts side by side, and holds no more of them than that', async () => {
    let inFlight = 0;
    let most = 0;
    const counting: ObjectStore = {
      ...store,
      async uploadPart(...parameters) {
        most = Math.max(most, ++inFlight);
        try {
          return await store.uploadPart(...parameters);
        } finally {
          inFlight--;
        }
      },
    };
    let given = 0;
    const ahead: number[] = [];
    let sent = 0;
    const source = async function* () {
      for (; given < 30; given++) {
        ahead.push(given - sent);
        yield randomBytes(PART);
      }
    };
    await clientOver(counting).upload(key, source(), {
      partSize: PART,
      concurrency: 3,
      onProgress: () => sent++,
    });
    expect(most).toBe(3);
    expect(Math.max(...ahead)).toBeLessThanOrEqual(6);
  });

  it('sends a part again as it was when its request fails', async () => {
    const bytes = new Uint8Array(randomBytes(4 * PART));
    const fault = cloud.faults.inject({ service: 'oss', operation: 'UploadPart', kind: 'reset', times: 3 });
    await clientOver(store).upload(key, bytes, { partSize: PART });
    fault.remove();
    expectBytes(await (await clientOver(store).get(key)).bytes(), bytes);
  });

  it('leaves nothing behind when it fails', async () => {
    const failing = async function* () {
      yield randomBytes(3 * PART);
      throw new Error('the source broke');
    };
    const ids: string[] = [];
    const noting: ObjectStore = {
      ...store,
      async createMultipartUpload(...parameters) {
        const id = await store.createMultipartUpload(...parameters);
        ids.push(id);
        return id;
      },
    };
    await expect(clientOver(noting).upload(key, failing(), { partSize: PART })).rejects.toThrow(
      'the source broke',
    );
    await expect(store.listParts(key, ids[0] ?? '')).rejects.toThrow(ObjectNotFoundError);
    await expect(store.head(key)).rejects.toThrow(ObjectNotFoundError);
  });

  it('stops when told to', async () => {
    const controller = new AbortController();
    const attempt = clientOver(store).upload(key, randomBytes(10 * PART), {
      partSize: PART,
      concurrency: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(attempt).rejects.toThrow('enough');
    await expect(store.head(key)).rejects.toThrow(ObjectNotFoundError);
  });

  it('finishes when the answer to its completion is lost, and completes once', async () => {
    const bytes = new Uint8Array(randomBytes(2 * PART));
    let completions = 0;
    const deaf: ObjectStore = {
      ...store,
      async completeMultipartUpload(...parameters) {
        const result = await store.completeMultipartUpload(...parameters);
        if (++completions > 1) return result;
        // The answer never arrives: to the client it is a connection that broke.
        throw await store.get(key, { signal: AbortSignal.timeout(0) }).then(
          () => new Error('unreachable'),
          async () => {
            const { StoreConnectionError } = await import('./errors.ts');
            return new StoreConnectionError('lost', { action: 'oss:PutObject', bucket: store.bucket, key });
          },
        );
      },
    };
    const done = await clientOver(deaf).upload(key, bytes, { partSize: PART });
    expect(completions).toBe(1);
    expect((await store.head(key)).etag).toBe(done.etag);
    expectBytes(await (await clientOver(store).get(key)).bytes(), bytes);
  });

  it('respects ifAbsent', async () => {
    await clientOver(store).put(key, 'there');
    await expect(clientOver(store).upload(key, 'new', { ifAbsent: true })).rejects.toThrow(ObjectExistsError);
  });

  it.each([1024, 5 * 1024 ** 3 + 1, 1.5, Number.NaN])('refuses a part size of %s', async (partSize) => {
    await expect(clientOver(store).upload(key, 'x', { partSize })).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
  });
});

describe('upload with a checkpoint', () => {
  it('goes on where it stopped, without the key', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'source');
      const checkpoint = join(folder, 'checkpoint.json');
      const bytes = new Uint8Array(randomBytes(8 * PART + 5));
      await writeFile(path, bytes);
      const controller = new AbortController();
      let parts = 0;
      const stopped = clientOver(store).upload(
        key,
        { path },
        {
          partSize: PART,
          concurrency: 1,
          checkpoint,
          signal: controller.signal,
          onProgress: () => ++parts === 3 && controller.abort(new Error('power cut')),
        },
      );
      await expect(stopped).rejects.toThrow('power cut');
      expect((await readdir(folder)).sort()).toEqual(['checkpoint.json', 'checkpoint.json.data', 'source']);
      let sent = 0;
      const counting = hooked('uploadPart', () => void sent++);
      const stranger = createOssEncryptionClient({ store: counting, keyring: newKeyring('stranger') });
      await stranger.upload(key, { path }, { partSize: PART, checkpoint });
      expect(sent).toBe(9 - 3);
      expectBytes(await (await clientOver(store).get(key)).bytes(), bytes);
      expect(await readdir(folder)).toEqual(['source']);
    });
  });

  it('goes on after the process was killed', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'source');
      const checkpoint = join(folder, 'checkpoint.json');
      const bytes = new Uint8Array(randomBytes(20 * PART));
      await writeFile(path, bytes);
      const keyBytes = randomBytes(32).toString('hex');
      const { accessKeyId, accessKeySecret } = cloud.administrator;
      const program = `
        import { accessKey } from '@yunseal/credentials';
        import { rawAesKeyring } from '@yunseal/crypto-core';
        import { alicloudOssStore, createOssEncryptionClient } from './dist/index.js';
        const [endpoint, accessKeyId, accessKeySecret, key, path, checkpoint, keyHex] = process.argv.slice(1);
        const client = createOssEncryptionClient({
          store: alicloudOssStore({ bucket: 'transfers', endpoint, credentials: accessKey({ accessKeyId, accessKeySecret }) }),
          keyring: rawAesKeyring({ namespace: 'n', name: 'k', key: new Uint8Array(Buffer.from(keyHex, 'hex')) }),
        });
        let parts = 0;
        await client.upload(key, { path }, {
          partSize: ${PART}, concurrency: 2, checkpoint,
          onProgress: () => ++parts === 6 && process.kill(process.pid, 'SIGKILL'),
        });`;
      const argv = [cloud.endpoints.oss, accessKeyId, accessKeySecret, key, path, checkpoint, keyBytes];
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, ...argv], {
        cwd: join(import.meta.dirname, '..'),
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const signal = await new Promise((resolve) => child.once('exit', (_, by) => resolve(by)));
      expect(signal).toBe('SIGKILL');
      await expect(store.head(key)).rejects.toThrow(ObjectNotFoundError);
      let sent = 0;
      const client = clientOver(hooked('uploadPart', () => void sent++));
      await client.upload(key, { path }, { partSize: PART, checkpoint });
      expect(sent).toBeLessThanOrEqual(21 - 5);
      const { rawAesKeyring } = await import('@yunseal/crypto-core');
      const opening = rawAesKeyring({
        namespace: 'n',
        name: 'k',
        key: new Uint8Array(Buffer.from(keyBytes, 'hex')),
      });
      const reader = createOssEncryptionClient({ store, keyring: opening });
      expectBytes(await (await reader.get(key)).bytes(), bytes);
    });
  });

  it('starts again when the source changed, and gives the old upload up', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'source');
      const checkpoint = join(folder, 'checkpoint.json');
      await writeFile(path, randomBytes(4 * PART));
      const controller = new AbortController();
      const stopped = clientOver(store).upload(
        key,
        { path },
        {
          partSize: PART,
          checkpoint,
          signal: controller.signal,
          onProgress: () => controller.abort(new Error('x')),
        },
      );
      await expect(stopped).rejects.toThrow();
      const { uploadId } = JSON.parse(await readFile(checkpoint, 'utf8'));
      const changed = new Uint8Array(randomBytes(4 * PART));
      await writeFile(path, changed);
      await utimes(path, new Date(), new Date(Date.now() + 5_000));
      await clientOver(store).upload(key, { path }, { partSize: PART, checkpoint });
      expectBytes(await (await clientOver(store).get(key)).bytes(), changed);
      await expect(store.listParts(key, uploadId)).rejects.toThrow(ObjectNotFoundError);
    });
  });

  it.each([
    ['no JSON', 'not JSON'],
    ['another shape', '{"kind":"yunseal-upload"}'],
    ['a download', '{"kind":"yunseal-download","version":1}'],
  ])('refuses a checkpoint that is %s', async (_, content) => {
    await withFolder(async (folder) => {
      const path = join(folder, 'source');
      const checkpoint = join(folder, 'checkpoint.json');
      await writeFile(path, 'x');
      await writeFile(checkpoint, content);
      await expect(clientOver(store).upload(key, { path }, { checkpoint })).rejects.toThrow(CheckpointError);
    });
  });
});

describe('download', () => {
  it.each([0, 1, 4096, 4097, 1_000_000])('of %i bytes gives the whole file', async (size) => {
    await withFolder(async (folder) => {
      const path = join(folder, 'file');
      const bytes = randomBytes(size);
      await clientOver(store).put(key, bytes);
      const progress: number[] = [];
      const done = await clientOver(store).download(key, path, {
        partSize: 100_000,
        onProgress: ({ transferred, total }) => {
          expect(total).toBe(size);
          progress.push(transferred);
        },
      });
      expect(done).toMatchObject({ length: size, layout: 'framed', authenticated: true });
      expect((await readFile(path)).equals(bytes)).toBe(true);
      if (size > 0) expect(progress.at(-1)).toBe(size);
      expect(await readdir(folder)).toEqual(['file']);
    });
  });

  it('leaves no file when a frame was changed', async () => {
    await withFolder(async (folder) => {
      await clientOver(store).put(key, randomBytes(500_000));
      const read = await store.get(key);
      const stored = await collect(read.body);
      stored[stored.length - 100]! ^= 1;
      await store.put(key, stored);
      const attempt = clientOver(store).download(key, join(folder, 'file'), { partSize: 100_000 });
      await expect(attempt).rejects.toMatchObject({ code: 'AuthenticationFailed' });
      expect(await readdir(folder)).toEqual([]);
    });
  });

  it('never mixes two versions of an object', async () => {
    await withFolder(async (folder) => {
      await clientOver(store).put(key, randomBytes(500_000));
      let reads = 0;
      const meddling = hooked('get', async () => {
        if (++reads === 3) await clientOver(store).put(key, randomBytes(500_000));
      });
      const attempt = clientOver(meddling).download(key, join(folder, 'file'), {
        partSize: 100_000,
        concurrency: 1,
      });
      await expect(attempt).rejects.toMatchObject({ code: 'ObjectChanged' });
      expect(await readdir(folder)).toEqual([]);
    });
  });

  it('goes on from a checkpoint, fetching only what is missing', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'file');
      const checkpoint = join(folder, 'checkpoint.json');
      const bytes = randomBytes(1_000_000);
      await clientOver(store).put(key, bytes);
      const controller = new AbortController();
      let parts = 0;
      const stopped = clientOver(store).download(key, path, {
        partSize: 100_000,
        concurrency: 1,
        checkpoint,
        signal: controller.signal,
        onProgress: () => ++parts === 4 && controller.abort(new Error('power cut')),
      });
      await expect(stopped).rejects.toThrow('power cut');
      await expect(stat(path)).rejects.toThrow();
      let reads = 0;
      const client = clientOver(hooked('get', () => void reads++));
      await client.download(key, path, { partSize: 100_000, checkpoint });
      // The header, to see that the key is there, and eleven parts: frames make the object longer than its plaintext.
      expect(reads).toBe(1 + 11 - 4);
      expect((await readFile(path)).equals(bytes)).toBe(true);
      expect(await readdir(folder)).toEqual(['file']);
    });
  });

  it('starts again from a checkpoint of another version', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'file');
      const checkpoint = join(folder, 'checkpoint.json');
      await clientOver(store).put(key, randomBytes(300_000));
      const controller = new AbortController();
      const options = { partSize: 100_000, concurrency: 1, checkpoint };
      const stopped = clientOver(store).download(key, path, {
        ...options,
        signal: controller.signal,
        onProgress: () => controller.abort(new Error('x')),
      });
      await expect(stopped).rejects.toThrow();
      const next = randomBytes(300_000);
      await clientOver(store).put(key, next);
      await clientOver(store).download(key, path, options);
      expect((await readFile(path)).equals(next)).toBe(true);
    });
  });
});
