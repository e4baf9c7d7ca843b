import { InvalidArgumentError } from '../errors.ts';

/** The names of an options type, which the compiler keeps complete. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/**
 * An option whose name is misspelt would be left out of account, in silence: an expected context that is never compared,
 * a limit that is not there.
 *
 * @throws {InvalidArgumentError} naming the unknown option and the known one most like it
 */
export function checkOptionNames(options: unknown, known: OptionNames<never>): void {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(
      `options must be an object, not ${options === null ? 'null' : typeof options}`,
    );
  }
  for (const name in options) {
    if (!Object.hasOwn(known, name)) throw unknownOption(name, Object.keys(known));
  }
}

function unknownOption(name: string, known: readonly string[]): InvalidArgumentError {
  const nearest = known.reduce((best, candidate) =>
    likeness(name, candidate) > likeness(name, best) ? candidate : best,
  );
  return new InvalidArgumentError(
    `there is no option ${JSON.stringify(name.slice(0, 64))}; the nearest is ${nearest} (of ${known.join(', ')})`,
  );
}

/** The share of pairs of neighbouring letters that two names have in common, whatever their case. */
function likeness(left: string, right: string): number {
  const [a, b] = [letterPairs(left), letterPairs(right)];
  return (2 * [...a].filter((pair) => b.has(pair)).length) / (a.size + b.size || 1);
}

function letterPairs(name: string): ReadonlySet<string> {
  const lower = name.toLowerCase();
  return new Set(Array.from({ length: Math.max(0, lower.length - 1) }, (_, at) => lower.slice(at, at + 2)));
}
