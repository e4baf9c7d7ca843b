import { spawn } from 'node:child_process';

/** How a program ended, and what it wrote. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end.
 *
 * @throws Error with both outputs when it fails or takes longer than `timeoutMs` (300,000 when absent)
 */
export function runProgram(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string>>; timeoutMs?: number } = {},
): Promise<Outcome> {
  const { cwd, env = {}, timeoutMs = 300_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    const written = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      written.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      written.stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(written);
      const ending = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
      reject(new Error(`${command} ${args.join(' ')} ${ending}\n${written.stdout}\n${written.stderr}`));
    });
  });
}

/** Why a program cannot be run here, or undefined when it can: a reason to skip a test. */
export async function whyMissing(command: string, ...versionArgs: string[]): Promise<string | undefined> {
  try {
    await runProgram(command, versionArgs, { timeoutMs: 60_000 });
    return undefined;
  } catch (error) {
    return `${command} cannot be run here: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
}
