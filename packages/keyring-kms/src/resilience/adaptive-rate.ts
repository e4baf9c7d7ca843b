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
  /** Waits for a token. Resolves to the time of sending, to be handed back with a refusal. */
  acquire(signal?: AbortSignal): Promise<number>;
  accepted(): void;
  /** @returns whether the rate was lowered (once for a burst of refusals, not once for each). */
  throttled(sentAt: number): boolean;
  /** The current rate; `undefined` while nothing limits it. */
  perSecond(): number | undefined;
}

const windowMs = 1_000;
/** Refusals below this share are left to the retries: a rate right at the gateway's limit has a few. */
const bearableShare = 0.1;
/** Fewer than this in two seconds are no storm, whatever their share. */
const fewRefusals = 20;
/** A lowered rate is this much of what was accepted. */
const decrease = 0.9;
/** From a lowered rate back to the old one in this long. */
const recoveryMs = 5_000;

/**
 * Learns the gateway's rate from what it accepts. When more than a tenth of the last seconds' requests were refused, the
 * rate becomes nine tenths of what was accepted a second; while requests are accepted it creeps up again, and past the old
 * limit ever faster until nothing limits it. KMS counts by the second, so refusals of requests sent within a second of
 * lowering the rate are echoes of the same burst and do not lower it again.
 *
 * A request that finds no token reserves the next one and waits for just that long, so waiting callers go out evenly
 * spaced instead of in a herd.
 */
export function adaptiveRate(options: RateOptions, clock: Clock): AdaptiveRate {
  const min = options.minPerSecond ?? 5;
  const max = options.maxPerSecond ?? Number.POSITIVE_INFINITY;
  let rate = max;
  /** The rate that was accepted when throttling began. */
  let acceptedRate = max;
  let nextFreeAt = 0;
  let loweredAt = Number.NEGATIVE_INFINITY;
  let grownAt = 0;
  let before = { accepted: 0, refused: 0 };
  let current = { accepted: 0, refused: 0 };
  let windowStart = clock.now();

  function window(): { accepted: number; refused: number } {
    const age = clock.now() - windowStart;
    if (age >= windowMs) {
      before = age >= 2 * windowMs ? { accepted: 0, refused: 0 } : current;
      current = { accepted: 0, refused: 0 };
      windowStart = clock.now();
    }
    return current;
  }

  return {
    async acquire(signal) {
      const now = clock.now();
      if (rate === Number.POSITIVE_INFINITY) return now;
      // A tenth of a second's worth of tokens may have piled up; more would be the burst this exists to prevent.
      nextFreeAt = Math.max(nextFreeAt, now - windowMs / 10) + 1_000 / rate;
      const wait = Math.ceil(nextFreeAt - now);
      if (wait > 0) await clock.sleep(wait, signal);
      return clock.now();
    },
    accepted() {
      window().accepted++;
      if (rate === max) return;
      const now = clock.now();
      // Evenly up to where throttling began; from there on ever faster, since nothing says where the new limit is.
      const share = rate < acceptedRate ? 1 - decrease : 1;
      rate = Math.min(max, rate + (Math.max(rate, acceptedRate) * share * (now - grownAt)) / recoveryMs);
      grownAt = now;
      if (rate > acceptedRate * 4) rate = max;
    },
    throttled(sentAt) {
      window().refused++;
      const refused = before.refused + current.refused;
      const accepted = before.accepted + current.accepted;
      if (sentAt < loweredAt + windowMs) return false;
      if (refused < fewRefusals || refused < bearableShare * (refused + accepted)) return false;
      acceptedRate = Math.max(min, Math.min(rate, Math.max(before.accepted, current.accepted)));
      rate = Math.max(min, acceptedRate * decrease);
      loweredAt = clock.now();
      grownAt = loweredAt;
      // Nothing more is accepted before the second is over in which the limit was reached.
      nextFreeAt = windowStart + windowMs;
      return true;
    },
    perSecond: () => (rate === Number.POSITIVE_INFINITY ? undefined : rate),
  };
}
