/**
 * Runs a program as on an instance: `unshare --net node on-an-instance.ts <program> [argument…]`, as root. In the
 * network namespace of its own, the metadata service stands at the address that the clients have built in.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { runProgram } from './run-program.ts';
import { programEnvironment, startStoryCloud } from './story-cloud.ts';

const [program = '', ...args] = process.argv.slice(2);
await runProgram('ip', ['link', 'set', 'lo', 'up']);
await runProgram('ip', ['address', 'add', '100.100.100.200/32', 'dev', 'lo']);
const cloud = await startStoryCloud({ imdsAddress: '100.100.100.200:80' });
const child = spawn(program, args, {
  env: { ...process.env, ...programEnvironment(cloud) },
  stdio: 'inherit',
});
const [code] = (await once(child, 'exit')) as [number | null];
await cloud.close();
process.exitCode = code ?? 1;
