import { readFile, rename, writeFile } from 'node:fs/promises';
import type * as t from 'io-ts';
import { CheckpointError } from './errors.ts';
import { formatValidationErrors } from './validation.ts';

/**
 * Read what a transfer noted; undefined where nothing was.
 *
 * @throws {CheckpointError} when the file is there and is none of this kind
 */
export async function readCheckpoint<A>(
  path: string,
  codec: t.Decoder<unknown, A>,
  what: string,
): Promise<A | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CheckpointError(`${path} cannot be read`, { cause: error });
  }
  const decoded = codec.decode(parseJson(path, text));
  if (decoded._tag === 'Right') return decoded.right;
  throw new CheckpointError(
    `${path} is no checkpoint of ${what}: ${formatValidationErrors(decoded.left)}; delete it to start again`,
  );
}

/** Written beside and renamed, so that a process that dies leaves the old state or the new one. */
export async function writeCheckpoint(path: string, state: object): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CheckpointError(`${path} is no JSON; delete it to start again`);
  }
}
