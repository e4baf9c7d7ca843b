import { generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  chmod,
  lstat,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createOssEncryptionClient, type OssEncryptionClient } from '../client.ts';
import { CheckpointError, ObjectChangedError, ObjectExistsError, ObjectNotFoundError } from '../errors.ts';
import { rsaMasterKey } from '../master-key.ts';
import type { OssEncryptionClientOptions } from '../settings.ts';
import { alicloudOssStore } from '../store/alicloud-oss/store.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { createBucket, storeOptions } from '../test-support/cloud.ts';
import { expectBytes, newKeyring, withFolder } from '../test-support/fixtures.ts';
import type { UploadOptions } from './upload.ts';

const PART = 102_400;
const content = new Uint8Array(randomBytes(6 * PART + 5));
const keyring = newKeyring();
const retry = { initialDelayMs: 1, maxDelayMs: 4 };

let cloud: LocalCloud;
let store: ObjectStore;
let client: OssEncryptionClient;
let counter = 0;
let key: string;
beforeAll(async () => {
  cloud = await startLocalCloud();
  await createBucket(cloud, 'resumed');
  store = alicloudOssStore(storeOptions(cloud, 'resumed'));
  client = createOssEncryptionClient({ store, keyring, retry });
});
afterAll(() => cloud.close());
beforeEach(() => {
  key = `object-${counter++}`;
});

const clientWith = (options: Partial<OssEncryptionClientOptions>) =>
  createOssEncryptionClient({ store, keyring, retry, ...options });

interface Files {
  readonly path: string;
  readonly checkpoint: string;
  readonly data: string;
}

async function withSource(use: (files: Files) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const checkpoint = join(folder, 'checkpoint.json');
    const path = join(folder, 'source');
    await writeFile(path, content);
    await use({ path, checkpoint, data: `${checkpoint}.data` });
  });
}

/** An upload that was stopped after three parts. */
async function stopped(
  { path, checkpoint }: Files,
  by = client,
  options: UploadOptions = {},
): Promise<{ uploadId: string }> {
  const controller = new AbortController();
  let parts = 0;
  const attempt = by.upload(
    key,
    { path },
    {
      ...options,
      partSize: PART,
      concurrency: 1,
      checkpoint,
      signal: controller.signal,
      onProgress: () => ++parts === 3 && controller.abort(new Error('power cut')),
    },
  );
  await expect(attempt).rejects.toThrow('power cut');
  return JSON.parse(await readFile(checkpoint, 'utf8'));
}

const resume = ({ path, checkpoint }: Files, by = client, options: UploadOptions = {}) =>
  by.upload(key, { path }, { ...options, partSize: PART, checkpoint });

async function expectStored(by = client): Promise<void> {
  expectBytes(await (await by.get(key)).bytes(), content);
}

describe('a resumed upload', () => {
  it('does not go on with an object of another layout', async () => {
    await withSource(async (files) => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const weak = clientWith({ layout: 'oss-sdk', masterKeys: [rsaMasterKey({ privateKey })] });
      const { uploadId } = await stopped(files, weak);
      await resume(files, client, { context: { tenant: 'b' } });
      const head = await client.head(key);
      expect(head.layout).toBe('framed');
      expect(head.context).toMatchObject({ tenant: 'b', 'acs:oss:key': key });
      await expectStored();
      await expect(store.listParts(key, uploadId)).rejects.toThrow(ObjectNotFoundError);
    });
  });

  it.each<[string, Partial<OssEncryptionClientOptions>, UploadOptions]>([
    ['context', {}, { context: { tenant: 'b' } }],
    ['context of the client', { context: { tenant: 'b' } }, {}],
    ['binding', {}, { boundTo: { key: 'elsewhere' } }],
    ['metadata', {}, { metadata: { mine: '1' } }],
    ['content type', {}, { contentType: 'text/plain' }],
    ['headers', {}, { headers: { 'cache-control': 'no-store' } }],
    ['encryption by the service', {}, { serverSideEncryption: { algorithm: 'AES256' } }],
    ['place of the header', { headerIn: 'metadata' }, {}],
    ['suite', { suite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384' }, {}],
  ])('starts again for another %s', async (_, ofClient, ofCall) => {
    await withSource(async (files) => {
      const { uploadId } = await stopped(files);
      const other = clientWith(ofClient);
      let sent = 0;
      await resume(files, other, { ...ofCall, onProgress: () => sent++ });
      expect(sent).toBe(7);
      await expect(store.listParts(key, uploadId)).rejects.toThrow(ObjectNotFoundError);
      const object = await other.get(key, { boundTo: ofCall.boundTo });
      expectBytes(await object.bytes(), content);
      expect(object.metadata).toEqual(ofCall.metadata ?? {});
      expect(object.context).toMatchObject({ ...ofClient.context, ...ofCall.context });
    });
  });

  it('goes on for the same request, however its names are ordered', async () => {
    await withSource(async (files) => {
      await stopped(files, client, { context: { a: '1', b: '2' }, metadata: { c: '3', d: '4' } });
      let sent = 0;
      await resume(files, client, {
        context: { b: '2', a: '1' },
        metadata: { d: '4', c: '3' },
        onProgress: () => sent++,
      });
      expect(sent).toBe(7 - 3);
      await expectStored();
    });
  });

  it('stores nothing of a spool that was altered, gives the upload up and starts again', async () => {
    await withSource(async (files) => {
      await client.put(key, 'the object that was there');
      const { uploadId } = await stopped(files);
      const file = await open(files.data, 'r+');
      await file.write(Buffer.from('EVIL'), 0, 4, 5 * PART);
      await file.close();
      await expect(resume(files)).rejects.toThrow(CheckpointError);
      expect(await (await client.get(key)).text()).toBe('the object that was there');
      await expect(store.listParts(key, uploadId)).rejects.toThrow(ObjectNotFoundError);
      expect(await readdir(join(files.path, '..'))).toEqual(['source']);
      await resume(files);
      await expectStored();
    });
  });

  it.each([
    ['cut off', (data: string) => truncate(data, PART)],
    ['gone', (data: string) => rm(data)],
  ])('starts again when the spool is %s', async (_, damage) => {
    await withSource(async (files) => {
      const { uploadId } = await stopped(files);
      await damage(files.data);
      await resume(files);
      await expectStored();
      await expect(store.listParts(key, uploadId)).rejects.toThrow(ObjectNotFoundError);
    });
  });

  it.each<[string, () => Promise<UploadOptions>]>([
    ['without conditions', async () => ({})],
    ['with ifAbsent', async () => ({ ifAbsent: true })],
    ['with ifMatch', async () => ({ ifMatch: (await client.put(key, 'old')).etag })],
  ])('that was complete when its process died is complete, %s', async (_, conditions) => {
    await withSource(async (files) => {
      const options = await conditions();
      let uploads = 0;
      const dying = clientWith({
        store: {
          ...store,
          async completeMultipartUpload(...parameters) {
            await store.completeMultipartUpload(...parameters);
            throw new Error('killed');
          },
        },
      });
      await expect(resume(files, dying, options)).rejects.toThrow('killed');
      const { etag } = await store.head(key);
      const counting = clientWith({
        store: {
          ...store,
          createMultipartUpload(...parameters) {
            uploads++;
            return store.createMultipartUpload(...parameters);
          },
        },
      });
      const done = await resume(files, counting, options);
      expect(uploads).toBe(0);
      expect(done).toMatchObject({ etag, key, length: content.length });
      expect((await store.head(key)).etag).toBe(etag);
      expect(await readdir(join(files.path, '..'))).toEqual(['source']);
      await expectStored();
    });
  });

  it('that somebody else gave up starts again, and still respects its conditions', async () => {
    await withSource(async (files) => {
      const { uploadId } = await stopped(files, client, { ifAbsent: true });
      await store.abortMultipartUpload(key, uploadId);
      await client.put(key, 'of another');
      await expect(resume(files, client, { ifAbsent: true })).rejects.toThrow(ObjectExistsError);
      await expect(resume(files, client, { ifMatch: '"0"' })).rejects.toThrow(ObjectChangedError);
      await resume(files);
      await expectStored();
    });
  });

  it.skipIf(process.platform === 'win32').each(['checkpoint', 'data'] as const)(
    'refuses a %s file that others can write, or that is a link',
    async (which) => {
      await withSource(async (files) => {
        await stopped(files);
        await chmod(files[which], 0o666);
        await expect(resume(files)).rejects.toThrow(CheckpointError);
        const target = `${files.path}.target`;
        await writeFile(target, await readFile(files[which]), { mode: 0o600 });
        await rm(files[which]);
        await symlink(target, files[which]);
        await expect(resume(files)).rejects.toThrow(/symbolic link/);
        await expect(store.head(key)).rejects.toThrow(ObjectNotFoundError);
      });
    },
  );

  it.skipIf(process.platform === 'win32')(
    'writes nothing through a link in the place of its spool',
    async () => {
      await withSource(async (files) => {
        const target = `${files.path}.target`;
        await writeFile(target, 'as it was');
        await symlink(target, files.data);
        await stopped(files);
        expect(await readFile(target, 'utf8')).toBe('as it was');
        expect((await lstat(files.data)).isSymbolicLink()).toBe(false);
        expect((await stat(files.data)).mode & 0o777).toBe(0o600);
      });
    },
  );
});
