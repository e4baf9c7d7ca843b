import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessKey } from '@yunseal/credentials';
import { type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import {
  alicloudOssStore,
  createOssEncryptionClient,
  type OssEncryptionClient,
  rsaMasterKey,
} from '@yunseal/oss-integration';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram, whyMissing } from '../run-program.ts';

/** An official SDK of another language. */
interface Peer {
  readonly name: string;
  readonly missing: string | undefined;
  /** Install or build; gives the command that runs the program. */
  prepare(folder: string): Promise<readonly [command: string, ...args: string[]]>;
}

const here = import.meta.dirname;
const peers: readonly Peer[] = [
  {
    name: 'alibabacloud_oss_v2 (Python)',
    missing: await whyMissing('python3', '-m', 'venv', '--help'),
    async prepare() {
      const python = join(here, '.venv', 'bin', 'python');
      if (!existsSync(python)) await runProgram('python3', ['-m', 'venv', join(here, '.venv')]);
      await runProgram(python, ['-m', 'pip', 'install', '-q', '-r', join(here, 'requirements.txt')]);
      return [python, join(here, 'python_v2.py')];
    },
  },
  {
    name: 'alibabacloud-oss-go-sdk-v2',
    missing: await whyMissing('go', 'version'),
    async prepare(folder) {
      const program = join(folder, 'program');
      await runProgram('go', ['build', '-o', program, '.'], { cwd: join(here, 'go'), timeoutMs: 540_000 });
      return [program];
    },
  },
];

const admin = { id: 'LTAI-interop', secret: 'interop-secret' };
const bucket = 'client-encryption';
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const content = randomBytes(350_001);
const ranges = [
  [0, 0],
  [15, 17],
  [102_399, 204_801],
  [349_000, 350_000],
] as const;

for (const { name, missing } of peers)
  if (missing !== undefined) console.warn(`skipped: ${name}: ${missing}`);

describe.each(peers.filter(({ missing }) => missing === undefined))('objects shared with $name', (peer) => {
  let cloud: LocalCloud;
  let folder: string;
  let program: readonly [string, ...string[]];
  let objects: OssEncryptionClient;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'interop-oss-'));
    program = await peer.prepare(folder);
    await writeFile(join(folder, 'public'), publicKey.export({ format: 'pem', type: 'spki' }));
    await writeFile(join(folder, 'private'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await writeFile(join(folder, 'content'), content);
    cloud = await startLocalCloud({
      seed: {
        accounts: [
          {
            id: '1000000000000001',
            users: [{ name: 'admin', accessKeys: [admin], policies: ['AdministratorAccess'] }],
            buckets: [{ name: bucket }],
          },
        ],
      },
    });
    objects = createOssEncryptionClient({
      store: alicloudOssStore({
        bucket,
        credentials: accessKey({ accessKeyId: admin.id, accessKeySecret: admin.secret }),
        endpoint: cloud.endpoints.oss,
      }),
      layout: 'oss-sdk',
      // To the letter what both SDKs make of { "key": "shared" }, up to a space: either is found.
      masterKeys: [rsaMasterKey({ privateKey, description: '{"key":"shared"}' })],
    });
  }, 600_000);
  afterAll(async () => {
    await cloud?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const run = async (...args: string[]) => {
    const [command, ...before] = program;
    const { stdout } = await runProgram(command, [...before, ...args], {
      env: {
        ACCESS_KEY_ID: admin.id,
        ACCESS_KEY_SECRET: admin.secret,
        OSS_ENDPOINT: cloud.endpoints.oss,
        BUCKET: bucket,
        PUBLIC_KEY: join(folder, 'public'),
        PRIVATE_KEY: join(folder, 'private'),
      },
      timeoutMs: 120_000,
    });
    return stdout.trim();
  };

  it('are read here, whole and in ranges, simple and from parts', async () => {
    await run('write', 'theirs/', join(folder, 'content'));
    for (const key of ['theirs/simple', 'theirs/parts']) {
      const object = await objects.get(key);
      expect(object.layout).toBe('oss-sdk');
      expect(content.equals(await object.bytes())).toBe(true);
      for (const [first, last] of ranges) {
        const range = await objects.getRange(key, { first, last });
        expect(content.subarray(first, last + 1).equals(await range.bytes())).toBe(true);
      }
    }
  });

  it('are read there, whole and in ranges, simple and from parts', async () => {
    await objects.put('ours/simple', content);
    await objects.upload('ours/parts', content, { partSize: 102_400 });
    for (const key of ['ours/simple', 'ours/parts']) {
      for (const [first, last] of ranges) {
        const range = await run('read', key, join(folder, 'read'), String(first), String(last));
        expect(range).toBe(content.subarray(first, last + 1).toString('hex'));
      }
      expect(content.equals(await readFile(join(folder, 'read')))).toBe(true);
    }
  });
});
