import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AliOss from 'ali-oss';
import { afterEach, beforeEach, expect, it } from 'vitest';

const kills = 6;
const workers = 4;
const program = `
  const { startLocalCloud } = await import(${JSON.stringify(new URL('../index.ts', import.meta.url).href)});
  const cloud = await startLocalCloud({
    dataDir: process.argv[1],
    seed: { accounts: [{ id: '1000000000000001', users: [{ name: 'a', accessKeys: [{ id: 'a-key', secret: 'a-secret' }],
      policies: ['AdministratorAccess'] }], buckets: [{ name: 'durable' }] }] },
  });
  console.log(cloud.endpoints.oss);
`;

let dataDir: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'oss-killed-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(): Promise<AliOss> {
  const started = spawn(process.execPath, ['--input-type=module', '-e', program, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  const [line] = (await once(started.stdout, 'data')) as [Buffer];
  return new AliOss({
    accessKeyId: 'a-key',
    accessKeySecret: 'a-secret',
    endpoint: line.toString().trim(),
    bucket: 'durable',
    region: 'oss-cn-hangzhou',
  });
}

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

it('keeps what was acknowledged, and nothing by halves, when it is killed under load', async () => {
  /** What must be there: the digest of the last acknowledged write, or `gone` after a deletion. */
  const acknowledged = new Map<string, string>();
  let written = 0;
  for (let round = 0; round < kills; round++) {
    const client = await start();
    let dying = false;
    /** One key each, so that no two writes of a key are under way at a time. The last may or may not have happened. */
    const uncertain = new Map<string, string>();
    const load = Array.from({ length: workers }, async (_, worker) => {
      for (let turn = 0; !dying; turn++) {
        const key = `worker-${worker}/${turn % 5}`;
        const bytes = randomBytes(turn % 3 === 0 ? 200_000 : 1000);
        const outcome = turn % 7 === 6 ? 'gone' : hashOf(bytes);
        uncertain.set(key, outcome);
        try {
          if (outcome === 'gone') await client.delete(key);
          else await client.put(key, bytes);
        } catch {
          return;
        }
        acknowledged.set(key, outcome);
        uncertain.delete(key);
        written++;
        if (written % 25 === 0) {
          dying = true;
          child?.kill('SIGKILL');
        }
      }
    });
    await Promise.all(load);

    const survivor = await start();
    for (const key of new Set([...acknowledged.keys(), ...uncertain.keys()])) {
      const found = await survivor.get(key).then(
        ({ content }) => hashOf(content as Buffer),
        (error: { code: string }) => (error.code === 'NoSuchKey' ? 'gone' : Promise.reject(error)),
      );
      const allowed = [acknowledged.get(key) ?? 'gone', ...(uncertain.has(key) ? [uncertain.get(key)] : [])];
      expect(allowed, key).toContain(found);
      acknowledged.set(key, found);
    }
    const { objects = [] } = await survivor.list({ 'max-keys': 100 }, {});
    // What half a write left behind is cleared away at the start.
    expect(readdirSync(join(dataDir, 'oss')).length).toBe(objects.length);
    child?.kill('SIGKILL');
  }
  expect(written).toBeGreaterThanOrEqual(kills * 20);
}, 60_000);
