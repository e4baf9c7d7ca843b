import { expect, test } from 'vitest';
import { serviceClock } from './service-clock.ts';

const hour = 3_600_000;

test('without an observation it is the machine clock', () => {
  expect(serviceClock(() => 1_000).now()).toBe(1_000);
});

test.each([
  ['hours behind', -3 * hour],
  ['hours ahead', 3 * hour],
  ['minutes behind', -5 * 60_000],
])('a machine clock that is %s is corrected', (_, wrongBy) => {
  let service = Date.UTC(2026, 0, 1);
  const clock = serviceClock(() => service + wrongBy);
  clock.observe(service);
  expect(clock.now() - service).toBeGreaterThanOrEqual(0);
  expect(clock.now() - service).toBeLessThan(2_500);
  service += hour;
  expect(clock.now() - service).toBeLessThan(2_500);
});

test('a difference within the resolution of the Date header counts as none', () => {
  const clock = serviceClock(() => 10_999);
  clock.observe(10_000);
  expect(clock.now()).toBeGreaterThanOrEqual(10_999);
  expect(clock.now()).toBeLessThan(10_999 + 500);
});

test('a machine clock that is set back does not bring back the past', () => {
  let machine = 10 * hour;
  const clock = serviceClock(() => machine);
  clock.observe(10 * hour);
  machine = 2 * hour;
  expect(clock.now()).toBeGreaterThanOrEqual(10 * hour);
});

test('a machine that slept through hours, its monotonic clock standing still, knows the time when it wakes up', () => {
  let machine = 10 * hour;
  const clock = serviceClock(() => machine);
  clock.observe(10 * hour);
  machine = 17 * hour;
  expect(clock.now()).toBeGreaterThanOrEqual(17 * hour);
});
