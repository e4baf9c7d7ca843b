/**
 * From `yunseal-local-cloud` to its endpoints on the screen, and what it then holds in memory; beside it, in the same
 * run, how long Node.js takes to start and print a line.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { json: { type: 'boolean' }, runs: { type: 'string' } } });
const runs = Number(values.runs ?? 15);
const cli = join(fileURLToPath(import.meta.resolve('@yunseal/local-cloud')), '..', 'cli.js');
const folder = mkdtempSync(join(tmpdir(), 'yunseal-start-'));
const seed = join(folder, 'cloud.yaml');
writeFileSync(
  seed,
  'accounts: [{ id: 1000000000000001, users: [{ name: a, accessKeys: [{ id: LTAIa, secret: s }], policies: [AdministratorAccess] }], keys: [{}, {}], buckets: [{ name: examplebucket }], instances: [{}] }]',
);

const rows = [];
for (const [what, flags] of [
  ['node -e', ['-e', 'console.log(1); setTimeout(() => {}, 1e6)']],
  ['in memory', [cli, '--json']],
  ['with a YAML seed', [cli, '--json', '--seed', seed]],
  ['with a data directory', [cli, '--json', '--data-dir', join(folder, 'data')]],
] as const) {
  const measured = [];
  for (let run = 0; run < runs; run++) measured.push(await start(flags));
  measured.sort((a, b) => a.ms - b.ms);
  rows.push({
    what,
    fastestMs: Math.round(measured[0]!.ms),
    medianMs: Math.round(measured[runs >> 1]!.ms),
    idleMiB: Math.round(measured.reduce((sum, { residentKiB }) => sum + residentKiB, 0) / runs / 1024),
  });
}
rmSync(folder, { recursive: true });
if (values.json === true) console.log(JSON.stringify(rows));
else console.table(rows);

async function start(flags: readonly string[]): Promise<{ ms: number; residentKiB: number }> {
  const began = performance.now();
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const ms = performance.now() - began;
  await new Promise((resolve) => setTimeout(resolve, 200));
  const residentKiB = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]);
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
  return { ms, residentKiB };
}
