import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalCloud } from './local-cloud.ts';
import { kmsCaller } from './test-support/official-clients.ts';

const cli = join(import.meta.dirname, 'cli.ts');

/** Runs the command until it ends, or until it has printed a line when `during` is given, which then may use it. */
async function run(flags: string[], during?: (output: string) => Promise<void>, nodeFlags: string[] = []) {
  const child = spawn(process.execPath, [...nodeFlags, cli, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let used: Promise<void> | undefined;
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  child.stdout.on('data', (chunk) => {
    stdout += String(chunk);
    if (during === undefined || used !== undefined || !stdout.endsWith('\n')) return;
    used = during(stdout).finally(() => child.kill('SIGTERM'));
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  await used;
  return { code, stdout, stderr };
}

describe('yunseal-local-cloud', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'yunseal-cli-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('starts from a seed, says how to use it, and ends in order', async () => {
    const seed = join(directory, 'cloud.yaml');
    writeFileSync(
      seed,
      'accounts: [{ id: 1000000000000001, users: [{ name: a, accessKeys: [{ id: LTAIa, secret: s }], policies: [AdministratorAccess] }], keys: [{ id: key-1 }] }]',
    );
    const auditLog = join(directory, 'audit.jsonl');
    const ended = await run(['--seed', seed, '--json', '--audit-log', auditLog], async (output) => {
      const cloud = JSON.parse(output) as LocalCloud & { environment: Record<string, string> };
      expect(cloud.environment.ALIBABA_CLOUD_ACCESS_KEY_ID).toBe('LTAIa');
      await kmsCaller(cloud)('GenerateDataKey', { KeyId: 'key-1' });
    });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const [event] = readFileSync(auditLog, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(event).toMatchObject({ eventName: 'GenerateDataKey', userIdentity: { userName: 'a' } });
  });

  it('says what a data directory needs where Node.js has no SQLite, as before 22.13', async () => {
    const dataDir = join(directory, 'never-made');
    const { code, stderr } = await run(['--data-dir', dataDir], undefined, ['--no-experimental-sqlite']);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^yunseal-local-cloud: a data directory needs node:sqlite.* Node\.js 22\.13 or newer/,
    );
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(existsSync(dataDir)).toBe(false);
  });

  it('prints endpoints and variables for people', async () => {
    const { code, stdout } = await run([], async () => {});
    expect(code).toBe(0);
    expect(stdout).toMatch(/KMS {4}http:\/\/127\.0\.0\.1:\d+\n/);
    expect(stdout).toMatch(/export ALIBABA_CLOUD_ACCESS_KEY_ID=LTAI5t/);
  });

  it('says which port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    const { code, stderr } = await run(['--port', String(port)]);
    taken.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^yunseal-local-cloud: port ${port} on 127\\.0\\.0\\.1 is already taken.*\\n$`),
    );
  });

  it.each([
    [['--host', '0.0.0.0'], /is not a loopback address/],
    [['--imds-address', '10.0.0.1:80'], /is not a loopback address/],
    [['--imds-address', 'somewhere'], /is no address of the form/],
    [['--seed', 'no-such-file.yaml'], /there is no seed file/],
    [['--port', '0.5'], /a whole number from/],
    [['--unknown'], /unknown option/],
  ])('refuses %o', async (flags, message) => {
    const { code, stderr } = await run(flags);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
