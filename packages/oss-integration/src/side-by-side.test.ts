import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { sideBySide } from './side-by-side.ts';

it('gives the results in order, however long each takes', async () => {
  const work = async (ms: number) => {
    await sleep(ms);
    return ms;
  };
  expect(await sideBySide([9, 1, 5], work, { concurrency: 2 })).toEqual([9, 1, 5]);
});

it('stops the others when one fails, and rejects when none is under way any more', async () => {
  const events: string[] = [];
  const work = async (name: string, signal: AbortSignal) => {
    if (name === 'fails') {
      await sleep(5);
      throw new Error('for good');
    }
    try {
      await sleep(60_000, undefined, { signal });
    } catch {
      await sleep(10);
      events.push(`${name} stopped`);
      throw signal.reason;
    }
  };
  await expect(sideBySide(['a', 'fails', 'b', 'never begun'], work, { concurrency: 3 })).rejects.toThrow(
    'for good',
  );
  expect(events.sort()).toEqual(['a stopped', 'b stopped']);
});

it('passes the caller’s signal on', async () => {
  const caller = new AbortController();
  const work = (_: number, signal: AbortSignal) => sleep(60_000, undefined, { signal });
  const running = sideBySide([1, 2], work, { concurrency: 2, signal: caller.signal });
  caller.abort(new Error('enough'));
  await expect(running).rejects.toThrow('enough');
});
