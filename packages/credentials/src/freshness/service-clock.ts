/** A `Date` header counts whole seconds, and the answer took a moment to arrive: below this, two clocks count as equal. */
const headerResolutionMs = 2_000;

/**
 * The service's time, as well as it can be known from here. Expirations are in the service's time, and a machine's clock may
 * be hours off.
 */
export interface ServiceClock {
  /** Estimated service time, milliseconds since 1970. Rather late than early, so that a credential is never thought valid too long. */
  now(): number;
  /** Take note of what the service's clock showed a moment ago. */
  observe(serviceTimeMs: number): void;
}

/**
 * Two estimates run side by side, and the later one counts: the machine's wall clock corrected by the skew last observed
 * (right after a suspended machine wakes up), and the observed time plus what a monotonic clock counted since (right after
 * somebody sets the wall clock back).
 *
 * @param wallClock milliseconds since 1970, by the machine's clock
 */
export function serviceClock(wallClock: () => number): ServiceClock {
  let skew = 0;
  let observed: { service: number; monotonic: number } | undefined;
  return {
    now() {
      const byWall = wallClock() + skew;
      return observed === undefined
        ? byWall
        : Math.max(byWall, observed.service + performance.now() - observed.monotonic);
    },
    observe(serviceTimeMs) {
      const local = wallClock();
      const difference = serviceTimeMs - local;
      skew = Math.abs(difference) <= headerResolutionMs ? 0 : difference + 1_000;
      observed = { service: local + skew, monotonic: performance.now() };
    },
  };
}
