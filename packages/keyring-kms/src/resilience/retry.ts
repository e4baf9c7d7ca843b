import type { Clock } from './clock.ts';

/** How often and how long a call is tried again. */
export interface RetryOptions {
  /** Attempts in all, the first included. Default 10. */
  readonly maxAttempts?: number | undefined;
  /** Upper bound of the first pause, in milliseconds; doubles with every attempt. Default 100. */
  readonly baseDelayMs?: number | undefined;
  /** Upper bound of any pause, in milliseconds. Default 5,000. */
  readonly maxDelayMs?: number | undefined;
  /** Time for the whole call, pauses and queueing included, in milliseconds. Default 30,000. */
  readonly totalTimeoutMs?: number | undefined;
}

export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  readonly totalTimeoutMs: number;
}

export function retryPolicy(options: RetryOptions = {}): RetryPolicy {
  return {
    maxAttempts: options.maxAttempts ?? 10,
    baseDelayMs: options.baseDelayMs ?? 100,
    maxDelayMs: options.maxDelayMs ?? 5_000,
    totalTimeoutMs: options.totalTimeoutMs ?? 30_000,
  };
}

export interface RetryHooks {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Whether a further attempt can help after this error. */
  readonly isRetryable: (error: unknown) => boolean;
  /** Whether the attempt counts against `maxAttempts`: one that a circuit breaker held back does not. */
  readonly wasSent: (error: unknown) => boolean;
  readonly onRetry: (error: unknown, attempt: number, delayMs: number) => void;
}

/**
 * Runs `attempt` (numbered from 1) until it succeeds, fails for good, or the policy's bounds are reached; then throws
 * the last attempt's error. Pauses are exponential with full jitter, so that callers that failed together do not come
 * back together.
 */
export async function retry<T>(
  attempt: (number: number) => Promise<T>,
  policy: RetryPolicy,
  hooks: RetryHooks,
): Promise<T> {
  const deadline = hooks.clock.now() + policy.totalTimeoutMs;
  let number = 1;
  for (let pauses = 0; ; pauses++) {
    hooks.signal?.throwIfAborted();
    try {
      return await attempt(number);
    } catch (error) {
      if (hooks.signal?.aborted) throw hooks.signal.reason;
      if (number >= policy.maxAttempts || !hooks.isRetryable(error)) throw error;
      const ceiling = Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** pauses);
      const delayMs = Math.round(hooks.clock.random() * ceiling);
      if (hooks.clock.now() + delayMs >= deadline) throw error;
      hooks.onRetry(error, number, delayMs);
      if (hooks.wasSent(error)) number++;
      await hooks.clock.sleep(delayMs, hooks.signal);
    }
  }
}
