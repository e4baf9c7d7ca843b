import type { Clock } from '../clock/clock.ts';

/** How far a request's timestamp may lie from the service's clock. */
export const signatureWindowMs = 15 * 60_000;

/**
 * Whether a request made at `instant` (ms) is neither too old nor from the future.
 *
 * Time is the local clock's. When that has been moved, a client beside it still signs with the real time, and the
 * point of moving the clock is to age credentials and deletion windows, not to lock every client out: so the real
 * time is accepted as well.
 */
export function isTimely(instant: number, clock: Clock): boolean {
  const now = clock.now();
  return (
    Math.abs(instant - now) <= signatureWindowMs ||
    Math.abs(instant - (now - clock.offset)) <= signatureWindowMs
  );
}

const isoForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?Z$/;

/** Milliseconds since the epoch of `2016-03-28T03:13:08Z`, or undefined for what is no such timestamp. */
export function parseTimestamp(text: string): number | undefined {
  if (!isoForm.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}
