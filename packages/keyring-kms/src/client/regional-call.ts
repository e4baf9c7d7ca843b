import { type Credentials, CredentialsError, type CredentialsProvider } from '@yunseal/credentials';
import type * as t from 'io-ts';
import {
  KmsCircuitOpenError,
  KmsError,
  KmsResponseError,
  KmsThrottledError,
  KmsTimeoutError,
} from '../errors.ts';
import type { KmsEventListener } from '../events.ts';
import type { KmsCallOptions, KmsHealth } from '../kms-client.ts';
import type { AdaptiveRate } from '../resilience/adaptive-rate.ts';
import type { Clock } from '../resilience/clock.ts';
import { isBrokenCircuitError, type RegionGuard } from '../resilience/region-guard.ts';
import { type RetryPolicy, retry } from '../resilience/retry.ts';
import { isRetryable, kmsErrorOf, mayHaveRotated } from './failure.ts';
import { decodeResponse } from './responses.ts';
import type { KmsWire } from './wire.ts';

/** Everything one region's calls share. */
export interface RegionalCaller {
  readonly region: string;
  readonly wire: KmsWire;
  readonly credentials: CredentialsProvider;
  readonly guard: RegionGuard;
  readonly rate: AdaptiveRate;
  readonly retry: RetryPolicy;
  readonly connectTimeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly clock: Clock;
  readonly onEvent: KmsEventListener;
}

/** Credentials that are refused may just be rotating. When they are still the same after this many tries, they are bad. */
const maxRefusals = 2;

/** One call, before it is sent. */
export interface Call<A> {
  readonly operation: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** What the call is about, for messages. */
  readonly resource?: string | undefined;
  /** Names of the parameters whose values must never be shown. */
  readonly secretParameters?: readonly string[] | undefined;
  readonly codec: t.Decoder<unknown, A>;
  /** Says what is wrong with a well-formed answer that does not answer what was asked. */
  readonly check?:
    | ((answer: A) => { readonly reason: string; readonly path: string } | undefined)
    | undefined;
}

export interface RegionalCall {
  call<A>(call: Call<A>, options?: KmsCallOptions): Promise<A>;
  health(): KmsHealth;
}

/**
 * Sends calls to one region: paced, over a bounded number of connections, through the circuit breaker, each attempt with
 * a deadline and with credentials read once, retried within bounds, decoded and checked.
 */
export function regionalCall(caller: RegionalCaller): RegionalCall {
  const { region, clock, rate, guard, onEvent } = caller;
  let latencyMs: number | undefined;

  async function attempt<A>(
    call: Call<A>,
    number: number,
    signal: AbortSignal,
    used: { credentials?: Credentials },
  ): Promise<A> {
    const secrets = (call.secretParameters ?? []).map((name) => call.parameters[name] ?? '');
    const about = { operation: call.operation, region, resource: call.resource, attempt: number };
    let credentialsFailure: { readonly error: unknown } | undefined;
    const fail = (thrown: unknown): unknown =>
      // The provider's own error, which says what is wrong better than anything here could.
      credentialsFailure !== undefined ? credentialsFailure.error : kmsErrorOf(thrown, { ...about, secrets });

    const send = async (): Promise<A> => {
      const credentials = await caller.credentials.getCredentials().catch((error: unknown) => {
        credentialsFailure = { error };
        throw error;
      });
      used.credentials = credentials;
      secrets.push(credentials.accessKeySecret, credentials.securityToken ?? '');
      const answer = await caller.wire({
        action: call.operation,
        // The endpoint says the region; this says it too, for gateways that serve several.
        parameters: { ...call.parameters, RegionId: region },
        credentials,
        connectTimeoutMs: caller.connectTimeoutMs,
        readTimeoutMs: caller.attemptTimeoutMs,
      });
      const decoded = decodeResponse(call.codec, answer);
      if ('path' in decoded) {
        throw new KmsResponseError('the answer is not what the API documents', about, decoded.path, number);
      }
      const wrong = call.check?.(decoded.value);
      if (wrong !== undefined) throw new KmsResponseError(wrong.reason, about, wrong.path, number);
      return decoded.value;
    };

    const start = (): { outcome: Promise<A>; released: Promise<unknown> } => {
      startedAt = performance.now();
      const sent = send();
      const timeout = deadline(
        caller.attemptTimeoutMs,
        () => new KmsTimeoutError(`no answer within ${caller.attemptTimeoutMs} ms`, about, number),
      );
      const outcome = Promise.race([sent, timeout.passed])
        .catch((thrown) => {
          throw fail(thrown);
        })
        .finally(timeout.cancel);
      // The official client cannot be aborted, but ends by itself within its own timeouts.
      const slot = deadline(caller.connectTimeoutMs + caller.attemptTimeoutMs, () => new Error('overdue'));
      slot.unref();
      const released = Promise.race([sent.catch(() => undefined), slot.passed]).finally(slot.cancel);
      return { outcome, released };
    };

    let sentAt = 0;
    let startedAt = 0;
    const pace = async (): Promise<void> => {
      sentAt = await rate.acquire(signal);
    };
    try {
      const value = await guard.run({ pace, start }, signal);
      const took = performance.now() - startedAt;
      latencyMs = latencyMs === undefined ? took : latencyMs * 0.8 + took * 0.2;
      rate.accepted();
      return value;
    } catch (error) {
      if (isBrokenCircuitError(error)) {
        throw new KmsCircuitOpenError(
          'recent calls to this region failed, so none is sent for a while; wait, or use a key in another region',
          about,
          number,
        );
      }
      if (error instanceof KmsThrottledError && rate.throttled(sentAt)) {
        onEvent({ type: 'rate-lowered', region, requestsPerSecond: rate.perSecond() ?? 0 });
      }
      throw error;
    }
  }

  return {
    async call(call, options = {}) {
      options.signal?.throwIfAborted();
      let lastError: unknown;
      const used: { credentials?: Credentials } = {};
      let refused: { readonly credentials: Credentials | undefined; times: number } | undefined;
      const canHelp = (error: unknown): boolean => {
        if (error instanceof CredentialsError) return error.retryable;
        if (!mayHaveRotated(error)) return isRetryable(error);
        if (used.credentials !== undefined) caller.credentials.reportRejected?.(used.credentials);
        if (refused === undefined || !isSame(refused.credentials, used.credentials)) {
          refused = { credentials: used.credentials, times: 0 };
        }
        return ++refused.times <= maxRefusals;
      };
      const bounds = boundedBy(options.signal, caller.retry.totalTimeoutMs, () =>
        lastError instanceof KmsError
          ? lastError
          : new KmsTimeoutError(`no success within ${caller.retry.totalTimeoutMs} ms`, {
              operation: call.operation,
              region,
              resource: call.resource,
            }),
      );
      try {
        return await retry((number) => attempt(call, number, bounds.signal, used), caller.retry, {
          clock,
          signal: bounds.signal,
          isRetryable: canHelp,
          wasSent: (error) => !(error instanceof KmsCircuitOpenError),
          onRetry: (error, number, delayMs) => {
            lastError = error;
            const known = error as Error & { readonly code?: string; readonly requestId?: string };
            onEvent({
              type: 'retry',
              operation: call.operation,
              region,
              attempt: number,
              errorCode: known.code ?? known.name,
              requestId: known.requestId,
              delayMs,
            });
            options.onAttemptFailed?.(known);
          },
        });
      } finally {
        bounds.release();
      }
    },
    health: () => ({ available: guard.available(), latencyMs }),
  };
}

function isSame(a: Credentials | undefined, b: Credentials | undefined): boolean {
  return a?.accessKeyId === b?.accessKeyId && a?.securityToken === b?.securityToken;
}

/** A promise that rejects after `ms` milliseconds, unless cancelled. */
function deadline(
  ms: number,
  error: () => Error,
): { passed: Promise<never>; cancel: () => void; unref: () => void } {
  let timer: NodeJS.Timeout;
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(error()), ms);
  });
  passed.catch(() => undefined);
  return { passed, cancel: () => clearTimeout(timer), unref: () => void timer.unref() };
}

/** A signal that follows the caller's and also ends after `ms` milliseconds, with the reason given then. */
function boundedBy(
  signal: AbortSignal | undefined,
  ms: number,
  reason: () => unknown,
): { readonly signal: AbortSignal; readonly release: () => void } {
  const controller = new AbortController();
  const follow = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', follow, { once: true });
  const timer = setTimeout(() => controller.abort(reason()), ms);
  return {
    signal: controller.signal,
    release: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', follow);
    },
  };
}
