/** Something to measure, once; a promise is awaited. */
export type Work = () => unknown;

export interface Measured {
  /** Operations per second of processor time, the median of the rounds. */
  readonly perSecond: Readonly<Record<string, number>>;
  /** How many times as fast as each other contestant the first one is: the median of the rounds' ratios. */
  readonly ratios: Readonly<Record<string, number>>;
}

/**
 * Measure the first contestant against each of the others. In every round of a pair both run for about `sliceMs`, one
 * right after the other, and the round's ratio is taken: on a busy machine a round's absolute figures mean little, but
 * the median of ratios travels. Pairs are measured apart, so that nobody pays for a third one's garbage.
 */
export async function sideBySide(
  contestants: Readonly<Record<string, Work>>,
  { rounds = 9, sliceMs = 100 }: { rounds?: number; sliceMs?: number } = {},
): Promise<Measured> {
  const [first, ...others] = Object.keys(contestants) as [string, ...string[]];
  const figures: Record<string, number[]> = { [first]: [] };
  const ratios: Record<string, number> = {};
  for (const other of others) {
    await run(contestants[first]!, sliceMs);
    await run(contestants[other]!, sliceMs);
    globalThis.gc?.();
    const mine: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      mine.push(await run(contestants[first]!, sliceMs));
      theirs.push(await run(contestants[other]!, sliceMs));
    }
    figures[first]!.push(...mine);
    figures[other] = theirs;
    ratios[other] = median(mine.map((figure, round) => figure / theirs[round]!));
  }
  return {
    perSecond: Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, median(values)])),
    ratios,
  };
}

/**
 * Operations per second of processor time, over about `sliceMs` on the clock. On an idle machine that is the clock's
 * answer; on a busy one it does not count the time that other processes had. Garbage collection is counted.
 */
async function run(work: Work, sliceMs: number): Promise<number> {
  const start = performance.now();
  const usageAtStart = process.cpuUsage();
  let count = 0;
  do {
    const result = work();
    if (result instanceof Promise) await result;
    count += 1;
  } while (performance.now() - start < sliceMs);
  const { user, system } = process.cpuUsage(usageAtStart);
  return (count / (user + system)) * 1e6;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
