import { createHash, randomBytes } from 'node:crypto';
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
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOssEncryptionClient, type OssEncryptionClient } from './client.ts';
import { CheckpointError, ObjectNotEncryptedError } from './errors.ts';
import { alicloudOssStore } from './store/alicloud-oss/store.ts';
import type { ObjectStore } from './store/object-store.ts';
import { createBucket, storeOptions } from './test-support/cloud.ts';
import { newKeyring, withFolder } from './test-support/fixtures.ts';

const PART = 100_000;
const content = randomBytes(1_000_000);
const keyring = newKeyring();

let cloud: LocalCloud;
let store: ObjectStore;
let client: OssEncryptionClient;
beforeAll(async () => {
  cloud = await startLocalCloud();
  await createBucket(cloud, 'spooled');
  store = alicloudOssStore(storeOptions(cloud, 'spooled'));
  client = createOssEncryptionClient({ store, keyring, retry: { initialDelayMs: 1, maxDelayMs: 4 } });
  await client.put('object', content);
});
afterAll(() => cloud.close());

interface Files {
  readonly path: string;
  readonly checkpoint: string;
  readonly data: string;
}

function filesIn(folder: string): Files {
  const checkpoint = join(folder, 'checkpoint.json');
  return { path: join(folder, 'file'), checkpoint, data: `${checkpoint}.data` };
}

const resume = ({ path, checkpoint }: Files, key = 'object') =>
  client.download(key, path, { checkpoint, partSize: PART });

/** A download that was stopped after four parts. */
async function stopped({ path, checkpoint }: Files, key = 'object'): Promise<void> {
  const controller = new AbortController();
  let parts = 0;
  const attempt = client.download(key, path, {
    checkpoint,
    partSize: PART,
    concurrency: 1,
    signal: controller.signal,
    onProgress: () => ++parts === 4 && controller.abort(new Error('power cut')),
  });
  await expect(attempt).rejects.toThrow('power cut');
}

async function overwrite(path: string, bytes: Uint8Array, position: number): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(bytes, 0, bytes.length, position);
  await file.close();
}

/** Say in the checkpoint that the parts are as the file now is, as somebody would who altered both. */
async function forgeDigests({ checkpoint, data }: Files): Promise<void> {
  const state = JSON.parse(await readFile(checkpoint, 'utf8'));
  const bytes = await readFile(data);
  for (const part of state.parts) {
    const held = bytes.subarray(part.part * PART, (part.part + 1) * PART);
    part.sha256 = createHash('sha256').update(held).digest('hex');
  }
  await writeFile(checkpoint, JSON.stringify(state));
}

describe('a download with a checkpoint', () => {
  it('has only ciphertext on the disk until it is whole', async () => {
    await withFolder(async (folder) => {
      const files = filesIn(folder);
      await stopped(files);
      expect((await readdir(folder)).sort()).toEqual(['checkpoint.json', 'checkpoint.json.data']);
      const held = await readFile(files.data);
      for (let start = 0; start + 16 < content.length; start += 10_000) {
        expect(held.includes(content.subarray(start, start + 16))).toBe(false);
      }
      expect((await stat(files.data)).mode & 0o777).toBe(0o600);
      expect((await stat(files.checkpoint)).mode & 0o777).toBe(0o600);
    });
  });

  it.each([
    ['altered', (data: string) => overwrite(data, Buffer.from('EVIL'), 50_000)],
    ['cut off', (data: string) => truncate(data, 150_000)],
    ['emptied', (data: string) => truncate(data, 0)],
    ['gone', (data: string) => rm(data)],
  ])('fetches again what was %s meanwhile', async (_, damage) => {
    await withFolder(async (folder) => {
      const files = filesIn(folder);
      await stopped(files);
      await damage(files.data);
      await resume(files);
      expect((await readFile(files.path)).equals(content)).toBe(true);
      expect(await readdir(folder)).toEqual(['file']);
    });
  });

  it('never gives out bytes that somebody put there with a checkpoint that vouches for them', async () => {
    await withFolder(async (folder) => {
      for (const position of [0, 50_000, 250_000]) {
        const files = filesIn(folder);
        await stopped(files);
        await overwrite(files.data, Buffer.from('EVIL'), position);
        await forgeDigests(files);
        await expect(resume(files)).rejects.toMatchObject({
          code: expect.stringMatching(/^(AuthenticationFailed|MalformedMessage|ObjectNotEncrypted)$/),
        });
        await expect(stat(files.path)).rejects.toThrow();
        for (const left of await readdir(folder)) await rm(join(folder, left));
      }
    });
  });

  it('does not take plaintext on the disk for the object, whatever the caller consents to', async () => {
    await withFolder(async (folder) => {
      const files = filesIn(folder);
      const planted = Buffer.alloc((await store.head('object')).length, 'A');
      // The checksum of the service tells no intent: whoever can alter bytes can make them fit.
      const fitting = { ...store, head: async () => ({ ...(await store.head('object')), crc64: undefined }) };
      const lenient = createOssEncryptionClient({
        store: fitting,
        keyring,
        allowUnencrypted: true,
        allowUnauthenticated: true,
      });
      await stopped(files);
      await writeFile(files.data, planted);
      const state = JSON.parse(await readFile(files.checkpoint, 'utf8'));
      const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
      state.parts = Array.from({ length: 11 }, (_, part) => ({
        part,
        sha256: sha256(planted.subarray(part * PART, (part + 1) * PART)),
      }));
      await writeFile(files.checkpoint, JSON.stringify(state));
      const attempt = lenient.download('object', files.path, { ...files, partSize: PART });
      await expect(attempt).rejects.toThrow(ObjectNotEncryptedError);
      expect(await readdir(folder)).toEqual([]);
    });
  });

  it('starts again after bytes that were none of the object', async () => {
    await withFolder(async (folder) => {
      const files = filesIn(folder);
      await stopped(files);
      await overwrite(files.data, Buffer.from('EVIL'), 250_000);
      await forgeDigests(files);
      await expect(resume(files)).rejects.toMatchObject({ code: 'AuthenticationFailed' });
      expect(await readdir(folder)).toEqual([]);
      await resume(files);
      expect((await readFile(files.path)).equals(content)).toBe(true);
    });
  });

  it.each([
    ['negative', [{ part: -1, sha256: '' }]],
    ['beyond the end', [{ part: 99, sha256: '' }]],
    ['no integer', [{ part: 0.5, sha256: '' }]],
    ['twice', Array(2).fill({ part: 0, sha256: '' })],
    ['a bare number', [0, 0, 0]],
  ])('refuses a checkpoint with a part that is %s', async (_, parts) => {
    await withFolder(async (folder) => {
      const files = filesIn(folder);
      await stopped(files);
      const state = JSON.parse(await readFile(files.checkpoint, 'utf8'));
      await writeFile(files.checkpoint, JSON.stringify({ ...state, parts }));
      await expect(resume(files)).rejects.toThrow(CheckpointError);
      await expect(stat(files.path)).rejects.toThrow();
    });
  });

  it.skipIf(process.platform === 'win32').each(['checkpoint', 'data'] as const)(
    'refuses a %s file that others can write, or that is a link',
    async (which) => {
      await withFolder(async (folder) => {
        const files = filesIn(folder);
        await stopped(files);
        for (const mode of [0o620, 0o602, 0o666]) {
          await chmod(files[which], mode);
          await expect(resume(files)).rejects.toThrow(CheckpointError);
        }
        const target = join(folder, 'target');
        await writeFile(target, await readFile(files[which]), { mode: 0o600 });
        await rm(files[which]);
        await symlink(target, files[which]);
        await expect(resume(files)).rejects.toThrow(/symbolic link/);
        await expect(stat(files.path)).rejects.toThrow();
      });
    },
  );

  it.skipIf(process.platform === 'win32')(
    'writes nothing through a link in the place of its data',
    async () => {
      await withFolder(async (folder) => {
        const files = filesIn(folder);
        const target = join(folder, 'target');
        await writeFile(target, 'as it was');
        await symlink(target, files.data);
        await resume(files);
        expect(await readFile(target, 'utf8')).toBe('as it was');
        expect((await lstat(files.path)).isSymbolicLink()).toBe(false);
        expect((await readFile(files.path)).equals(content)).toBe(true);
      });
    },
  );

  it('can be shared: each of several at a time ends with the whole file', async () => {
    await withFolder(async (folder) => {
      const files = filesIn(folder);
      for (let round = 0; round < 5; round++) {
        if (round % 2 === 1) await stopped(files);
        const paths = ['one', 'two', 'three'].map((name) => join(folder, name));
        await Promise.all(paths.map((path) => resume({ ...files, path })));
        for (const path of paths) expect((await readFile(path)).equals(content)).toBe(true);
        expect((await readdir(folder)).sort()).toEqual(['one', 'three', 'two']);
      }
    });
  });

  it('fails before anything is fetched when the key is missing', async () => {
    await withFolder(async (folder) => {
      const files = filesIn(folder);
      const stranger = createOssEncryptionClient({ store, keyring: newKeyring('stranger') });
      await expect(stranger.download('object', files.path, files)).rejects.toMatchObject({
        code: 'DataKeyUnwrapFailed',
      });
      expect(await readdir(folder)).toEqual([]);
    });
  });

  it('goes on with objects that can only be read whole', async () => {
    const signed = createOssEncryptionClient({
      store,
      keyring,
      suite: 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384',
    });
    const whole = createOssEncryptionClient({ store, keyring, layout: 'encryption-sdk' });
    await signed.put('signed', content);
    await whole.put('whole', content);
    for (const [key, reader] of [
      ['signed', signed],
      ['whole', whole],
    ] as const) {
      await withFolder(async (folder) => {
        const { path, checkpoint } = filesIn(folder);
        const controller = new AbortController();
        const options = { checkpoint, partSize: PART, concurrency: 1 };
        const attempt = reader.download(key, path, {
          ...options,
          signal: controller.signal,
          onProgress: ({ transferred }) => transferred > 500_000 && controller.abort(new Error('power cut')),
        });
        await expect(attempt).rejects.toThrow('power cut');
        const seen: number[] = [];
        const done = await reader.download(key, path, {
          ...options,
          onProgress: ({ transferred }) => seen.push(transferred),
        });
        expect(seen[0]).toBe(700_000);
        expect(done).toMatchObject({ length: content.length, authenticated: true });
        expect((await readFile(path)).equals(content)).toBe(true);
      });
    }
  });
});
