/**
 * The local cloud's own time. It runs at the speed of the real clock and can be moved, so that tests need not
 * wait for a credential to expire or a deletion window to close.
 */
export interface Clock {
  /** Milliseconds since the epoch, in the local cloud's time. */
  now(): number;
  /** Moves the clock forward, or back when `ms` is negative. */
  advance(ms: number): void;
  /** Sets the clock; it runs on from there. */
  set(instant: number | Date): void;
  /** How far the clock is from the real one, in milliseconds. */
  readonly offset: number;
}

/** @param start where the clock starts; the real time when absent */
export function createClock(start?: number | Date): Clock {
  let offset = start === undefined ? 0 : checked(start) - Date.now();
  return {
    now: () => Date.now() + offset,
    advance(ms) {
      if (!Number.isFinite(ms)) throw new RangeError('clock.advance takes a finite number of milliseconds');
      offset += ms;
    },
    set(instant) {
      offset = checked(instant) - Date.now();
    },
    get offset() {
      return offset;
    },
  };
}

function checked(instant: number | Date): number {
  const ms = Number(instant);
  if (Number.isNaN(new Date(ms).getTime()))
    throw new RangeError('the clock takes a Date or milliseconds since the epoch');
  return ms;
}

/** `2026-11-21T22:24:00Z`: the form the services use, without milliseconds. */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
