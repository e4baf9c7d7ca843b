import { ExponentialBackoff, handleWhen, type IRetryContext, retry } from 'cockatiel';
import { StoreError } from './errors.ts';

/** How often, and how patiently, a request that may succeed later is sent again. */
export interface RetryOptions {
  /** Tries after the first one. By default 4; 0 turns retries off. */
  readonly retries?: number | undefined;
  /** Wait before the first retry, in milliseconds, doubling (with jitter) from then on. By default 100. */
  readonly initialDelayMs?: number | undefined;
  /** The longest wait, in milliseconds. By default 10,000. */
  readonly maxDelayMs?: number | undefined;
}

/** Runs one request, again where that may help. */
export type Retry = <T>(request: (attempt: number) => Promise<T>, signal?: AbortSignal) => Promise<T>;

export function retryPolicy({
  retries = 4,
  initialDelayMs = 100,
  maxDelayMs = 10_000,
}: RetryOptions = {}): Retry {
  if (retries === 0) return (request) => request(0);
  const policy = retry(
    handleWhen((error) => error instanceof StoreError && error.retryable),
    {
      maxAttempts: retries,
      backoff: new ExponentialBackoff({ initialDelay: initialDelayMs, maxDelay: maxDelayMs }),
    },
  );
  return (request, signal) => policy.execute(({ attempt }: IRetryContext) => request(attempt), signal);
}
