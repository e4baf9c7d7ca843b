import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalCloud } from '../local-cloud.ts';
import { startLocalCloud } from '../start.ts';
import { kmsCaller } from '../test-support/official-clients.ts';
import { openSqliteJournal } from './sqlite-journal.ts';
import { createStore } from './store.ts';

const cli = join(import.meta.dirname, '..', 'cli.ts');

describe('a cloud with a data directory', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'yunseal-test-'));
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  it('is the same after a restart', async () => {
    const first = await startLocalCloud({
      dataDir,
      seed: {
        region: 'cn-beijing',
        accounts: [
          {
            id: '1000000000000007',
            users: [
              { name: 'z', accessKeys: [{ id: 'LTAIz', secret: 's' }], policies: ['AdministratorAccess'] },
              { name: 'a', accessKeys: [{ id: 'LTAIa', secret: 's' }], policies: ['AdministratorAccess'] },
            ],
            instances: [{ id: 'i-z' }, { id: 'i-a' }],
          },
        ],
      },
    });
    const { CiphertextBlob, Plaintext, KeyId } = await wrapSomething(first);
    await first.close();
    await using second = await startLocalCloud({ dataDir });
    expect(second.administrator).toEqual(first.administrator);
    expect(second.administrator.userName).toBe('z');
    expect(second.instanceId).toBe('i-z');
    expect(second.region).toBe('cn-beijing');
    expect(await kmsCaller(second)('Decrypt', { CiphertextBlob })).toMatchObject({ Plaintext, KeyId });
  });

  it('keeps what is secret under a key that only its owner can read', async () => {
    const cloud = await startLocalCloud({ dataDir });
    await kmsCaller(cloud)('CreateSecret', {
      SecretName: 's',
      VersionId: 'v1',
      SecretData: 'a-secret-of-20-chars',
    });
    const { accessKeySecret } = cloud.administrator;
    await cloud.close();
    expect(statSync(join(dataDir, 'cloud.key')).mode & 0o777).toBe(0o600);
    for (const file of readdirSync(dataDir).filter((name) => name.startsWith('cloud.sqlite'))) {
      const bytes = readFileSync(join(dataDir, file));
      expect(bytes.includes(accessKeySecret)).toBe(false);
      expect(bytes.includes('a-secret-of-20-chars')).toBe(false);
    }
  });

  it('refuses a key file that others can read, that is missing, or that is another', async () => {
    await (await startLocalCloud({ dataDir })).close();
    const keyFile = join(dataDir, 'cloud.key');
    chmodSync(keyFile, 0o644);
    await expect(startLocalCloud({ dataDir })).rejects.toThrow(/can be read by others/);
    rmSync(keyFile);
    await expect(startLocalCloud({ dataDir })).rejects.toMatchObject({
      code: 'DataDirectory',
      message: /missing/,
    });
    const other = mkdtempSync(join(tmpdir(), 'yunseal-test-'));
    await (await startLocalCloud({ dataDir: other })).close();
    copyFileSync(join(other, 'cloud.key'), keyFile);
    await expect(startLocalCloud({ dataDir })).rejects.toThrow(/does not open under the key file/);
    rmSync(other, { recursive: true });
  });

  it('refuses a folder that another cloud has open', async () => {
    await using _cloud = await startLocalCloud({ dataDir });
    await expect(startLocalCloud({ dataDir })).rejects.toMatchObject({ code: 'DataDirectory' });
  });
});

describe('kill -9 under load', () => {
  const [clouds, killsPerCloud] = [2, 8];
  const [stores, killsPerStore, slots] = [4, 21, 32];

  it(`loses nothing that was answered over HTTP, in ${clouds * killsPerCloud} kills of the whole cloud`, async () => {
    const acknowledged = await Promise.all(Array.from({ length: clouds }, killingChain));
    // Under no load nothing would be shown.
    expect(Math.min(...acknowledged)).toBeGreaterThan(killsPerCloud);
  }, 120_000);

  it(`loses no transaction that was committed, in ${stores * killsPerStore} kills of a writer`, async () => {
    const acknowledged = await Promise.all(Array.from({ length: stores }, killingWriters));
    expect(Math.min(...acknowledged)).toBeGreaterThan(10 * killsPerStore);
  }, 120_000);

  /** The writer says the number of each transaction once it is committed, and goes on from what it finds. */
  async function killingWriters(): Promise<number> {
    const dataDir = mkdtempSync(join(tmpdir(), 'yunseal-kill-'));
    const writer = fileURLToPath(import.meta.resolve('../test-support/killed-writer.ts'));
    let last = -1;
    try {
      for (let kill = 0; kill < killsPerStore; kill++) {
        const child = spawn(process.execPath, [writer, dataDir, String(slots)], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let output = '';
        child.stdout.on('data', (chunk) => {
          if (output === '') setTimeout(() => child.kill('SIGKILL'), 5 + ((kill * 7) % 30));
          output += String(chunk);
        });
        await once(child, 'close');
        // The last line may have been cut.
        last = Number(output.split('\n').at(-2) ?? last);
        const store = createStore(openSqliteJournal(dataDir));
        const a = new Map(store.collection<number>('a').entries());
        const b = new Map(store.collection<number>('b', { sealed: true }).entries());
        // Everything acknowledged, at most one more that was committed and not yet said, and no half of any.
        const newest = Math.max(-1, ...a.values());
        expect([0, 1]).toContain(newest - last);
        const ring = new Map<string, number>();
        for (let n = Math.max(0, newest + 1 - slots); n <= newest; n++) ring.set(String(n % slots), n);
        expect(a).toEqual(ring);
        expect(b).toEqual(ring);
        store.close();
      }
      return last;
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }

  async function killingChain(): Promise<number> {
    const dataDir = mkdtempSync(join(tmpdir(), 'yunseal-kill-'));
    const acknowledged: string[] = [];
    try {
      for (let kill = 0; kill < killsPerCloud; kill++) {
        const { child, cloud } = await startProcess(dataDir);
        const keyIds: string[] = [];
        const load = Promise.all(Array.from({ length: 4 }, () => createKeysUntilKilled(cloud, keyIds)));
        // At a different moment of the work each time.
        await delay(15 + ((kill * 7) % 40));
        child.kill('SIGKILL');
        await load;
        acknowledged.push(...keyIds);
      }
      await using cloud = await startLocalCloud({ dataDir });
      const kms = kmsCaller(cloud);
      const listed = await listKeys(cloud);
      expect(listed).toEqual(expect.arrayContaining(acknowledged));
      // A key and its material are written together, or not at all: acknowledged or not, each listed one works.
      for (const KeyId of listed) await kms('GenerateDataKey', { KeyId });
      return acknowledged.length;
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }
});

async function wrapSomething(cloud: LocalCloud) {
  const kms = kmsCaller(cloud);
  const { KeyId } = (await kms('CreateKey')).KeyMetadata as unknown as { KeyId: string };
  const { CiphertextBlob, Plaintext } = (await kms('GenerateDataKey', { KeyId })) as unknown as Record<
    string,
    string
  >;
  return { KeyId, CiphertextBlob: CiphertextBlob as string, Plaintext };
}

async function startProcess(dataDir: string): Promise<{ child: ChildProcess; cloud: LocalCloud }> {
  const child = spawn(process.execPath, [cli, '--json', '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.endsWith('\n')) break;
  }
  return { child, cloud: JSON.parse(output) as LocalCloud };
}

async function createKeysUntilKilled(cloud: LocalCloud, keyIds: string[]): Promise<void> {
  const kms = kmsCaller(cloud);
  try {
    for (;;) keyIds.push(((await kms('CreateKey')).KeyMetadata as unknown as { KeyId: string }).KeyId);
  } catch {
    // Killed.
  }
}

async function listKeys(cloud: LocalCloud): Promise<string[]> {
  const kms = kmsCaller(cloud);
  const found: string[] = [];
  for (let PageNumber = 1; ; PageNumber++) {
    const { Keys } = (await kms('ListKeys', { PageNumber, PageSize: 100 })) as unknown as {
      Keys: { Key: { KeyId: string }[] };
    };
    found.push(...Keys.Key.map(({ KeyId }) => KeyId));
    if (Keys.Key.length < 100) return found;
  }
}
