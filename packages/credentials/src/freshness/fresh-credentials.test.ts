import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EndpointUnreachableError, InvalidConfigurationError } from '../errors.ts';
import type { CredentialsEvent } from '../events.ts';
import { type FreshnessOptions, freshCredentials } from './fresh-credentials.ts';

const minute = 60_000;
const hour = 60 * minute;

/** A source under the test's hand: its clock, its faults, and how often it was asked. */
function handSource(options: { lifetimeMs?: number; rotateBeforeEndMs?: number; skewMs?: number } = {}) {
  const { lifetimeMs = 6 * hour, rotateBeforeEndMs = lifetimeMs, skewMs = 0 } = options;
  const state = { service: Date.UTC(2026, 0, 1), down: false, asked: 0, inFlight: 0, mostInFlight: 0 };
  let current: { made: number; ends: number } | undefined;
  const events: CredentialsEvent[] = [];
  const create = (freshness: FreshnessOptions = {}) =>
    freshCredentials(
      {
        providerName: 'hand',
        async fetch({ clock }) {
          state.asked += 1;
          state.inFlight += 1;
          state.mostInFlight = Math.max(state.mostInFlight, state.inFlight);
          await nextTurn();
          state.inFlight -= 1;
          if (state.down) throw new EndpointUnreachableError('the hand', 'it is down');
          clock.observe(state.service);
          if (current === undefined || state.service >= current.ends - rotateBeforeEndMs) {
            current = { made: state.service, ends: state.service + lifetimeMs };
          }
          return {
            accessKeyId: `id-${current.made}`,
            accessKeySecret: 's',
            expiration: new Date(current.ends),
          };
        },
      },
      { now: () => state.service + skewMs, onEvent: (event) => events.push(event), ...freshness },
    );
  return { state, events, create };
}

/** Until everything that waits for turns of the event loop has run. */
async function settled() {
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
}

describe('ahead of expiry', () => {
  test('one refresh in the background, while every caller gets the current credential at once', async () => {
    const { state, create, events } = handSource();
    const provider = create();
    const first = await provider.getCredentials();
    state.service += 6 * hour - 26 * minute;
    await provider.getCredentials();
    await settled();
    expect(state.asked).toBe(1);

    state.service += 8 * minute;
    const meanwhile = await Promise.all(Array.from({ length: 1_000 }, () => provider.getCredentials()));
    expect(new Set(meanwhile)).toEqual(new Set([first]));
    await settled();
    expect(state.asked).toBe(2);
    const second = await provider.getCredentials();
    expect(second.accessKeyId).not.toBe(first.accessKeyId);
    expect(state.asked).toBe(2);
    expect(events.map(({ type }) => type)).toEqual([
      'refresh-started',
      'refresh-succeeded',
      'refresh-started',
      'refresh-succeeded',
    ]);
    expect(events[2]).toMatchObject({ reason: 'ahead-of-expiry' });
    expect(events[3]).toMatchObject({ expiration: second.expiration, providerName: 'hand' });
  });

  test('not all of a fleet at once', async () => {
    const moments = new Set<number>();
    for (let machine = 0; machine < 20; machine += 1) {
      const { state, create } = handSource();
      const provider = create();
      await provider.getCredentials();
      state.service += 6 * hour - 25 * minute;
      for (let step = 0; state.asked === 1; step += 1) {
        await provider.getCredentials();
        if (state.asked > 1) moments.add(step);
        state.service += 10_000;
        expect(step).toBeLessThan(31);
      }
    }
    expect(moments.size).toBeGreaterThan(3);
  });

  test('a failure disturbs nobody, and attempts grow rare', async () => {
    const { state, create, events } = handSource();
    const provider = create();
    const first = await provider.getCredentials();
    state.service += 6 * hour - 20 * minute;
    state.down = true;
    // Asked every second for 15 minutes.
    for (let second = 0; second < 900; second += 1) {
      expect(await provider.getCredentials()).toBe(first);
      await nextTurn();
      await nextTurn();
      state.service += 1_000;
    }
    expect(state.asked).toBeGreaterThan(15);
    expect(state.asked).toBeLessThan(40);
    expect(events.filter(({ type }) => type === 'refresh-failed')).toSatisfy((failures: CredentialsEvent[]) =>
      failures.every((event) => event.type === 'refresh-failed' && !event.callersAffected),
    );
    state.down = false;
    state.service += 2 * minute;
    const recovered = await provider.getCredentials();
    expect(recovered.accessKeyId).not.toBe(first.accessKeyId);
  });
});

describe('within the margin before expiry', () => {
  test('a caller gets the newer credential', async () => {
    const { state, create } = handSource();
    const provider = create();
    const first = await provider.getCredentials();
    state.service += 6 * hour - 2 * minute;
    const second = await provider.getCredentials();
    expect(second.accessKeyId).not.toBe(first.accessKeyId);
  });

  test('and the current one when there is no newer to be had', async () => {
    const { state, create } = handSource();
    const provider = create();
    const first = await provider.getCredentials();
    state.service += 6 * hour - 2 * minute;
    state.down = true;
    expect(await provider.getCredentials()).toBe(first);
    const { asked } = state;
    expect(await provider.getCredentials()).toBe(first);
    expect(state.asked).toBe(asked);
  });

  test('the margin is an option', async () => {
    const { state, create } = handSource();
    const provider = create({ expiryMarginMs: 30 * minute, refreshAheadMs: 40 * minute });
    const first = await provider.getCredentials();
    state.service += 6 * hour - 29 * minute;
    expect((await provider.getCredentials()).accessKeyId).not.toBe(first.accessKeyId);
  });
});

describe('without a valid credential', () => {
  test('callers share the attempts, and all get the error when none succeeds', async () => {
    const { state, create, events } = handSource();
    state.down = true;
    const provider = create();
    const results = await Promise.allSettled(Array.from({ length: 100 }, () => provider.getCredentials()));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(state.asked).toBe(3);
    expect(events.at(-1)).toMatchObject({
      type: 'refresh-failed',
      callersAffected: true,
      code: 'EndpointUnreachable',
    });
    state.down = false;
    await provider.getCredentials();
    expect(state.asked).toBe(4);
  });

  test('an error that will not go away by itself is not retried', async () => {
    let asked = 0;
    const fetch = async () => {
      asked += 1;
      throw new InvalidConfigurationError('wrong');
    };
    await expect(freshCredentials({ providerName: 'p', fetch }).getCredentials()).rejects.toThrow('wrong');
    expect(asked).toBe(1);
  });

  test('an expired answer is an error', async () => {
    const fetch = async () => ({ accessKeyId: 'i', accessKeySecret: 's', expiration: new Date(0) });
    const provider = freshCredentials({ providerName: 'p', fetch }, { maxAttempts: 1 });
    await expect(provider.getCredentials()).rejects.toMatchObject({ code: 'CredentialsExpired' });
  });
});

test.each([-3 * hour, -10 * minute, 10 * minute, 30 * hour])(
  'a machine clock that is %d ms off changes nothing',
  async (skewMs) => {
    const { state, create } = handSource({ lifetimeMs: hour, skewMs });
    const provider = create();
    const first = await provider.getCredentials();
    state.service += 30 * minute;
    expect(await provider.getCredentials()).toBe(first);
    state.service += 31 * minute;
    expect((await provider.getCredentials()).accessKeyId).not.toBe(first.accessKeyId);
    expect(state.asked).toBe(2);
  },
);

test('1,000 rotations, and no call fails or waits for more than one attempt', async () => {
  const { state, create } = handSource({ lifetimeMs: hour, rotateBeforeEndMs: 30 * minute });
  const provider = create();
  const seen = new Set<string>();
  while (seen.size < 1_000) {
    const [credentials] = await Promise.all([provider.getCredentials(), provider.getCredentials()]);
    expect(credentials!.expiration!.getTime()).toBeGreaterThan(state.service);
    seen.add(credentials!.accessKeyId);
    state.service += 7 * minute;
  }
  expect(state.mostInFlight).toBe(1);
});

test('whatever happens to source and clock, a credential that is handed out is valid', async () => {
  const step = fc.oneof(
    fc.record({ advance: fc.integer({ min: 0, max: 2 * hour }) }),
    fc.record({ down: fc.boolean() }),
    fc.record({ callers: fc.integer({ min: 1, max: 20 }) }),
  );
  const lifetimeMs = fc.constantFrom(15 * minute, hour, 6 * hour);
  await fc.assert(
    fc.asyncProperty(lifetimeMs, fc.array(step, { maxLength: 40 }), async (life, steps) => {
      const { state, create } = handSource({ lifetimeMs: life, rotateBeforeEndMs: life / 2 });
      const provider = create({ maxAttempts: 1 });
      let validUntil = 0;
      for (const action of steps) {
        if ('advance' in action) state.service += action.advance;
        else if ('down' in action) state.down = action.down;
        else {
          const results = await Promise.allSettled(
            Array.from({ length: action.callers }, () => provider.getCredentials()),
          );
          for (const result of results) {
            if (result.status === 'rejected') {
              expect(state.down).toBe(true);
              expect(validUntil).toBeLessThanOrEqual(state.service + 1_000);
            } else {
              const ends = result.value.expiration!.getTime();
              expect(ends).toBeGreaterThan(state.service);
              validUntil = Math.max(validUntil, ends);
            }
          }
          await settled();
        }
      }
      expect(state.mostInFlight).toBeLessThanOrEqual(1);
    }),
    { numRuns: 150 },
  );
});

describe('a credential that a service refused', () => {
  test('is replaced before the next call is answered, whatever its expiration says', async () => {
    const { state, create, events } = handSource();
    const provider = create();
    const first = await provider.getCredentials();
    state.service += minute;
    provider.reportRejected?.(first);
    const answers = await Promise.all([provider.getCredentials(), provider.getCredentials()]);
    expect(answers[0]).toBe(answers[1]);
    expect(answers[0]?.accessKeyId).not.toBe(first.accessKeyId);
    expect(state.asked).toBe(2);
    expect(events.at(-1)).toMatchObject({ type: 'refresh-succeeded', reason: 'rejected' });
    provider.reportRejected?.(first);
    expect(await provider.getCredentials()).toBe(answers[0]);
    expect(state.asked).toBe(2);
  });

  test('is asked for ever more rarely while there is no other', async () => {
    const { state, create } = handSource({ rotateBeforeEndMs: 0 });
    const provider = create();
    for (let second = 0; second < 600; second += 1) {
      provider.reportRejected?.(await provider.getCredentials());
      state.service += 1_000;
    }
    expect(state.asked).toBeGreaterThan(10);
    expect(state.asked).toBeLessThan(30);
  });
});

describe('close', () => {
  test('ends a refresh that is under way, and every later call', async () => {
    let signal: AbortSignal | undefined;
    const provider = freshCredentials({
      providerName: 'slow',
      fetch: (context) => {
        signal = context.signal;
        return new Promise((_, reject) =>
          context.signal.addEventListener('abort', () => reject(new Error('aborted'))),
        );
      },
    });
    const waiting = provider.getCredentials();
    await nextTurn();
    provider.close?.();
    expect(signal?.aborted).toBe(true);
    await expect(waiting).rejects.toMatchObject({ code: 'ProviderClosed' });
    await expect(provider.getCredentials()).rejects.toMatchObject({ code: 'ProviderClosed' });
  });

  test('ends the pause between attempts', async () => {
    const { state, create } = handSource();
    state.down = true;
    const provider = create({ maxAttempts: 1_000 });
    const waiting = provider.getCredentials();
    await settled();
    provider.close?.();
    await expect(waiting).rejects.toMatchObject({ code: 'ProviderClosed' });
  });
});

test('a listener that throws breaks no refresh', async () => {
  const { create } = handSource();
  const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
  let thrown = false;
  const provider = create({
    onEvent: () => {
      if (thrown) return;
      thrown = true;
      throw new Error('from the listener');
    },
  });
  await provider.getCredentials();
  expect(await uncaught).toMatchObject({ message: 'from the listener' });
});
