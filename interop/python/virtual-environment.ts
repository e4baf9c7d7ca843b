import { spawnSync } from 'node:child_process';

/** A Python with packages installed, or why there is none on this machine. */
export type VirtualEnvironment = { readonly python: string } | { readonly absent: string };

/**
 * Make a virtual environment in `<folder>/.venv` with these packages from the registry.
 *
 * @param requirements as pip takes them, for example `oss2==2.19.1`
 */
export function createVirtualEnvironment(
  folder: string,
  requirements: readonly string[],
): VirtualEnvironment {
  const python = `${folder}/.venv/bin/python`;
  const run = (command: string, ...arguments_: string[]) =>
    spawnSync(command, arguments_, { encoding: 'utf8', timeout: 300_000 });
  if (run('python3', '--version').status !== 0) return { absent: 'python3 is not installed' };
  const created = run('python3', '-m', 'venv', `${folder}/.venv`);
  if (created.status !== 0)
    return { absent: `python3 cannot make a virtual environment: ${lastLine(created)}` };
  const installed = run(python, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...requirements);
  if (installed.status === 0) return { python };
  return { absent: `pip cannot install ${requirements.join(' ')}: ${lastLine(installed)}` };
}

function lastLine({ stdout, stderr }: { stdout: string; stderr: string }): string {
  return `${stdout}\n${stderr}`.trim().split('\n').at(-1) ?? '';
}
