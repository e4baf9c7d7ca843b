import { inspect } from 'node:util';
import { LRUCache } from 'lru-cache';
import { alicloudKmsClient, type KmsConnectionOptions } from '../client/alicloud-kms-client.ts';
import type { KmsEndpointOptions } from '../client/endpoint.ts';
import { isOutage, isRetryable } from '../client/failure.ts';
import { KmsError } from '../errors.ts';
import { quietly } from '../events.ts';
import type { KmsSecretsClient, StoredSecret } from '../kms-client.ts';
import { systemClock } from '../resilience/clock.ts';

export interface KmsSecretsOptions extends KmsConnectionOptions, KmsEndpointOptions {
  /** Where the secrets are, for example `cn-hangzhou`. */
  readonly region: string;
  /** How long a value is used before KMS is asked again, in milliseconds. Default 300,000 (5 minutes). */
  readonly maxAgeMs?: number | undefined;
  /**
   * How old a value may be served when KMS cannot be asked for a newer one (or takes more than a second), in milliseconds.
   * Default 3,600,000 (1 hour); 0 for never.
   */
  readonly maxStaleMs?: number | undefined;
  /** Secrets kept at most; the least recently used goes first. Default 100. */
  readonly capacity?: number | undefined;
  /** Takes the place of the connection options. */
  readonly client?: KmsSecretsClient | undefined;
}

export interface GetSecretOptions {
  /** One particular version. Default: the one in stage `ACSCurrent`. */
  readonly versionId?: string | undefined;
  /** For example `ACSPrevious`, for whatever still logs in with the value before the rotation. */
  readonly versionStage?: 'ACSCurrent' | 'ACSPrevious' | (string & {}) | undefined;
  /** Ask KMS even when a fresh value is cached: for when the value was just refused by whatever it is for. */
  readonly refresh?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A secret's value. Printing or serialising it shows everything but the value. */
export interface Secret {
  readonly name: string;
  readonly versionId: string;
  readonly versionStages: readonly string[];
  /** A string for a text secret, bytes for a binary one. */
  readonly value: string | Uint8Array;
  /** When KMS gave it. */
  readonly fetchedAt: Date;
  /** When KMS will rotate it by itself, where it does. */
  readonly nextRotation: Date | undefined;
  /** Whether it is past its age and served only because KMS could not be asked. */
  readonly stale: boolean;
}

export interface KmsSecrets {
  /**
   * The value of a secret, from the cache while it is fresh. Concurrent calls share one question. A value whose rotation
   * KMS has announced is asked for again once that time has come.
   *
   * Rejects with a `KmsError` subclass: KmsNotFoundError, KmsAccessDeniedError and so on.
   */
  getSecret(name: string, options?: GetSecretOptions): Promise<Secret>;
  /** Forget all values. */
  clear(): void;
}

/** While a rotation is overdue, the value is asked for this often. */
const overdueMs = 30_000;
/** With an old value at hand, KMS is waited for this long; the question goes on in the background. */
const patienceMs = 1_000;
/** After a question that failed, the old value is served for this long without asking again. */
const pauseMs = 5_000;

interface Cached {
  readonly secret: Secret;
  readonly freshUntil: number;
}

/** Secrets of KMS (Secrets Manager) in one region, cached. */
export function kmsSecrets(options: KmsSecretsOptions): KmsSecrets {
  const client = options.client ?? alicloudKmsClient(options);
  const clock = options.clock ?? systemClock;
  const onEvent = quietly(options.onEvent);
  const maxAgeMs = options.maxAgeMs ?? 300_000;
  const maxStaleMs = options.maxStaleMs ?? 3_600_000;
  const cache = new LRUCache<string, Cached>({ max: options.capacity ?? 100 });
  const asking = new Map<string, Promise<Secret>>();

  async function ask(key: string, name: string, wanted: GetSecretOptions): Promise<Secret> {
    const before = cache.peek(key)?.secret;
    try {
      const stored = await client.getSecretValue({
        secretName: name,
        versionId: wanted.versionId,
        versionStage: wanted.versionStage,
      });
      const now = clock.now();
      const secret = secretOf(stored, now);
      cache.set(key, { secret, freshUntil: now + lifeOf(stored, now, maxAgeMs) });
      if (before !== undefined && before.versionId !== secret.versionId) {
        onEvent({
          type: 'secret-rotated',
          secretName: name,
          region: client.region,
          versionId: secret.versionId,
          previousVersionId: before.versionId,
        });
      }
      return secret;
    } catch (error) {
      const ageMs =
        before === undefined ? Number.POSITIVE_INFINITY : clock.now() - before.fetchedAt.getTime();
      if (before === undefined || ageMs > maxStaleMs || !isTemporary(error)) {
        cache.delete(key);
        throw error;
      }
      const errorCode = error instanceof KmsError ? error.code : 'Unknown';
      onEvent({ type: 'secret-refresh-failed', secretName: name, region: client.region, ageMs, errorCode });
      const stale = staleCopy(before);
      cache.set(key, { secret: stale, freshUntil: clock.now() + pauseMs });
      return stale;
    }
  }

  return {
    async getSecret(name, wanted = {}) {
      wanted.signal?.throwIfAborted();
      const key = JSON.stringify([name, wanted.versionId ?? null, wanted.versionStage ?? null]);
      const cached = cache.get(key);
      if (cached !== undefined && wanted.refresh !== true && clock.now() < cached.freshUntil) {
        return cached.secret;
      }
      let answer = asking.get(key);
      if (answer === undefined) {
        answer = ask(key, name, wanted).finally(() => asking.delete(key));
        asking.set(key, answer);
      }
      const old = cached?.secret;
      if (
        old === undefined ||
        wanted.refresh === true ||
        clock.now() - old.fetchedAt.getTime() > maxStaleMs
      ) {
        return unlessAborted(answer, wanted.signal);
      }
      const waited = new AbortController();
      const outOfPatience = clock.sleep(patienceMs, waited.signal).then(() => staleCopy(old));
      try {
        return await unlessAborted(Promise.race([answer, outOfPatience]), wanted.signal);
      } finally {
        waited.abort();
        outOfPatience.catch(() => undefined);
        answer.catch(() => undefined);
      }
    },
    clear: () => cache.clear(),
  };
}

function lifeOf(stored: StoredSecret, now: number, maxAgeMs: number): number {
  if (stored.nextRotationAt === undefined) return maxAgeMs;
  const untilRotation = stored.nextRotationAt - now;
  return Math.min(maxAgeMs, untilRotation > 0 ? untilRotation : overdueMs);
}

function secretOf(stored: StoredSecret, now: number): Secret {
  return concealed({
    name: stored.name,
    versionId: stored.versionId,
    versionStages: stored.versionStages,
    value: stored.dataType === 'text' ? stored.data : new Uint8Array(Buffer.from(stored.data, 'base64')),
    fetchedAt: new Date(now),
    nextRotation: stored.nextRotationAt === undefined ? undefined : new Date(stored.nextRotationAt),
    stale: false,
  });
}

function staleCopy(secret: Secret): Secret {
  return concealed({ ...secret, value: secret.value, stale: true });
}

/** The same fields, with a value that neither prints nor serialises. */
function concealed(secret: Secret): Secret {
  const { value, ...shown } = secret;
  const show = (): object => ({ ...shown, value: '[secret]' });
  return Object.freeze(
    Object.defineProperties({ ...shown } as Secret, {
      value: { value, enumerable: false },
      toJSON: { value: show },
      [inspect.custom]: { value: show },
    }),
  );
}

/** Whether asking later can help, so that an old value is better than none. */
function isTemporary(error: unknown): boolean {
  return !(error instanceof KmsError) || isOutage(error) || isRetryable(error);
}

/** Lets one caller go without taking the question away from the others. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return answer;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
