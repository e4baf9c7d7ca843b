import { lru } from 'tiny-lru';
import { MaterialsTimeoutError } from '../errors.ts';

/** Materials in the cache, and what was used of them. */
export interface CacheEntry<Materials> {
  readonly materials: Materials;
  readonly createdAt: Instant;
  messages: number;
  bytes: number;
  /** When a renewal was last asked for. */
  renewalAt?: Instant | undefined;
}

export interface CacheLimits {
  readonly capacity: number;
  readonly maxAgeMs: number;
  /** From this long before its end, an entry is renewed while it goes on being used. */
  readonly gracePeriodMs: number;
  /** A request for materials is repeated when it has not been answered after this long. */
  readonly graceIntervalMs: number;
  /** How many entries may be asked for at the same time. */
  readonly fanOut: number;
  /** How long a caller waits for materials that somebody else asked for. */
  readonly inFlightTtlMs: number;
}

export interface MaterialsCache<Materials> {
  /**
   * An entry that `use` accepts (it counts the use, and refuses an entry that has none left), else a new one from
   * `fetch`. However many callers ask for one id at a time, one of them fetches.
   */
  get(
    id: string,
    use: (entry: CacheEntry<Materials>) => boolean,
    fetch: () => Promise<Materials>,
  ): Promise<Materials>;
  /** Zero and forget everything. What is being fetched meanwhile is not kept. */
  clear(): void;
}

/** A point in time on two clocks: one that stops in suspend, and one that can be set. */
interface Instant {
  readonly monotonic: number;
  readonly wall: number;
}

interface Flight {
  readonly startedAt: Instant;
  readonly settled: Promise<unknown>;
}

const maxTimerMs = 0x7fff_ffff;

/**
 * A cache of materials that goes to their source once for many callers, renews what is used before it ends, and keeps
 * nothing past its age.
 *
 * @see framework/storm-tracking-cryptographic-materials-cache.md of the AWS Encryption SDK specification
 */
export function createMaterialsCache<Materials>(
  limits: CacheLimits,
  /** Give out a copy, which the caller will zero. */
  copy: (materials: Materials) => Materials,
  /** Zero what is no longer kept. */
  destroy: (materials: Materials) => void,
): MaterialsCache<Materials> {
  const entries = lru<CacheEntry<Materials>>(limits.capacity);
  const flights = new Map<string, Flight>();
  let generation = 0;
  let sweeping = false;

  const remove = (id: string, entry: CacheEntry<Materials>) => {
    if (entries.peek(id) === entry) entries.delete(id);
    destroy(entry.materials);
  };

  const store = (id: string, materials: Materials): CacheEntry<Materials> => {
    const entry: CacheEntry<Materials> = { materials, createdAt: now(), messages: 0, bytes: 0 };
    const replaced = entries.peek(id);
    if (replaced !== undefined) remove(id, replaced);
    const evicted = entries.setWithEvicted(id, entry);
    if (evicted !== null) destroy(evicted.value.materials);
    sweepLater(limits.maxAgeMs);
    return entry;
  };

  /** An entry that nobody asks for again must not stay longer than one that is used. */
  const sweepLater = (delayMs: number) => {
    if (sweeping || delayMs > maxTimerMs) return;
    sweeping = true;
    const timer: unknown = setTimeout(() => {
      sweeping = false;
      let oldest = 0;
      for (const [id, entry] of entries.entries() as [string, CacheEntry<Materials>][]) {
        const age = elapsed(entry.createdAt);
        if (age >= limits.maxAgeMs) remove(id, entry);
        else oldest = Math.max(oldest, age);
      }
      if (entries.size > 0) sweepLater(limits.maxAgeMs - oldest);
    }, delayMs);
    // In Node.js a timer is an object and would keep the process alive.
    if (typeof timer === 'object') (timer as { unref?(): void }).unref?.();
  };

  /** Ask for new materials. They are stored, and what `take` makes of the entry in the same turn is given back. */
  const launch = <T>(
    id: string,
    fetch: () => Promise<Materials>,
    take: (entry: CacheEntry<Materials>) => T,
    uncached: (materials: Materials) => T,
  ): Promise<T> => {
    const launchedIn = generation;
    const landed = fetch().then((materials) =>
      launchedIn === generation ? take(store(id, materials)) : uncached(materials),
    );
    const flight: Flight = { startedAt: now(), settled: landed };
    flights.set(id, flight);
    const land = () => {
      if (flights.get(id) === flight) flights.delete(id);
    };
    landed.then(land, land);
    return landed;
  };

  const live = (id: string): CacheEntry<Materials> | undefined => {
    const entry = entries.get(id);
    if (entry === undefined || elapsed(entry.createdAt) < limits.maxAgeMs) return entry;
    remove(id, entry);
    return undefined;
  };

  const renewAhead = (id: string, entry: CacheEntry<Materials>, fetch: () => Promise<Materials>) => {
    if (elapsed(entry.createdAt) < limits.maxAgeMs - limits.gracePeriodMs) return;
    if (entry.renewalAt !== undefined && elapsed(entry.renewalAt) < limits.graceIntervalMs) return;
    if (flights.size >= limits.fanOut) return;
    entry.renewalAt = now();
    // The entry is still good: nobody waits for this, and a failure is tried again after the grace interval.
    launch(id, fetch, () => {}, destroy).catch(() => {});
  };

  return {
    async get(id, use, fetch) {
      const askedAt = now();
      for (;;) {
        const entry = live(id);
        if (entry !== undefined) {
          if (use(entry)) {
            const materials = copy(entry.materials);
            renewAhead(id, entry, fetch);
            return materials;
          }
          remove(id, entry);
        }
        const flight = flights.get(id);
        const mayLaunch =
          flight === undefined
            ? flights.size < limits.fanOut
            : elapsed(flight.startedAt) >= limits.graceIntervalMs;
        if (mayLaunch) {
          return launch(
            id,
            fetch,
            (fetched) => {
              use(fetched);
              return copy(fetched.materials);
            },
            (materials) => materials,
          );
        }
        if (elapsed(askedAt) >= limits.inFlightTtlMs) {
          throw new MaterialsTimeoutError(
            `the materials that another call asked for have not come within ${limits.inFlightTtlMs} ms`,
          );
        }
        await (flight === undefined
          ? anyLanding(flights, limits.inFlightTtlMs)
          : landing(flight, limits.graceIntervalMs - elapsed(flight.startedAt)));
      }
    },
    clear() {
      generation += 1;
      for (const [, entry] of entries.entries() as [string, CacheEntry<Materials>][])
        destroy(entry.materials);
      entries.clear();
      flights.clear();
    },
  };
}

/** Wait for one flight, at most `ms` from now. Its failure is the waiting callers' failure. */
function landing(flight: Flight, ms: number): Promise<unknown> {
  return withTimeout(flight.settled, ms);
}

/** Wait until any flight has landed, well or not: a place is free then. */
function anyLanding(flights: ReadonlyMap<string, Flight>, ms: number): Promise<unknown> {
  const landings = [...flights.values()].map(({ settled }) => settled.catch(() => {}));
  return withTimeout(Promise.race(landings), ms);
}

async function withTimeout(promise: Promise<unknown>, ms: number): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.min(ms, maxTimerMs));
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function now(): Instant {
  return { monotonic: performance.now(), wall: Date.now() };
}

/** Time since then: the longer of the two clocks' answers, so that neither suspend nor a clock set back adds life. */
function elapsed(since: Instant): number {
  return Math.max(performance.now() - since.monotonic, Date.now() - since.wall);
}
