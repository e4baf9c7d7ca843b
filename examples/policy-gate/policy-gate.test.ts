import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** Runs a script of this folder with the Node.js that runs the tests. */
function run(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, FORCE_COLOR: '0' };
    execFile(process.execPath, args, { cwd: import.meta.dirname, env }, (error, stdout, stderr) => {
      resolve({
        code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
        output: stdout + stderr,
      });
    });
  });
}

it('passes policies without a finding', async () => {
  expect(await run('gate.ts', 'policies')).toEqual({ code: 0, output: '1 policies, 0 reasons to fail\n' });
});

it('fails on findings and on what is no policy, each in its place', async () => {
  const { code, output } = await run('gate.ts', 'refused');
  expect(code).toBe(1);
  for (const place of [
    'copied.json:2:14 error invalid-policy',
    'copied.json:7:7 error invalid-policy',
    'deployer.json:9:5 error pass-role-on-everything',
    'deployer.json:9:5 error escalation-pass-role',
    'deployer.json:16:17 error unknown-action',
  ])
    expect(output).toContain(place);
});

it('writes SARIF, whole or not at all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'policy-gate-'));
  try {
    expect((await run('gate.ts', 'policies', 'refused', '--sarif', join(folder, 'gate.sarif'))).code).toBe(1);
    const log = JSON.parse(await readFile(join(folder, 'gate.sarif'), 'utf8'));
    expect(log.runs[0].results).toHaveLength(5);
    expect(await readdir(folder)).toEqual(['gate.sarif']);
    await writeFile(join(folder, 'broken.json'), '{"Version": "1",}');
    const broken = await run('gate.ts', join(folder, 'broken.json'));
    expect(broken.code).toBe(1);
    expect(broken.output).toContain('broken.json:1:16 error invalid-policy: A comma');
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('tells a wrong call from a finding', async () => {
  for (const args of [[], ['not-there'], ['policies', '--fail-on', 'never'], ['policies', '--unknown']]) {
    const { code, output } = await run('gate.ts', ...args);
    expect(code).toBe(2);
    expect(output).not.toMatch(/^\s+at /m);
  }
});

it('prints every policy of the documentation', async () => {
  const { code, output } = await run('document-policies.ts');
  expect(code).toBe(0);
  expect(output).toContain('"Service": "ecs.aliyuncs.com"');
  expect(output).toContain('warning broad-service-grant');
  expect(output).toContain('allowed: statement 1 of application allows kms:GenerateDataKey');
  expect(output).toContain('denied: no statement allows kms:CreateKey');
});

it('derives the least policy from what the local cloud saw', async () => {
  const { code, output } = await run('least-privilege.ts');
  expect(output).toContain('GenerateDataKey, Decrypt need');
  expect(output).toMatch(
    /"Action": \[\s+"kms:Decrypt",\s+"kms:GenerateDataKey"\s+\],\s+"Resource": "acs:kms:cn-hangzhou:\d+:key\/[\w-]+"/,
  );
  expect(output).toContain('0 findings');
  expect(output).toContain('denied: no statement allows kms:ScheduleKeyDeletion');
  expect(code).toBe(0);
});
