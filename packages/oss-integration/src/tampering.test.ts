import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { YunsealError } from '@yunseal/crypto-core';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOssEncryptionClient, type OssEncryptionClient } from './client.ts';
import { RangeNotSatisfiableError, UnauthenticatedReadError } from './errors.ts';
import { rsaMasterKey } from './master-key.ts';
import type { OssEncryptionClientOptions } from './settings.ts';
import { alicloudOssStore } from './store/alicloud-oss/store.ts';
import type { ObjectStore } from './store/object-store.ts';
import { createBucket, storeOptions } from './test-support/cloud.ts';
import { newKeyring } from './test-support/fixtures.ts';
import { collect } from './testing/object-store-conformance.ts';

const keyring = newKeyring();
const masterKey = rsaMasterKey({
  privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
});
let cloud: LocalCloud;
let store: ObjectStore;
let client: OssEncryptionClient;
let counter = 0;
beforeAll(async () => {
  cloud = await startLocalCloud();
  await createBucket(cloud, 'tampering');
  store = alicloudOssStore(storeOptions(cloud, 'tampering'));
  client = clientWith({});
});
afterAll(() => cloud.close());

const newKey = () => `object-${counter++}`;
const clientWith = (options: Partial<OssEncryptionClientOptions>) =>
  createOssEncryptionClient({ store, keyring, frameLength: 64, retry: { retries: 0 }, ...options });

/** Store other bytes or metadata under the same key, as somebody who may write to the bucket can. */
async function replace(
  key: string,
  change: {
    bytes?: (bytes: Buffer) => Uint8Array;
    metadata?: (metadata: Record<string, string>) => Record<string, string>;
  },
): Promise<void> {
  const read = await store.get(key);
  const bytes = await collect(read.body);
  await store.put(key, change.bytes?.(bytes) ?? bytes, {
    metadata: change.metadata?.({ ...read.metadata }) ?? read.metadata,
  });
}

const restore = async (key: string) => {
  const { body, metadata } = await store.get(key);
  const bytes = await collect(body);
  return () => store.put(key, bytes, { metadata });
};

const readWhole = async (key: string, reader = client) => (await reader.get(key)).bytes();
const readParts = async (key: string, length: number, reader = client) => {
  for (let first = 0; first < length; first += 64) {
    await (await reader.getRange(key, { first, last: Math.min(first + 63, length - 1) })).bytes();
  }
};
const readEnd = async (key: string, reader = client) => (await reader.getRange(key, { suffix: 100 })).bytes();

describe('a framed object', () => {
  it('is refused with any byte of it flipped, whole and in ranges', async () => {
    const key = newKey();
    await client.put(key, randomBytes(150));
    const undo = await restore(key);
    const { length } = await store.head(key);
    for (let offset = 0; offset < length; offset++) {
      await replace(key, {
        bytes: (bytes) => {
          bytes[offset]! ^= 1 << (offset % 8);
          return bytes;
        },
      });
      await expect(readWhole(key), `byte ${offset}, whole`).rejects.toBeInstanceOf(YunsealError);
      await expect(readParts(key, 150), `byte ${offset}, in ranges`).rejects.toBeInstanceOf(YunsealError);
      await undo();
    }
    await readWhole(key);
    await readParts(key, 150);
  });

  it('is refused cut off or extended by any number of bytes, and an end is proved by the final frame', async () => {
    const key = newKey();
    await client.put(key, randomBytes(150));
    const undo = await restore(key);
    const { length } = await store.head(key);
    for (let kept = 0; kept < length; kept++) {
      await replace(key, { bytes: (bytes) => bytes.subarray(0, kept) });
      await expect(readWhole(key), `first ${kept} bytes`).rejects.toBeInstanceOf(YunsealError);
      await expect(readEnd(key), `first ${kept} bytes, end`).rejects.toBeInstanceOf(YunsealError);
      await undo();
    }
    for (const extra of [1, 39, 40, 96, 200]) {
      await replace(key, { bytes: (bytes) => Buffer.concat([bytes, randomBytes(extra)]) });
      await expect(readWhole(key)).rejects.toBeInstanceOf(YunsealError);
      await expect(readEnd(key)).rejects.toBeInstanceOf(YunsealError);
      await undo();
    }
  });

  it('tells its length, and that a range is beyond it, only when the final frame proves it', async () => {
    const key = newKey();
    // Longer than what is fetched with the header.
    await client.put(key, randomBytes(20_000));
    const undo = await restore(key);
    const { length } = await store.head(key);
    const frame = 64 + 32;
    const final = (20_000 % 64) + 40;
    const middle = { first: 64, last: 100 };
    expect((await client.getRange(key, middle)).contentRange).toBe('bytes 64-100/20000');
    for (const change of [
      (bytes: Buffer) => bytes.subarray(0, length - final - 3 * frame),
      (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(5 * frame)]),
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 1_000), bytes.subarray(length - final)]),
    ]) {
      await replace(key, { bytes: change });
      for (const range of [middle, { first: 19_950 }, { first: 30_000 }, { suffix: 200 }]) {
        const attempt = client.getRange(key, range);
        await expect(attempt, JSON.stringify(range)).rejects.toBeInstanceOf(YunsealError);
        await expect(attempt).rejects.not.toBeInstanceOf(RangeNotSatisfiableError);
      }
      await undo();
    }
    await expect(client.getRange(key, { first: 20_000 })).rejects.toBeInstanceOf(RangeNotSatisfiableError);
  });

  it('is refused with frames swapped, or taken from another object', async () => {
    const [key, other] = [newKey(), newKey()];
    await client.put(key, randomBytes(300));
    await client.put(other, randomBytes(300));
    const undo = await restore(key);
    const foreign = await collect((await store.get(other)).body);
    const frame = 64 + 32;
    const bodyStart = (bytes: Buffer) => bytes.length - (4 * frame + 44 + 40);
    await replace(key, {
      bytes: (bytes) => {
        const start = bodyStart(bytes);
        return Buffer.concat([
          bytes.subarray(0, start),
          bytes.subarray(start + frame, start + 2 * frame),
          bytes.subarray(start, start + frame),
          bytes.subarray(start + 2 * frame),
        ]);
      },
    });
    await expect(readWhole(key)).rejects.toBeInstanceOf(YunsealError);
    await expect(readParts(key, 300)).rejects.toBeInstanceOf(YunsealError);
    await undo();
    await replace(key, {
      bytes: (bytes) => {
        foreign.copy(bytes, bodyStart(bytes), bodyStart(foreign), bodyStart(foreign) + frame);
        return bytes;
      },
    });
    await expect(readWhole(key)).rejects.toBeInstanceOf(YunsealError);
    await expect(client.getRange(key, { first: 0, last: 10 })).rejects.toBeInstanceOf(YunsealError);
  });

  it('is refused when it is another object of the same bucket', async () => {
    const [key, other] = [newKey(), newKey()];
    await client.put(key, 'mine');
    await client.put(other, 'theirs');
    await store.copy(other, key);
    await expect(readWhole(key)).rejects.toMatchObject({ code: 'ObjectIdentityMismatch' });
  });

  it('is refused when its metadata says that it is in a weaker layout', async () => {
    const key = newKey();
    await client.put(key, 'mine');
    const undo = await restore(key);
    const weaker = newKey();
    const writer = clientWith({ layout: 'oss-sdk', masterKeys: [masterKey] });
    await writer.put(weaker, 'chosen by somebody else');
    const fields = (await store.head(weaker)).metadata;
    const able = clientWith({ masterKeys: [masterKey] });
    await replace(key, { metadata: (metadata) => ({ ...metadata, ...fields }) });
    await expect(readWhole(key, able)).rejects.toThrow(UnauthenticatedReadError);
    await undo();
    await store.copy(weaker, key);
    await expect(readWhole(key, able)).rejects.toThrow(UnauthenticatedReadError);
    await expect(able.getRange(key, { first: 0 })).rejects.toThrow(UnauthenticatedReadError);
  });

  it('with its header in the metadata is refused when the header is changed, missing or another', async () => {
    const detached = clientWith({ headerIn: 'metadata' });
    const [key, other] = [newKey(), newKey()];
    await detached.put(key, randomBytes(100));
    await detached.put(other, randomBytes(100));
    const undo = await restore(key);
    const header = (await store.head(key)).metadata['yunseal-header'] ?? '';
    const raw = Buffer.from(header, 'base64');
    for (let offset = 0; offset < raw.length; offset += 3) {
      const changed = Buffer.from(raw);
      changed[offset]! ^= 4;
      await replace(key, { metadata: () => ({ 'yunseal-header': changed.toString('base64') }) });
      await expect(readWhole(key), `byte ${offset}`).rejects.toBeInstanceOf(YunsealError);
    }
    await undo();
    const foreign = (await store.head(other)).metadata['yunseal-header'] ?? '';
    for (const value of ['', '!', header.slice(8), foreign]) {
      await replace(key, { metadata: () => ({ 'yunseal-header': value }) });
      await expect(readWhole(key), value).rejects.toBeInstanceOf(YunsealError);
    }
    await replace(key, { metadata: () => ({}) });
    await expect(readWhole(key)).rejects.toBeInstanceOf(YunsealError);
  });
});

describe('a header that somebody crafted', () => {
  /** The header of an object of ours, up to the number of its encrypted data keys, and then `keys`. */
  async function plant(key: string, count: number, keys: Buffer[]): Promise<void> {
    await client.put(key, 'x');
    const bytes = await collect((await store.get(key)).body);
    const countAt = 37 + bytes.readUInt16BE(35);
    const number = Buffer.alloc(2);
    number.writeUInt16BE(count);
    await store.put(key, Buffer.concat([bytes.subarray(0, countAt), number, ...keys]));
  }
  const tiny = Buffer.from([0, 1, 120, 0, 1, 121, 0, 1, 122]);
  const counting = (options: Partial<OssEncryptionClientOptions> = {}) => {
    const reads = { count: 0 };
    const counted: ObjectStore = {
      ...store,
      get(...parameters) {
        reads.count += 1;
        return store.get(...parameters);
      },
    };
    return { reads, reader: clientWith({ store: counted, ...options }) };
  };

  it('with thousands of keys costs a few requests, not one for each', async () => {
    const key = newKey();
    await plant(key, 0xffff, Array(20_000).fill(tiny));
    const { reads, reader } = counting();
    await expect(reader.head(key)).rejects.toBeInstanceOf(YunsealError);
    expect(reads.count).toBeLessThan(8);
    await expect(reader.get(key)).rejects.toBeInstanceOf(YunsealError);
    await expect(reader.getRange(key, { first: 0 })).rejects.toBeInstanceOf(YunsealError);
    await expect(reader.rewrap(key, { to: keyring })).rejects.toBeInstanceOf(YunsealError);
    expect(reads.count).toBeLessThan(16);
  });

  it('with few and long keys is read in few requests', async () => {
    const key = newKey();
    const long = Buffer.concat([Buffer.from([0, 1, 120, 0, 1, 121, 0x27, 0x10]), Buffer.alloc(10_000)]);
    await plant(key, 30, Array(30).fill(long));
    const { reads, reader } = counting({ maxEncryptedDataKeys: 100 });
    await expect(reader.getRange(key, { first: 0 })).rejects.toBeInstanceOf(YunsealError);
    expect(reads.count).toBeLessThan(8);
  });

  it('and is longer than any honest one is not read to its end', async () => {
    const key = newKey();
    const longest = Buffer.concat([Buffer.from([0, 1, 120, 0, 1, 121, 0xff, 0xff]), Buffer.alloc(0xffff)]);
    await plant(key, 0xffff, Array(20).fill(longest));
    const reader = clientWith({ maxEncryptedDataKeys: 0xffff });
    const exceeded = { code: 'LimitExceeded' };
    await expect(reader.head(key)).rejects.toMatchObject(exceeded);
    await expect(reader.get(key)).rejects.toMatchObject(exceeded);
    await expect(reader.getRange(key, { first: 0 })).rejects.toMatchObject(exceeded);
    await expect(reader.rewrap(key, { to: keyring })).rejects.toMatchObject(exceeded);
  });

  it('has no more wrapped keys than the client allows, whichever operation reads it', async () => {
    const key = newKey();
    // Framed, 64 bytes a frame; then room for commitment, tag and body.
    const rest = Buffer.concat([Buffer.from([2, 0, 0, 0, 64]), Buffer.alloc(200)]);
    await plant(key, 12, [...Array(12).fill(tiny), rest]);
    const exceeded = { code: 'LimitExceeded' };
    await expect(client.head(key)).rejects.toMatchObject(exceeded);
    await expect(client.get(key)).rejects.toMatchObject(exceeded);
    await expect(client.rewrap(key, { to: keyring })).rejects.toMatchObject(exceeded);
  });
});

describe('an object in layout encryption-sdk', () => {
  it('that names no object is no stand-in for a framed one, and is not rewrapped in its place', async () => {
    const java = clientWith({ layout: 'encryption-sdk' });
    const [key, other] = [newKey(), newKey()];
    await client.put(key, 'pay 100');
    await java.put(other, 'pay 999', { boundTo: false });
    await store.copy(other, key);
    const mismatch = { code: 'ObjectIdentityMismatch' };
    await expect(readWhole(key)).rejects.toMatchObject(mismatch);
    const lenient = clientWith({ allowUnauthenticated: true });
    await expect(lenient.getRange(key, { first: 0 })).rejects.toMatchObject(mismatch);
    await expect(client.rewrap(key, { to: newKeyring('next') })).rejects.toMatchObject(mismatch);
    expect(await (await client.get(key, { boundTo: false })).text()).toBe('pay 999');
    expect(await (await java.get(key)).text()).toBe('pay 999');
    await java.rewrap(key, { to: keyring });
  });

  it('that names another object is not rewrapped', async () => {
    const java = clientWith({ layout: 'encryption-sdk' });
    const [key, other] = [newKey(), newKey()];
    await java.put(other, 'theirs');
    await store.copy(other, key);
    const rewrap = java.rewrap(key, { to: newKeyring('next') });
    await expect(rewrap).rejects.toMatchObject({ code: 'ObjectIdentityMismatch' });
  });

  it('is refused whole with any byte of it, or any field of its metadata, changed', async () => {
    const writer = clientWith({ layout: 'encryption-sdk' });
    const key = newKey();
    await writer.put(key, randomBytes(60), { context: { a: 'b' } });
    const undo = await restore(key);
    await readWhole(key);
    for (let offset = 0; offset < 60; offset++) {
      await replace(key, {
        bytes: (bytes) => {
          bytes[offset]! ^= 1;
          return bytes;
        },
      });
      await expect(readWhole(key)).rejects.toBeInstanceOf(YunsealError);
      await undo();
    }
    for (const field of ['header', 'iv', 'authtag']) {
      const raw = Buffer.from((await store.head(key)).metadata[field] ?? '', 'base64');
      for (let offset = 0; offset < raw.length; offset++) {
        const changed = Buffer.from(raw);
        changed[offset]! ^= 1;
        await replace(key, {
          metadata: (metadata) => ({ ...metadata, [field]: changed.toString('base64') }),
        });
        await expect(readWhole(key), `${field} byte ${offset}`).rejects.toBeInstanceOf(YunsealError);
      }
      await undo();
      await replace(key, {
        metadata: ({ [field]: _, ...rest }) => rest,
      });
      await expect(readWhole(key), `without ${field}`).rejects.toBeInstanceOf(YunsealError);
      await undo();
    }
    for (const change of [
      (bytes: Buffer) => bytes.subarray(1),
      (bytes: Buffer) => Buffer.concat([bytes, bytes]),
    ]) {
      await replace(key, { bytes: change });
      await expect(readWhole(key)).rejects.toBeInstanceOf(YunsealError);
      await undo();
    }
  });
});
