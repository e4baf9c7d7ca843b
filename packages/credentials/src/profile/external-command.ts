import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { split } from 'shlex';
import { ExternalCommandError, InvalidConfigurationError, MalformedResponseError } from '../errors.ts';
import type { CredentialsSource } from '../freshness/fresh-credentials.ts';
import { maxResponseBytes } from '../http/bounded-request.ts';
import type { EnvironmentVariables } from '../providers/environment-variables.ts';
import { parseExternalOutput } from './cli-config.ts';

const run = promisify(execFile);

/**
 * Credentials that a command prints as JSON: `{ "mode": "AK" | "StsToken", access_key_id, access_key_secret, sts_token?,
 * expiration? }`. It is started without a shell.
 */
export function externalCommandSource(profile: {
  readonly profileName: string;
  readonly command: string;
  readonly env: EnvironmentVariables;
  /** Milliseconds until it is killed. Default 60,000. */
  readonly timeoutMs?: number | undefined;
}): CredentialsSource {
  const { profileName, command, env, timeoutMs = 60_000 } = profile;
  const [file, ...args] = commandLine(command, profileName);
  return {
    providerName: 'external',
    async fetch({ signal }) {
      const options = {
        signal,
        timeout: timeoutMs,
        // A command that ignores SIGTERM would be waited for without end, and every caller with it.
        killSignal: 'SIGKILL' as const,
        maxBuffer: maxResponseBytes,
        env: { ...env },
        windowsHide: true,
      };
      const { stdout } = await run(file, args, options).catch((error: unknown) => {
        throw new ExternalCommandError(profileName, failure(error, timeoutMs));
      });
      const output = parseExternalOutput(stdout, profileName);
      const what = `The output of the process_command of profile ${profileName}`;
      if (!output.access_key_id)
        throw new MalformedResponseError(what, '$.access_key_id', 'a non-empty string');
      if (!output.access_key_secret)
        throw new MalformedResponseError(what, '$.access_key_secret', 'a non-empty string');
      if (output.mode === 'StsToken' && !output.sts_token) {
        throw new MalformedResponseError(what, '$.sts_token', 'a non-empty string');
      }
      return {
        accessKeyId: output.access_key_id,
        accessKeySecret: output.access_key_secret,
        securityToken: output.sts_token || undefined,
        expiration: expirationOf(output.expiration ?? undefined, what),
      };
    },
  };
}

function commandLine(command: string, profileName: string): [string, ...string[]] {
  let words: string[];
  try {
    // On Windows a backslash separates folders; elsewhere it quotes, as in a POSIX shell.
    words = split(process.platform === 'win32' ? command.replaceAll(/\\(?!")/g, '\\\\') : command);
  } catch {
    throw new InvalidConfigurationError(`Profile ${profileName}: a quote in process_command is not closed.`);
  }
  const [file, ...args] = words;
  if (!file) throw new InvalidConfigurationError(`Profile ${profileName}: process_command is empty.`);
  return [file, ...args];
}

function failure(error: unknown, timeoutMs: number): string {
  const { code, killed, signal } = error as { code?: string | number; killed?: boolean; signal?: string };
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `it printed more than ${maxResponseBytes} bytes`;
  if (killed) return `it did not end within ${timeoutMs / 1_000} seconds`;
  if (typeof code === 'number') return `it ended with exit code ${code}`;
  return `it could not be run (${code ?? signal ?? 'unknown'})`;
}

/** ISO 8601, or seconds since 1970. */
function expirationOf(value: string | number | undefined, what: string): Date | undefined {
  if (value === undefined || value === '' || value === 0) return undefined;
  const date = new Date(typeof value === 'number' ? value * 1_000 : value);
  if (Number.isNaN(date.getTime())) throw new MalformedResponseError(what, '$.expiration', 'a time');
  return date;
}
