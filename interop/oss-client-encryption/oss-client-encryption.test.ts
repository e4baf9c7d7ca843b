import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import * as kms from '@alicloud/kms20160120';
import { accessKey } from '@yunseal/credentials';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import {
  alicloudOssStore,
  createOssEncryptionClient,
  kmsMasterKey,
  type MasterKey,
  type OssEncryptionClient,
  rsaMasterKey,
} from '@yunseal/oss-integration';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '../run-program.ts';
import { type Master, peers } from './peers.ts';

type KmsClass = typeof kms.default.default;
const exported: unknown = kms.default;
/** The class, wherever the loader put the default export of this CommonJS package. */
const KmsClient = typeof exported === 'function' ? (exported as KmsClass) : kms.default.default;

const admin = { id: 'LTAI-interop', secret: 'interop-secret' };
const bucket = 'client-encryption';
const keyId = 'key-interop';
// To the letter what the SDKs make of { "key": "shared" }, up to a space: either is found.
const description = '{"key":"shared"}';
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const content = randomBytes(350_001);
const ranges = [
  // Not of one byte: the SDK for Java takes that for a mistake.
  [0, 1],
  [15, 17],
  [102_399, 204_801],
  [349_000, 350_000],
] as const;

for (const { name, absent } of peers) if (absent !== undefined) console.warn(`skipped: ${name}: ${absent}`);

let folder: string;
let objectStorage: LocalCloud;
/** A cloud of its own, since two of the SDKs speak to KMS by HTTPS alone. */
let keyManagement: LocalCloud;
/** By what wraps the content keys. */
let clients: Readonly<Record<Master, OssEncryptionClient>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interop-oss-'));
  const account = {
    id: '1000000000000001',
    users: [{ name: 'admin', accessKeys: [admin], policies: ['AdministratorAccess'] }],
  };
  objectStorage = await startLocalCloud({
    seed: { accounts: [{ ...account, buckets: [{ name: bucket }] }] },
  });
  keyManagement = await startLocalCloud({
    tls: true,
    seed: { accounts: [{ ...account, keys: [{ id: keyId }] }] },
  });
  const authority = keyManagement.certificateAuthority ?? '';
  // The official client of KMS takes no authority of its own.
  setDefaultCACertificates([...getCACertificates('default'), authority]);
  await writeFile(join(folder, 'authority'), authority);
  await writeFile(join(folder, 'public'), publicKey.export({ format: 'pem', type: 'spki' }));
  await writeFile(join(folder, 'private'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
  await writeFile(join(folder, 'content'), content);
  clients = {
    rsa: clientOf(rsaMasterKey({ privateKey, description })),
    kms: clientOf(kmsMasterKeyOf(keyManagement)),
  };
});
afterAll(async () => {
  await objectStorage?.close();
  await keyManagement?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

function clientOf(masterKey: MasterKey): OssEncryptionClient {
  return createOssEncryptionClient({
    store: alicloudOssStore({
      bucket,
      credentials: accessKey({ accessKeyId: admin.id, accessKeySecret: admin.secret }),
      endpoint: objectStorage.endpoints.oss,
    }),
    layout: 'oss-sdk',
    masterKeys: [masterKey],
  });
}

function kmsMasterKeyOf(cloud: LocalCloud) {
  const client = new KmsClient({
    accessKeyId: admin.id,
    accessKeySecret: admin.secret,
    protocol: 'https',
    endpoint: new URL(cloud.endpoints.kms).host,
    regionId: cloud.region,
  } as never);
  return kmsMasterKey({
    encrypt: async (plaintext) =>
      (await client.encrypt(new kms.EncryptRequest({ keyId, plaintext }))).ciphertextBlob,
    decrypt: async (ciphertextBlob) =>
      (await client.decrypt(new kms.DecryptRequest({ ciphertextBlob }))).plaintext,
    description,
  });
}

describe.each(peers.filter(({ absent }) => absent === undefined))('objects shared with $name', (peer) => {
  let program: readonly [string, ...string[]];
  beforeAll(async () => {
    program = await peer.prepare(folder, join(folder, 'authority'));
  }, 600_000);

  const run = async (master: string, ...args: string[]) => {
    const [command, ...before] = program;
    const authority = join(folder, 'authority');
    const { stdout } = await runProgram(command, [...before, ...args], {
      env: {
        ACCESS_KEY_ID: admin.id,
        ACCESS_KEY_SECRET: admin.secret,
        BUCKET: bucket,
        FOLDER: folder,
        KMS_ENDPOINT: new URL(keyManagement.endpoints.kms).host,
        KMS_KEY_ID: keyId,
        MASTER: master,
        OSS_ENDPOINT: objectStorage.endpoints.oss,
        PRIVATE_KEY: join(folder, 'private'),
        PUBLIC_KEY: join(folder, 'public'),
        // Where Go, the clients of Python and an older client of Python look for who may vouch for KMS.
        SSL_CERT_FILE: authority,
        REQUESTS_CA_BUNDLE: authority,
        ALIBABA_CLOUD_CA_BUNDLE: authority,
      },
      timeoutMs: 120_000,
    });
    return stdout.trim();
  };

  it.each(['rsa', 'kms'] as const)(
    'are read here, whole and in ranges, simple and from parts: %s',
    async (master) => {
      const prefix = `${peer.folder}/${master}/`;
      await run(master, 'write', prefix, join(folder, 'content'));
      for (const key of [`${prefix}simple`, `${prefix}parts`]) {
        const object = await clients[master].get(key);
        expect(object.layout).toBe('oss-sdk');
        expect(content.equals(await object.bytes())).toBe(true);
        for (const [first, last] of ranges) {
          const range = await clients[master].getRange(key, { first, last });
          expect(content.subarray(first, last + 1).equals(await range.bytes())).toBe(true);
        }
      }
    },
  );

  it.each(peer.readsMasters)(
    'are read there, whole and in ranges, simple and from parts: %s',
    async (master) => {
      await clients[master].put('ours/simple', content);
      await clients[master].upload('ours/parts', content, { partSize: 102_400 });
      for (const key of ['ours/simple', 'ours/parts']) {
        const read = await run(
          master,
          'read',
          key,
          join(folder, 'read'),
          ...ranges.map(([first, last]) => `${first}-${last}`),
        );
        expect(read.split('\n')).toEqual(
          ranges.map(([first, last]) => content.subarray(first, last + 1).toString('hex')),
        );
        expect(content.equals(await readFile(join(folder, 'read')))).toBe(true);
      }
    },
  );

  if (!peer.writesOlderWrap) return;
  it('of the older RSA wrap end in an error that names it', async () => {
    await run('older-rsa', 'write', 'older/', join(folder, 'content'));
    await expect(clients.rsa.get('older/simple')).rejects.toThrow('RSA/NONE/OAEPWithSHA-1AndMGF1Padding');
    await expect(clients.rsa.getRange('older/parts', { first: 0, last: 9 })).rejects.toThrow(
      'RSA/NONE/OAEPWithSHA-1AndMGF1Padding',
    );
  });
});
