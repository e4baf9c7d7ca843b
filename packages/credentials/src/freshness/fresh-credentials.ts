import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CredentialFields,
  type Credentials,
  type CredentialsProvider,
  snapshotOf,
} from '../credentials.ts';
import { CredentialsError, ExpiredCredentialsError, ProviderClosedError } from '../errors.ts';
import { type CredentialsEventListener, emitEvent, type RefreshReason } from '../events.ts';
import { type ServiceClock, serviceClock } from './service-clock.ts';

/** How a provider keeps its credential fresh. The defaults suit every service; all times are milliseconds. */
export interface FreshnessOptions {
  /**
   * A newer credential is fetched in the background this long before expiry, or after 60 % of its life where that is later;
   * up to a fifth less by chance, so that a fleet does not refresh all at once. Default 25 minutes: the metadata service offers
   * the next credential 30 minutes before the current one ends.
   */
  readonly refreshAheadMs?: number | undefined;
  /**
   * A credential that ends within this margin (or within the last tenth of its life where that is less) is handed out only
   * after an attempt to get a newer one has failed. Default 3 minutes.
   */
  readonly expiryMarginMs?: number | undefined;
  /** Attempts made for callers that wait because there is no valid credential. Default 3, with growing pauses between them. */
  readonly maxAttempts?: number | undefined;
  /** The machine's clock, milliseconds since 1970. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** Called for each event; see {@link CredentialsEvent}. */
  readonly onEvent?: CredentialsEventListener | undefined;
}

/** Where a newer credential comes from. One call is one attempt; retrying, sharing and caching are done around it. */
export interface CredentialsSource {
  readonly providerName: string;
  fetch(context: FetchContext): Promise<FetchedCredentials>;
  /** Called once, when the provider is closed. */
  close?(): void;
}

export interface FetchContext {
  /** Aborted when the provider is closed. */
  readonly signal: AbortSignal;
  /** The service's time as known so far; observe the `Date` of each answer on it. */
  readonly clock: ServiceClock;
  readonly onEvent: CredentialsEventListener | undefined;
}

export interface FetchedCredentials extends CredentialFields {
  /** Overrides the source's name where the source learns it only when it answers. */
  readonly providerName?: string | undefined;
}

interface Held {
  readonly credentials: Credentials;
  /** Service times, milliseconds. */
  readonly expiresAt: number;
  readonly refreshAt: number;
  readonly marginAt: number;
  /** A service refused it. */
  readonly rejected: boolean;
}

const minute = 60_000;
/** A credential without expiration is asked for again this often: it may have been replaced by hand. */
const unexpiringRecheckMs = 15 * minute;

/**
 * Keep the credential of a source fresh. This is the only place where that is done, for every provider of the package:
 *
 * - one attempt is under way at most, and everybody who needs it shares it;
 * - ahead of expiry it happens in the background, started by a call (so an idle process makes no requests, and nothing keeps
 *   a process alive);
 * - while the current credential is valid a failed attempt disturbs nobody, and the next one waits: 1 second, doubling up to
 *   1 minute, with jitter;
 * - a caller waits only when there is no valid credential, or when it ends within the margin or was reported as refused by a
 *   service, and an attempt is due;
 * - what is handed out is one immutable snapshot, replaced as a whole.
 */
export function freshCredentials(
  source: CredentialsSource,
  options: FreshnessOptions = {},
): CredentialsProvider {
  const { refreshAheadMs = 25 * minute, expiryMarginMs = 3 * minute, maxAttempts = 3, onEvent } = options;
  const clock = serviceClock(options.now ?? Date.now);
  const closing = new AbortController();
  let held: Held | undefined;
  let attempt: Promise<Credentials> | undefined;
  let waiting: Promise<Credentials> | undefined;
  let failures = 0;
  let notBefore = Number.NEGATIVE_INFINITY;

  function hold(fetched: FetchedCredentials): Held {
    const providerName = fetched.providerName ?? source.providerName;
    const credentials = snapshotOf(fetched, providerName);
    const now = clock.now();
    if (fetched.expiration === undefined) {
      const refreshAt = now + jittered(unexpiringRecheckMs);
      return {
        credentials,
        expiresAt: Number.POSITIVE_INFINITY,
        refreshAt,
        marginAt: Number.POSITIVE_INFINITY,
        rejected: false,
      };
    }
    const expiresAt = fetched.expiration.getTime();
    const lifetime = expiresAt - now;
    if (lifetime <= 0) throw new ExpiredCredentialsError(providerName, fetched.expiration);
    return {
      credentials,
      expiresAt,
      refreshAt: expiresAt - jittered(Math.min(refreshAheadMs, lifetime * 0.4)),
      marginAt: expiresAt - Math.min(expiryMarginMs, lifetime * 0.1),
      rejected: false,
    };
  }

  async function runAttempt(reason: RefreshReason): Promise<Credentials> {
    const started = performance.now();
    const durationMs = () => Math.round(performance.now() - started);
    const { providerName } = source;
    emitEvent({ type: 'refresh-started', providerName, reason }, onEvent);
    try {
      const next = hold(await source.fetch({ signal: closing.signal, clock, onEvent }));
      const refusedAgain = held?.rejected === true && isSame(held.credentials, next.credentials);
      failures = refusedAgain ? failures + 1 : 0;
      notBefore = refusedAgain ? clock.now() + jittered(backoffMs(failures)) : Number.NEGATIVE_INFINITY;
      // Assigned in one step, so nobody ever sees half of a rotation.
      held = next;
      const { expiration } = next.credentials;
      const name = next.credentials.providerName;
      emitEvent(
        { type: 'refresh-succeeded', providerName: name, reason, expiration, durationMs: durationMs() },
        onEvent,
      );
      return next.credentials;
    } catch (error) {
      failures += 1;
      const now = clock.now();
      const validForMs = held === undefined ? 0 : held.expiresAt - now;
      notBefore = now + Math.min(jittered(backoffMs(failures)), Math.max(0, validForMs) / 4);
      const callersAffected = validForMs <= 0;
      const { code, message } = closing.signal.aborted
        ? new ProviderClosedError(providerName)
        : described(error);
      const failed = { type: 'refresh-failed', providerName, reason, code, message } as const;
      emitEvent({ ...failed, callersAffected, durationMs: durationMs() }, onEvent);
      throw error;
    }
  }

  function refresh(reason: RefreshReason): Promise<Credentials> {
    attempt ??= runAttempt(reason).finally(() => {
      attempt = undefined;
    });
    return attempt;
  }

  /** For callers that have nothing to go on with: several attempts, shared by all of them. */
  async function runUntilFresh(reason: RefreshReason): Promise<Credentials> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await refresh(reason);
      } catch (error) {
        if (closing.signal.aborted) throw new ProviderClosedError(source.providerName);
        const retryable = error instanceof CredentialsError && error.retryable;
        if (!retryable || tried >= maxAttempts) throw error;
      }
      try {
        await sleep(jittered(200 * 2 ** (tried - 1)), undefined, { signal: closing.signal });
      } catch {
        throw new ProviderClosedError(source.providerName);
      }
    }
  }

  function refreshForCallers(reason: RefreshReason): Promise<Credentials> {
    waiting ??= runUntilFresh(reason).finally(() => {
      waiting = undefined;
    });
    return waiting;
  }

  return {
    providerName: source.providerName,
    async getCredentials() {
      if (closing.signal.aborted) throw new ProviderClosedError(source.providerName);
      if (held === undefined) return refreshForCallers('initial');
      const now = clock.now();
      if (now >= held.expiresAt) return refreshForCallers('expired');
      const { rejected } = held;
      if ((rejected || now >= held.refreshAt) && now >= notBefore) {
        if (!rejected && now < held.marginAt) {
          // A failure has been reported as an event; nobody waits for this promise.
          refresh('ahead-of-expiry').catch(() => undefined);
        } else {
          return refresh(rejected ? 'rejected' : 'expiring').catch((error: unknown) => {
            if (held !== undefined && clock.now() < held.expiresAt) return held.credentials;
            throw error;
          });
        }
      }
      return held.credentials;
    },
    reportRejected(credentials) {
      if (held !== undefined && isSame(held.credentials, credentials)) held = { ...held, rejected: true };
    },
    close() {
      if (closing.signal.aborted) return;
      closing.abort();
      source.close?.();
    },
  };
}

function isSame(one: Credentials, other: Credentials): boolean {
  return one.accessKeyId === other.accessKeyId && one.securityToken === other.securityToken;
}

/** Between 80 % and 100 % of a duration. */
function jittered(durationMs: number): number {
  return durationMs * (1 - randomInt(0, 1_000) / 5_000);
}

function backoffMs(failures: number): number {
  return Math.min(minute, 1_000 * 2 ** (failures - 1));
}

function described(error: unknown): { code: string; message: string } {
  // Text of a foreign error could hold anything, a token included, so only its name goes into an event.
  if (error instanceof CredentialsError) return error;
  return { code: 'Unknown', message: error instanceof Error ? error.name : 'not an Error' };
}
