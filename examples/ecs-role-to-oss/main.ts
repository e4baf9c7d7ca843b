import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { Command, InvalidArgumentError } from 'commander';
import { tellTheStory } from './story.ts';

/** Something about how the demo was called that the caller can put right. */
class UsageError extends Error {}

function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > 65_530) {
    throw new InvalidArgumentError('a port is a whole number from 1 to 65530 (six in a row are used).');
  }
  return number;
}

const command = new Command('demo')
  .description(
    'An instance gets a role, the role gets credentials, and a file goes encrypted into OSS and back.',
  )
  .option('--file <path>', 'the file to encrypt (default: one of 64 MiB, made for the purpose)')
  .option('--out <folder>', 'where the decrypted copies go (default: a temporary folder, removed at the end)')
  .option('--port <number>', 'first of six ports in a row for the local cloud (default: free ports)', port)
  .showHelpAfterError('(npm run demo -- --help lists the options)')
  .allowExcessArguments(false);

async function main(): Promise<void> {
  const options = command.parse().opts<{ file?: string; out?: string; port?: number }>();
  if (options.file !== undefined) await checkReadable(options.file);
  if (options.out !== undefined) await makeFolder(options.out);
  const out = options.out ?? (await mkdtemp(join(tmpdir(), 'yunseal-demo-')));
  try {
    await tellTheStory({ ...options, out });
    console.log(styleText('green', '\nThe story ends well.'));
    if (options.out !== undefined) console.log(`The decrypted copies are in ${out}.`);
  } finally {
    if (options.out === undefined) await rm(out, { recursive: true, force: true });
  }
}

async function checkReadable(path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(error.code === 'ENOENT' ? `there is no file ${path}` : error.message);
  });
  if (!found.isFile()) throw new UsageError(`${path} is not a file`);
  await access(path, constants.R_OK).catch(() => {
    throw new UsageError(`${path} cannot be read: permission denied`);
  });
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`${path} cannot be made a folder for the decrypted copies: ${error.code}`);
  });
}

main().catch((error: Error & { code?: string }) => {
  const code = error.code === undefined ? '' : ` [${error.code}]`;
  console.error(styleText('red', `\n${error.message}${code}`));
  process.exitCode = 1;
});
