import type { Clock } from './clock.ts';

/** One of several ways to the same result. */
export interface Way<T> {
  /** Ways through the same place fail together: trouble with one is no reason to hurry to another. */
  readonly place: string;
  run(options: { readonly signal: AbortSignal; readonly onAttemptFailed: () => void }): Promise<T>;
}

export type HedgedResult<T> =
  | { readonly value: T; readonly index: number; readonly errors: readonly unknown[] }
  | { readonly errors: readonly unknown[] };

/**
 * Tries the ways in order and takes the first success. The next way starts when the one before has failed, has been at it
 * for `afterMs`, or reports a failed attempt and the next goes through another place. So a place that hangs costs
 * `afterMs`, and one that refuses costs next to nothing. The losers are aborted.
 *
 * @param discard - gets a success that came too late.
 * @returns the value, or every way's error in the order of the ways. Rejects only when `signal` is aborted.
 */
export function hedged<T>(
  ways: readonly Way<T>[],
  options: {
    readonly afterMs: number;
    readonly clock: Clock;
    readonly signal?: AbortSignal | undefined;
    readonly discard?: ((late: T) => void) | undefined;
  },
): Promise<HedgedResult<T>> {
  const { signal, clock } = options;
  return new Promise((resolve, reject) => {
    const losers = new AbortController();
    const errors: unknown[] = new Array(ways.length).fill(undefined);
    let started = 0;
    let failed = 0;
    let done = false;

    const finish = (deliver: () => void): void => {
      if (done) return;
      done = true;
      signal?.removeEventListener('abort', onAbort);
      deliver();
      losers.abort(new DOMException('another way succeeded first', 'AbortError'));
    };
    const onAbort = (): void => finish(() => reject(signal?.reason));
    if (signal?.aborted) {
      onAbort();
      return;
    }
    signal?.addEventListener('abort', onAbort, { once: true });

    const startNext = (after: number): void => {
      // Only the newest way may start the next one; older ones have had their turn.
      if (done || started !== after || started === ways.length) return;
      const index = started++;
      const way = ways[index]!;
      const hurry = (): void => {
        if (ways[index + 1]?.place !== way.place) startNext(index + 1);
      };
      way.run({ signal: losers.signal, onAttemptFailed: hurry }).then(
        (value) => {
          if (done) options.discard?.(value);
          else finish(() => resolve({ value, index, errors: errors.filter((error) => error !== undefined) }));
        },
        (error) => {
          if (done) return;
          errors[index] = error;
          failed++;
          if (failed === ways.length) finish(() => resolve({ errors }));
          else startNext(started);
        },
      );
      if (index + 1 < ways.length) {
        clock.sleep(options.afterMs, losers.signal).then(
          () => startNext(index + 1),
          () => undefined,
        );
      }
    };
    if (ways.length === 0) finish(() => resolve({ errors: [] }));
    else startNext(0);
  });
}
