import { expect, it } from 'vitest';
import { adaptiveRate } from './adaptive-rate.ts';
import type { Clock } from './clock.ts';

/** Virtual time: sleepers wake in order, and the clock jumps from one to the next. */
function virtualTime(): Clock & { run(): Promise<void> } {
  let now = 0;
  const sleepers: { at: number; wake: () => void }[] = [];
  return {
    now: () => now,
    random: () => 0,
    sleep: (ms) => new Promise((wake) => sleepers.push({ at: now + ms, wake })),
    async run() {
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        sleepers.sort((a, b) => a.at - b.at);
        const next = sleepers.shift();
        if (next === undefined) return;
        now = next.at;
        next.wake();
      }
    },
  };
}

/** A gateway that accepts `limit` requests in any second and refuses the others. */
function gateway(limit: number, now: () => number): () => boolean {
  const accepted: number[] = [];
  return () => {
    while (accepted.length > 0 && accepted[0]! <= now() - 1_000) accepted.shift();
    if (accepted.length >= limit) return false;
    accepted.push(now());
    return true;
  };
}

it('does not slow anybody down before KMS throttles', async () => {
  const time = virtualTime();
  const rate = adaptiveRate({}, time);
  await Promise.all(Array.from({ length: 5_000 }, () => rate.acquire()));
  expect(time.now()).toBe(0);
  expect(rate.perSecond()).toBeUndefined();
});

it('learns a gateway’s limit: 10,000 parallel calls at 1,000/s are refused rarely, and all get through', async () => {
  const time = virtualTime();
  const rate = adaptiveRate({}, time);
  const accepts = gateway(1_000, time.now);
  let refused = 0;
  let open = 0;
  const waiting: (() => void)[] = [];
  const call = async (): Promise<void> => {
    // 64 connections and 20 ms a call, as the client bounds them.
    if (open >= 64) await new Promise<void>((resolve) => waiting.push(resolve));
    open++;
    for (;;) {
      const sentAt = await rate.acquire();
      const accepted = accepts();
      await time.sleep(20);
      if (accepted) {
        rate.accepted();
        break;
      }
      refused++;
      rate.throttled(sentAt);
    }
    open--;
    waiting.shift()?.();
  };
  const calls = Array.from({ length: 10_000 }, call);
  await time.run();
  await Promise.all(calls);
  expect(refused).toBeLessThan(1_000);
  expect(time.now()).toBeLessThan(16_000);
});

it('is not slowed down by a few stray refusals', () => {
  const rate = adaptiveRate({}, virtualTime());
  for (let call = 0; call < 1_000; call++) {
    if (call % 20 === 19) expect(rate.throttled(0)).toBe(false);
    else rate.accepted();
  }
  expect(rate.perSecond()).toBeUndefined();
});

it('lowers the rate once for a burst of refusals, and gives it back', async () => {
  const time = virtualTime();
  const rate = adaptiveRate({ maxPerSecond: 100 }, time);
  for (let call = 0; call < 50; call++) rate.accepted();
  const lowered = Array.from({ length: 50 }, () => rate.throttled(time.now()));
  expect(lowered.filter(Boolean)).toHaveLength(1);
  expect(rate.perSecond()).toBe(45);
  for (let second = 0; second < 30; second++) {
    void time.sleep(1_000);
    await time.run();
    rate.accepted();
  }
  expect(rate.perSecond()).toBe(100);
});

it('never goes below its minimum', async () => {
  const time = virtualTime();
  const rate = adaptiveRate({ minPerSecond: 5 }, time);
  for (let refusal = 0; refusal < 50; refusal++) {
    for (let call = 0; call < 20; call++) rate.throttled(time.now());
    void time.sleep(1_000);
    await time.run();
  }
  expect(rate.perSecond()).toBeGreaterThanOrEqual(5);
});
