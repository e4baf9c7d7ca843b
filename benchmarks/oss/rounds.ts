import { MiB } from './fixtures.ts';

/** One kind of work done in several ways, in one run. */
export interface Comparison {
  readonly name: string;
  readonly ways: readonly {
    readonly way: string;
    /** Median over the rounds. */
    readonly mebibytesPerSecond: number;
    /** Of the first way's throughput: the median over the rounds of the ratio within each round. */
    readonly ofPlain: number;
  }[];
}

/** Do the work in each way by turns, so that whatever else the machine does strikes all of them alike. */
export async function compare(
  name: string,
  bytes: number,
  rounds: number,
  ways: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<Comparison> {
  const names = Object.keys(ways);
  const seconds: Record<string, number[]> = Object.fromEntries(names.map((way) => [way, []]));
  for (let round = -1; round < rounds; round++) {
    const order = round % 2 === 0 ? names : names.toReversed();
    for (const way of order) {
      const start = performance.now();
      await ways[way]?.();
      // The first round warms up.
      if (round >= 0) seconds[way]?.push((performance.now() - start) / 1000);
    }
  }
  const [plain = ''] = names;
  return {
    name,
    ways: names.map((way) => ({
      way,
      mebibytesPerSecond: bytes / MiB / median(seconds[way] ?? []),
      ofPlain: median((seconds[plain] ?? []).map((time, round) => time / (seconds[way]?.[round] ?? time))),
    })),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
