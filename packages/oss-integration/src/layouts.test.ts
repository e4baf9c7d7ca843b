import { constants, createDecipheriv, generateKeyPairSync, privateDecrypt, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { UnsupportedAlgorithmError } from '@yunseal/crypto-core';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createOssEncryptionClient, type OssEncryptionClient } from './client.ts';
import { MasterKeyError, UnauthenticatedReadError } from './errors.ts';
import { kmsMasterKey, type MasterKey, rsaMasterKey } from './master-key.ts';
import type { OssEncryptionClientOptions } from './settings.ts';
import { alicloudOssStore } from './store/alicloud-oss/store.ts';
import type { ObjectStore } from './store/object-store.ts';
import { createBucket, storeOptions } from './test-support/cloud.ts';
import { expectBytes, newKeyring, withFolder } from './test-support/fixtures.ts';
import { collect } from './testing/object-store-conformance.ts';

const keyring = newKeyring();
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const rsa = rsaMasterKey({ privateKey, description: { desc: 'first' } });
let cloud: LocalCloud;
let store: ObjectStore;
let key: string;
let counter = 0;
beforeAll(async () => {
  cloud = await startLocalCloud();
  await createBucket(cloud, 'layouts');
  store = alicloudOssStore(storeOptions(cloud, 'layouts'));
});
afterAll(() => cloud.close());
beforeEach(() => {
  key = `object-${counter++}`;
});

const clientWith = (options: Partial<OssEncryptionClientOptions>): OssEncryptionClient =>
  createOssEncryptionClient({ store, keyring, retry: { retries: 0 }, ...options });

/** KMS as far as layout `oss-sdk` uses it: text in, Base64 out. */
const kms: MasterKey = kmsMasterKey({
  encrypt: async (plaintext) => Buffer.from(`kms:${plaintext}`).toString('base64'),
  decrypt: async (blob) => Buffer.from(blob, 'base64').toString().slice('kms:'.length),
  description: '{"kms":"key"}',
});

describe.each([
  ['RSA', rsa],
  ['KMS', kms],
] as const)('layout oss-sdk with %s', (_, masterKey) => {
  const client = () => clientWith({ layout: 'oss-sdk', masterKeys: [masterKey] });

  it('comes back whole, in ranges, and from parts', async () => {
    const bytes = new Uint8Array(randomBytes(350_001));
    for (const write of [
      () => client().put(key, bytes),
      () => client().put(key, Readable.from([bytes])),
      () => client().upload(key, bytes, { partSize: 102_400 }),
    ]) {
      await write();
      const stored = await store.head(key);
      expect(stored.length).toBe(bytes.length);
      const object = await client().get(key);
      expect(object).toMatchObject({
        layout: 'oss-sdk',
        authenticated: false,
        length: bytes.length,
        metadata: {},
      });
      expectBytes(await object.bytes(), bytes);
      for (const [first, last] of [
        [0, 0],
        [15, 17],
        [102_399, 102_401],
        [349_990, 350_000],
      ] as const) {
        const range = await client().getRange(key, { first, last });
        expectBytes(await range.bytes(), bytes.subarray(first, last + 1));
      }
    }
    expect((await store.head(key)).metadata).toMatchObject({
      'client-side-encryption-data-size': '350001',
      'client-side-encryption-part-size': '102400',
    });
    await withFolder(async (folder) => {
      await client().download(key, join(folder, 'file'), { partSize: 100_000 });
      expect((await readFile(join(folder, 'file'))).equals(bytes)).toBe(true);
    });
  });

  it('of zero bytes comes back', async () => {
    await client().put(key, '');
    expect(await (await client().get(key)).bytes()).toHaveLength(0);
    await client().upload(key, '');
    expect(await (await client().get(key)).bytes()).toHaveLength(0);
  });

  it('is read by a client of another layout only by consent', async () => {
    await client().put(key, 'x');
    const other = clientWith({ masterKeys: [masterKey] });
    await expect(other.get(key)).rejects.toThrow(UnauthenticatedReadError);
    expect(await (await other.get(key, { allowUnauthenticated: true })).text()).toBe('x');
    expect(await other.head(key)).toMatchObject({
      layout: 'oss-sdk',
      length: 1,
      masterKey: { wrapAlgorithm: masterKey.wrapAlgorithm, description: masterKey.description },
    });
  });

  it('is given a new master key by one copy of its metadata', async () => {
    const next = rsaMasterKey({
      privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
      description: { desc: 'next' },
    });
    await client().put(key, 'x', { metadata: { mine: '1' } });
    const done = await client().rewrap(key, { to: keyring, toMasterKey: next });
    expect(done).toMatchObject({ layout: 'oss-sdk', how: 'metadata' });
    await expect(client().get(key)).rejects.toThrow(MasterKeyError);
    const object = await clientWith({ layout: 'oss-sdk', masterKeys: [masterKey, next] }).get(key);
    expect(object.metadata).toEqual({ mine: '1' });
    expect(await object.text()).toBe('x');
  });
});

describe('layout oss-sdk', () => {
  it('is what the format says, checked with nothing but node:crypto', async () => {
    const plaintext = randomBytes(1_000);
    await clientWith({ layout: 'oss-sdk', masterKeys: [rsa] }).put(key, plaintext);
    const read = await store.get(key);
    const field = (name: string) => read.metadata[`client-side-encryption-${name}`] ?? '';
    const unwrap = (name: string) =>
      privateDecrypt(
        { key: privateKey, padding: constants.RSA_PKCS1_PADDING },
        Buffer.from(field(name), 'base64'),
      );
    expect(field('unencrypted-content-length')).toBe('1000');
    const decipher = createDecipheriv('aes-256-ctr', unwrap('key'), unwrap('start'));
    expect(decipher.update(await collect(read.body)).equals(plaintext)).toBe(true);
  });

  it('reads each object with the master key that its matdesc names', async () => {
    const other = rsaMasterKey({
      privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
      description: { desc: 'second' },
    });
    await clientWith({ layout: 'oss-sdk', masterKeys: [rsa] }).put(`${key}-1`, 'one');
    await clientWith({ layout: 'oss-sdk', masterKeys: [other] }).put(`${key}-2`, 'two');
    await clientWith({ layout: 'oss-sdk', masterKeys: [kms] }).put(`${key}-3`, 'three');
    const reader = clientWith({ layout: 'oss-sdk', masterKeys: [kms, other, rsa] });
    for (const [suffix, text] of [
      ['1', 'one'],
      ['2', 'two'],
      ['3', 'three'],
    ]) {
      expect(await (await reader.get(`${key}-${suffix}`)).text()).toBe(text);
    }
    await expect(clientWith({ layout: 'oss-sdk', masterKeys: [rsa] }).get(`${key}-2`)).rejects.toThrow(
      'second',
    );
  });

  it('has no place for an encryption context', async () => {
    const client = clientWith({ layout: 'oss-sdk', masterKeys: [rsa] });
    await expect(client.put(key, 'x', { context: { a: 'b' } })).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
  });

  it('of an older release is refused by the name of its algorithm', async () => {
    const client = clientWith({ layout: 'oss-sdk', masterKeys: [rsa] });
    await client.put(key, 'x');
    const { metadata } = await store.head(key);
    await store.put(key, 'x' as unknown as Uint8Array, {}).catch(() => undefined);
    await store.put(key, Buffer.from('x'), {
      metadata: { ...metadata, 'client-side-encryption-cek-alg': 'AES/GCM/NoPadding' },
    });
    for (const attempt of [client.get(key), client.getRange(key, { first: 0 }), client.head(key)]) {
      await expect(attempt).rejects.toThrow(UnsupportedAlgorithmError);
    }
    await store.put(key, Buffer.from('x'), {
      metadata: { ...metadata, 'client-side-encryption-wrap-alg': 'RSA/NONE/OAEPWithSHA-1AndMGF1Padding' },
    });
    await expect(client.get(key)).rejects.toThrow('RSA/NONE/OAEPWithSHA-1AndMGF1Padding');
  });

  it('whose noted length or MD5 is not that of its bytes is refused', async () => {
    const client = clientWith({ layout: 'oss-sdk', masterKeys: [rsa] });
    await client.put(key, 'x');
    const { metadata } = await store.head(key);
    const { body } = await store.get(key);
    const stored = await collect(body);
    await store.put(key, stored, {
      metadata: { ...metadata, 'client-side-encryption-unencrypted-content-length': '2' },
    });
    await expect(client.get(key)).rejects.toMatchObject({ code: 'InvalidObjectMetadata' });
    await store.put(key, stored, {
      metadata: { ...metadata, 'client-side-encryption-unencrypted-content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' },
    });
    await expect((await client.get(key)).bytes()).rejects.toMatchObject({ code: 'TransferCorrupted' });
  });
});

describe('layout encryption-sdk', () => {
  const client = () => clientWith({ layout: 'encryption-sdk' });

  it('comes back whole, verified, and in ranges by consent', async () => {
    const bytes = new Uint8Array(randomBytes(100_003));
    for (const write of [
      () => client().put(key, bytes, { context: { a: 'b' }, metadata: { mine: '1' } }),
      () => client().upload(key, bytes, { context: { a: 'b' }, metadata: { mine: '1' } }),
    ]) {
      await write();
      expect((await store.head(key)).length).toBe(bytes.length);
      const object = await client().get(key);
      expect(object).toMatchObject({
        layout: 'encryption-sdk',
        authenticated: true,
        length: bytes.length,
        context: { a: 'b' },
        metadata: { mine: '1' },
      });
      expectBytes(await object.bytes(), bytes);
    }
    await expect(client().getRange(key, { first: 0 })).rejects.toThrow(UnauthenticatedReadError);
    for (const [first, last] of [
      [0, 15],
      [31, 33],
      [99_999, 100_002],
    ] as const) {
      const range = await client().getRange(key, { first, last }, { allowUnauthenticated: true });
      expect(range.authenticated).toBe(false);
      expectBytes(await range.bytes(), bytes.subarray(first, last + 1));
    }
    expect(await client().head(key)).toMatchObject({ layout: 'encryption-sdk', length: 100_003 });
    await withFolder(async (folder) => {
      await client().download(key, join(folder, 'file'));
      expect((await readFile(join(folder, 'file'))).equals(bytes)).toBe(true);
    });
  });

  it('is given new wrapping keys by one copy of its metadata', async () => {
    const next = newKeyring('next');
    await client().put(key, 'x');
    expect(await client().rewrap(key, { to: next })).toMatchObject({
      layout: 'encryption-sdk',
      how: 'metadata',
    });
    await expect(client().get(key)).rejects.toMatchObject({ code: 'DataKeyUnwrapFailed' });
    expect(await (await clientWith({ keyring: next }).get(key)).text()).toBe('x');
  });
});

describe('a client', () => {
  it.each([
    ['framed without keyring', { keyring: undefined }],
    ['oss-sdk without master key', { layout: 'oss-sdk' }],
    ['an unknown layout', { layout: 'other' as 'framed' }],
    ['no store', { store: undefined as unknown as ObjectStore }],
    ['a suite of the other format', { suite: '0x0002' }],
  ] as [string, Partial<OssEncryptionClientOptions>][])('is not made with %s', (_, options) => {
    expect(() => clientWith(options)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  });
});

describe.each(['framed', 'oss-sdk', 'encryption-sdk'] as const)('metadata beside layout %s', (layout) => {
  const client = () => clientWith({ layout, masterKeys: [rsa] });

  it.each([
    { header: 'x', iv: 'y', authtag: 'z' },
    { iv: 'y' },
    { 'client-side-encryption-note': 'hi' },
    { 'oss-wrap-paper': 'blue' },
    { 'yunseal-header': 'AAAA' },
  ])('cannot make the object pass for one of another layout: %j', async (metadata) => {
    const invalid = { code: 'InvalidArgument' };
    const headers = Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [`X-Oss-Meta-${name}`, value]),
    );
    for (const options of [{ metadata }, { headers }]) {
      await expect(client().put(key, 'text', options)).rejects.toMatchObject(invalid);
      await expect(client().upload(key, 'text', options)).rejects.toMatchObject(invalid);
    }
    expect(await client().exists(key)).toBe(false);
    await client().put(key, 'text', { metadata: { 'my-header': 'x' } });
    expect(await (await client().get(key)).text()).toBe('text');
  });
});
