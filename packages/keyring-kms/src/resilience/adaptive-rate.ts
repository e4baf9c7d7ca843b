import type { Clock } from './clock.ts';

/** Bounds of the send rate that throttling teaches. */
export interface RateOptions {
  /** Never slower than this, in requests per second. Default 5. */
  readonly minPerSecond?: number | undefined;
  /** A limit from the start, in requests per second; by default none until KMS throttles. */
  readonly maxPerSecond?: number | undefined;
}

/** A token bucket whose rate follows what the gateway accepts. */
export interface AdaptiveRate {
  /** Waits for a token. Resolves to the time of sending, to be handed back with the outcome. */
  acquire(signal?: AbortSignal): Promise<number>;
  succeeded(): void;
  /** @returns whether the rate was lowered (once for a burst of refusals, not once for each). */
  throttled(sentAt: number): boolean;
  /** The current rate; `undefined` while nothing limits it. */
  perSecond(): number | undefined;
}

const decrease = 0.7;
/** From a lowered rate back to the old one in this long. */
const recoveryMs = 10_000;
const windowMs = 1_000;

/**
 * Additive increase, multiplicative decrease, as TCP does it: the first throttling sets the rate to 70 % of what was
 * being sent, a further one takes 30 % off again, and every second without one gives 3 % back. KMS counts by the second, so
 * refusals of requests sent within a second of lowering the rate are echoes of the same burst and do not lower it again.
 *
 * A request that finds no token reserves the next one and waits for just that long, so waiting callers go out evenly
 * spaced instead of in a herd.
 */
export function adaptiveRate(options: RateOptions, clock: Clock): AdaptiveRate {
  const min = options.minPerSecond ?? 5;
  const max = options.maxPerSecond ?? Number.POSITIVE_INFINITY;
  let rate = max;
  /** The rate at which throttling began; growing well past it means the limit is gone. */
  let throttledRate = max;
  let nextFreeAt = 0;
  let loweredAt = Number.NEGATIVE_INFINITY;
  let grownAt = 0;
  let windowStart = clock.now();
  let windowCount = 0;
  let measured = 0;

  function measure(now: number): void {
    if (now - windowStart >= windowMs) {
      measured = (windowCount * 1_000) / (now - windowStart);
      windowStart = now;
      windowCount = 0;
    }
    windowCount++;
  }

  return {
    async acquire(signal) {
      const now = clock.now();
      if (rate === Number.POSITIVE_INFINITY) {
        measure(now);
        return now;
      }
      // A tenth of a second's worth of tokens may have piled up; more would be the burst this exists to prevent.
      const interval = 1_000 / rate;
      nextFreeAt = Math.max(nextFreeAt, now - 100) + interval;
      const wait = Math.ceil(nextFreeAt - now);
      if (wait > 0) await clock.sleep(wait, signal);
      const sentAt = clock.now();
      measure(sentAt);
      return sentAt;
    },
    succeeded() {
      if (rate === max) return;
      const now = clock.now();
      // Evenly up to where throttling began; from there on ever faster, since nothing says where the new limit is.
      const share = rate < throttledRate ? 1 - decrease : 1;
      rate = Math.min(max, rate + (Math.max(rate, throttledRate) * share * (now - grownAt)) / recoveryMs);
      grownAt = now;
      if (rate > throttledRate * 4) rate = max;
    },
    throttled(sentAt) {
      if (sentAt < loweredAt + windowMs) return false;
      const now = clock.now();
      const elapsed = Math.max(now - windowStart, windowMs / 10);
      const current = Math.max(measured, (windowCount * 1_000) / Math.max(elapsed, windowMs));
      throttledRate = Math.max(min, Math.min(rate, current));
      rate = Math.max(min, throttledRate * decrease);
      loweredAt = now;
      grownAt = now;
      nextFreeAt = now;
      return true;
    },
    perSecond: () => (rate === Number.POSITIVE_INFINITY ? undefined : rate),
  };
}
