import { describe, expect, it } from 'vitest';
import type { Clock } from './clock.ts';
import { hedged, type Way } from './hedged.ts';

/** Sleeping lasts until the test says so. */
function heldClock(): Clock & { elapse(): void } {
  let wake: (() => void)[] = [];
  return {
    now: () => 0,
    random: () => 0,
    sleep: (_, signal) =>
      new Promise((resolve, reject) => {
        wake.push(resolve);
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
    elapse: () => {
      const due = wake;
      wake = [];
      for (const one of due) one();
    },
  };
}

const never = new Promise<never>(() => undefined);
const turn = () => new Promise((resolve) => setImmediate(resolve));

function way<T>(place: string, run: Way<T>['run']): Way<T> {
  return { place, run };
}

describe('hedged', () => {
  it('asks only the first when it answers', async () => {
    const asked: string[] = [];
    const ways = ['a', 'b'].map((place) =>
      way(place, async () => {
        asked.push(place);
        return place;
      }),
    );
    expect(await hedged(ways, { afterMs: 10, clock: heldClock() })).toMatchObject({ value: 'a', index: 0 });
    expect(asked).toEqual(['a']);
  });

  it('goes on when one fails, and reports every error when all do', async () => {
    const clock = heldClock();
    const failing = (place: string) => way<string>(place, () => Promise.reject(new Error(place)));
    const result = await hedged([failing('a'), way('b', async () => 'b')], { afterMs: 10, clock });
    expect(result).toMatchObject({ value: 'b', index: 1, errors: [new Error('a')] });
    const none = await hedged([failing('a'), failing('b')], { afterMs: 10, clock });
    expect(none).toEqual({ errors: [new Error('a'), new Error('b')] });
    expect(await hedged([], { afterMs: 10, clock })).toEqual({ errors: [] });
  });

  it('starts the next when the first hangs, and aborts the loser', async () => {
    const clock = heldClock();
    let loser: AbortSignal | undefined;
    const result = hedged(
      [
        way('a', ({ signal }) => {
          loser = signal;
          return never;
        }),
        way('b', async () => 'b'),
      ],
      { afterMs: 10, clock },
    );
    clock.elapse();
    expect(await result).toMatchObject({ value: 'b', index: 1 });
    expect(loser?.aborted).toBe(true);
  });

  it('hurries to another place when an attempt fails, but not within one place', async () => {
    for (const [places, expected] of [
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
      [['a', 'a'], ['a']],
    ] as const) {
      const asked: string[] = [];
      const ways = places.map((place) =>
        way<string>(place, ({ onAttemptFailed }) => {
          asked.push(place);
          onAttemptFailed();
          return never;
        }),
      );
      void hedged(ways, { afterMs: 10, clock: heldClock() });
      await turn();
      expect(asked).toEqual(expected);
    }
  });

  it('hands a success that came too late to discard', async () => {
    const clock = heldClock();
    let lateAnswer: (value: string) => void = () => undefined;
    const late: string[] = [];
    const result = hedged(
      [way('a', () => new Promise<string>((resolve) => (lateAnswer = resolve))), way('b', async () => 'b')],
      { afterMs: 10, clock, discard: (value) => void late.push(value) },
    );
    clock.elapse();
    await result;
    lateAnswer('a');
    await turn();
    expect(late).toEqual(['a']);
  });

  it('rejects with the caller’s reason when aborted', async () => {
    const controller = new AbortController();
    const result = hedged([way('a', () => never)], {
      afterMs: 10,
      clock: heldClock(),
      signal: controller.signal,
    });
    controller.abort(new Error('enough'));
    await expect(result).rejects.toThrow('enough');
  });
});
