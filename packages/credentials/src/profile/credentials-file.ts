import { open } from 'node:fs/promises';
import { CredentialsFileError } from '../errors.ts';
import { type CredentialsEventListener, emitEvent } from '../events.ts';

/** A configuration file is small; reading more would let a wrong path eat the memory. */
const maxFileBytes = 1024 * 1024;

/** @throws CredentialsFileError */
export async function readTextFile(file: string): Promise<string> {
  return (await readWithMode(file)).text;
}

/**
 * Read a file that holds credentials.
 * @param warn when given, tell there that others than its owner can read it
 * @returns undefined when there is no such file
 * @throws CredentialsFileError
 */
export async function readCredentialsFile(
  file: string,
  warn?: { readonly providerName: string; readonly onEvent: CredentialsEventListener | undefined },
): Promise<string | undefined> {
  try {
    const { text, mode } = await readWithMode(file);
    // Windows has no such bits, and reports them as set.
    if (warn !== undefined && process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const bits = (mode & 0o777).toString(8).padStart(3, '0');
      const message = `${file} holds credentials and is open to others than its owner (mode ${bits}). Run: chmod 600 ${file}`;
      const { providerName, onEvent } = warn;
      emitEvent({ type: 'warning', providerName, code: 'CredentialsFileExposed', message }, onEvent);
    }
    return text;
  } catch (error) {
    if (error instanceof CredentialsFileError && error.systemCode === 'ENOENT') return undefined;
    throw error;
  }
}

async function readWithMode(file: string): Promise<{ text: string; mode: number }> {
  try {
    const handle = await open(file, 'r');
    try {
      const { mode, size } = await handle.stat();
      if (size > maxFileBytes) throw new CredentialsFileError(file, 'EFBIG');
      const text = await handle.readFile('utf8');
      // Editors on Windows put a byte order mark in front, which no parser expects.
      return { text: text.replace(/^\uFEFF/, ''), mode };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof CredentialsFileError) throw error;
    throw new CredentialsFileError(file, (error as NodeJS.ErrnoException).code ?? 'UNKNOWN');
  }
}
