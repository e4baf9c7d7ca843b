import fc from 'fast-check';
import { expect, it } from 'vitest';
import { manualClock } from '../test-support/manual-clock.ts';
import { retry, retryPolicy } from './retry.ts';

const always = { isRetryable: () => true, wasSent: () => true, onRetry: () => undefined };

it('returns the first success and counts attempts from 1', async () => {
  const clock = manualClock();
  const numbers: number[] = [];
  const value = await retry(
    async (number) => {
      numbers.push(number);
      if (number < 4) throw new Error('not yet');
      return number;
    },
    retryPolicy(),
    { clock, ...always },
  );
  expect(value).toBe(4);
  expect(numbers).toEqual([1, 2, 3, 4]);
});

it('pauses with full jitter below a doubling bound, never past the total time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        maxAttempts: fc.integer({ min: 1, max: 20 }),
        baseDelayMs: fc.integer({ min: 1, max: 1_000 }),
        maxDelayMs: fc.integer({ min: 1, max: 10_000 }),
        totalTimeoutMs: fc.integer({ min: 1, max: 60_000 }),
      }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999_999, noNaN: true })),
      async (policy, jitter) => {
        const clock = manualClock({ random: () => jitter.next().value ?? 0 });
        const delays: number[] = [];
        const failure = new Error('always');
        const outcome = retry(
          async () => {
            throw failure;
          },
          policy,
          { clock, ...always, onRetry: (_, __, delayMs) => void delays.push(delayMs) },
        );
        await expect(outcome).rejects.toBe(failure);
        expect(delays.length).toBeLessThan(policy.maxAttempts);
        expect(clock.now()).toBeLessThan(policy.totalTimeoutMs);
        delays.forEach((delay, index) => {
          expect(delay).toBeLessThanOrEqual(Math.min(policy.maxDelayMs, policy.baseDelayMs * 2 ** index));
        });
      },
    ),
  );
});

it('does not retry what cannot be helped', async () => {
  let attempts = 0;
  const failing = retry(
    async () => {
      attempts++;
      throw new Error('denied');
    },
    retryPolicy(),
    { clock: manualClock(), ...always, isRetryable: () => false, onRetry: () => expect.unreachable() },
  );
  await expect(failing).rejects.toThrow('denied');
  expect(attempts).toBe(1);
});

it('stops at once when aborted during a pause', async () => {
  const controller = new AbortController();
  const clock = manualClock({ onSleep: () => controller.abort(new Error('stop')) });
  const failing = retry(
    async () => {
      throw new Error('again');
    },
    retryPolicy(),
    { clock, signal: controller.signal, ...always },
  );
  await expect(failing).rejects.toThrow('stop');
});

it('does not count what was never sent', async () => {
  const held = new Error('held back');
  const clock = manualClock();
  let calls = 0;
  const value = await retry(
    async (number) => {
      calls++;
      if (calls <= 20) throw held;
      return number;
    },
    retryPolicy({ maxAttempts: 2, totalTimeoutMs: 1_000_000 }),
    { clock, ...always, wasSent: (error) => error !== held },
  );
  expect([value, calls]).toEqual([1, 21]);
});
