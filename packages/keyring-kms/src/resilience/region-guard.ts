import {
  bulkhead,
  CountBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  isBrokenCircuitError,
  noJitterGenerator,
} from 'cockatiel';

/** When a region counts as down. */
export interface CircuitBreakerOptions {
  /** Share of failed calls, in (0, 1), that opens the circuit. Default 0.5. */
  readonly threshold?: number | undefined;
  /** How many of the latest calls are looked at. Default 20. */
  readonly window?: number | undefined;
  /** With fewer calls than this in the window the circuit stays closed. Default 10. */
  readonly minimumCalls?: number | undefined;
  /**
   * How long the circuit stays open before one call may probe the region, in milliseconds; doubles with every probe that
   * fails, up to 30 times this. Default 1,000.
   */
  readonly openMs?: number | undefined;
}

/** One attempt at a call. */
export interface Attempt<T> {
  /** Waits until it may be sent, in its place on a connection. */
  pace(): Promise<unknown>;
  /**
   * Begins it and says two things: `outcome`, which settles as soon as the caller can be answered, and `released`, which
   * settles when the connection is free again (later than `outcome` when the attempt was given up on). The place is kept
   * until then, so abandoned attempts cannot pile up connections.
   */
  start(): { readonly outcome: Promise<T>; readonly released: Promise<unknown> };
}

export interface RegionGuard {
  /** Runs one attempt; rejects at once when `signal` is aborted, with its reason. */
  run<T>(attempt: Attempt<T>, signal: AbortSignal): Promise<T>;
  available(): boolean;
}

/** Thrown by {@link RegionGuard.run} when the circuit is open. */
export { isBrokenCircuitError };

/** Bounds the connections to one region, and stops sending to it while it is down. */
export function regionGuard(options: {
  readonly maxConnections: number;
  readonly circuitBreaker?: CircuitBreakerOptions | false | undefined;
  /** Which errors say that the region, not the request, is at fault. */
  readonly isOutage: (error: unknown) => boolean;
  readonly onCircuitChange: (open: boolean) => void;
}): RegionGuard {
  const places = bulkhead(options.maxConnections, Number.POSITIVE_INFINITY);
  const settings = options.circuitBreaker === false ? undefined : (options.circuitBreaker ?? {});
  const openMs = settings?.openMs ?? 1_000;
  const circuit =
    settings === undefined
      ? undefined
      : circuitBreaker(handleWhen(options.isOutage), {
          halfOpenAfter: new ExponentialBackoff({
            initialDelay: openMs,
            maxDelay: 30 * openMs,
            generator: noJitterGenerator,
          }),
          breaker: new CountBreaker({
            threshold: settings.threshold ?? 0.5,
            size: settings.window ?? 20,
            minimumNumberOfCalls: settings.minimumCalls ?? 10,
          }),
        });
  let openedAt = Number.NEGATIVE_INFINITY;
  circuit?.onBreak(() => {
    openedAt = Date.now();
    options.onCircuitChange(true);
  });
  circuit?.onReset(() => {
    openedAt = Number.NEGATIVE_INFINITY;
    options.onCircuitChange(false);
  });

  return {
    run: <T>(attempt: Attempt<T>, signal: AbortSignal): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        // The caller is let go at once; the attempt runs on to its own end, so that the circuit learns how it ended.
        const onAbort = (): void => reject(signal.reason);
        signal.addEventListener('abort', onAbort, { once: true });
        let released: Promise<unknown> = Promise.resolve();
        const start = (): Promise<T> => {
          const started = attempt.start();
          released = started.released;
          return started.outcome;
        };
        const inPlace = async (): Promise<void> => {
          try {
            signal.throwIfAborted();
            await attempt.pace();
            resolve(await (circuit === undefined ? start() : circuit.execute(start)));
          } catch (error) {
            reject(error);
          }
          signal.removeEventListener('abort', onAbort);
          await released.catch(() => undefined);
        };
        places.execute(inPlace).catch(reject);
      }),
    // A region that is due for a probe counts as available, or nobody would ever probe it.
    available: () => Date.now() - openedAt >= openMs,
  };
}
