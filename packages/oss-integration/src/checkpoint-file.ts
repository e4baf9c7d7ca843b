import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises';
import type * as t from 'io-ts';
import { CheckpointError } from './errors.ts';
import { formatValidationErrors } from './validation.ts';

/** A link that somebody put in the file's place is not followed. Windows has no such flag. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/**
 * Read what a transfer noted; undefined where nothing was.
 *
 * @throws {CheckpointError} when the file is there and is none of this kind, or others may have written it
 */
export async function readCheckpoint<A>(
  path: string,
  codec: t.Decoder<unknown, A>,
  what: string,
): Promise<A | undefined> {
  const file = await openOwn(path, constants.O_RDONLY);
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = await file.readFile('utf8');
  } catch (error) {
    throw new CheckpointError(`${path} cannot be read`, { cause: error });
  } finally {
    await file.close();
  }
  const decoded = codec.decode(parseJson(path, text));
  if (decoded._tag === 'Right') return decoded.right;
  throw new CheckpointError(
    `${path} is no checkpoint of ${what}: ${formatValidationErrors(decoded.left)}; delete it to start again`,
  );
}

/**
 * Written beside under a name that nobody knows and renamed, so that a process that dies leaves the old state or the
 * new one, and processes that share a checkpoint do not meet.
 */
export async function writeCheckpoint(path: string, state: object): Promise<void> {
  const beside = `${path}.${randomUUID()}.new`;
  try {
    await writeFile(beside, JSON.stringify(state), { mode: 0o600, flag: 'wx', flush: true });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw new CheckpointError(`${path} cannot be written`, { cause: error });
  }
}

/**
 * Create the file that holds a transfer's bytes in the place of whatever has its name: a process that has the former
 * one open keeps it, and a link is replaced rather than followed.
 */
export async function createSpool(path: string): Promise<FileHandle> {
  const beside = `${path}.${randomUUID()}.new`;
  let file: FileHandle | undefined;
  try {
    file = await open(beside, 'wx+', 0o600);
    await rename(beside, path);
    return file;
  } catch (error) {
    await file?.close();
    await rm(beside, { force: true });
    throw new CheckpointError(`${path} cannot be created`, { cause: error });
  }
}

/**
 * Open the bytes of an earlier process; undefined where there are none.
 *
 * @throws {CheckpointError} when others may have written them
 */
export function openSpool(path: string): Promise<FileHandle | undefined> {
  return openOwn(path, constants.O_RDWR);
}

async function openOwn(path: string, flags: number): Promise<FileHandle | undefined> {
  let file: FileHandle;
  try {
    // Not to wait for the other end of a pipe.
    file = await open(path, flags | NO_FOLLOW | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    const why = code === 'ELOOP' ? 'is a symbolic link; delete it to start again' : 'cannot be read';
    throw new CheckpointError(`${path} ${why}`, { cause: error });
  }
  try {
    requireOwn(path, await file.stat());
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** What others can write says nothing about what this user's process did. */
function requireOwn(path: string, stats: Stats): void {
  const refuse = (why: string) => new CheckpointError(`${path} ${why}; delete it to start again`);
  if (!stats.isFile()) throw refuse('is not a file');
  const user = process.getuid?.();
  // Windows has neither.
  if (user === undefined) return;
  if (stats.uid !== user) throw refuse('belongs to another user');
  if ((stats.mode & 0o022) !== 0) throw refuse('can be written by other users');
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CheckpointError(`${path} is no JSON; delete it to start again`);
  }
}
