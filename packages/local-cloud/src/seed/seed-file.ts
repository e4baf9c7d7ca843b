import { readFile } from 'node:fs/promises';
import { LocalCloudError } from '../errors.ts';
import { decodeSeed, invalidSeed, type Seed } from './seed.ts';

/**
 * Reads a seed from a YAML file (or JSON, which is YAML).
 *
 * @throws LocalCloudError `SeedInvalid` with the line, or every path, that is wrong
 */
export async function readSeedFile(path: string): Promise<Seed> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    throw new LocalCloudError(
      'SeedInvalid',
      code === 'ENOENT'
        ? `there is no seed file ${path}`
        : `the seed file ${path} cannot be read (${String(code)})`,
      { cause },
    );
  }
  // Loaded by those who have YAML.
  const { parse, YAMLParseError } = await import('yaml');
  let value: unknown;
  try {
    // Account ids are 16 digits: numbers too large for comfort, so they are read as the text they are.
    value = parse(text, { intAsBigInt: true, maxAliasCount: 100 });
  } catch (cause) {
    if (cause instanceof YAMLParseError)
      throw invalidSeed(`${path}: ${cause.message.split('\n', 1)[0]}`, cause);
    throw cause;
  }
  return decodeSeed(withoutBigInts(value));
}

/** Ids that were written without quotes become strings, and small numbers numbers. */
function withoutBigInts(value: unknown): unknown {
  if (typeof value === 'bigint')
    return Number.isSafeInteger(Number(value)) && value < 10n ** 15n ? Number(value) : String(value);
  if (Array.isArray(value)) return value.map(withoutBigInts);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutBigInts(one)]));
  return value;
}
