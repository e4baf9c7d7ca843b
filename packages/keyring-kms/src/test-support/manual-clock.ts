import type { Clock } from '../resilience/clock.ts';

/** A clock that stands still but for sleeping, which takes no real time. */
export function manualClock(
  options: { readonly random?: () => number; readonly onSleep?: (ms: number) => void } = {},
): Clock & { advance(ms: number): void; readonly slept: readonly number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    now: () => now,
    random: options.random ?? (() => 0.5),
    sleep: async (ms, signal) => {
      slept.push(ms);
      options.onSleep?.(ms);
      signal?.throwIfAborted();
      now += ms;
    },
    advance: (ms) => {
      now += ms;
    },
    slept,
  };
}
