import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createDigest } from './digest.ts';
import { createThreadedDigest } from './digest-thread.ts';

it('comes to the same on a thread of its own, for several streams at a time', async () => {
  const streams = Array.from({ length: 3 }, () => Array.from({ length: 4 }, () => randomBytes(100_000)));
  const results = await Promise.all(
    streams.map(async (blocks) => {
      const [inline, threaded] = [await createDigest(), createThreadedDigest()];
      for (const block of blocks) {
        // The thread sees shared memory; other memory is copied to it.
        const shared = Buffer.from(new SharedArrayBuffer(block.length));
        shared.set(block);
        await Promise.all([inline.update(block), threaded.update(shared)]);
      }
      return [await inline.finish(), await threaded.finish()] as const;
    }),
  );
  for (const [inline, threaded] of results) expect(threaded).toEqual(inline);
  expect(new Set(results.map(([{ md5 }]) => md5)).size).toBe(3);
});

it('goes on after a stream was abandoned', async () => {
  const abandoned = createThreadedDigest();
  await abandoned.update(Buffer.from('x'));
  abandoned.abandon();
  const next = createThreadedDigest();
  await next.update(Buffer.from('123456789'));
  expect(await next.finish()).toEqual({
    md5: '25F9E794323B453885F5181F1B624D0B',
    crc64: '11051210869376104954',
  });
});

it('keeps a process alive until it has answered, and no longer', async () => {
  const program = `
    const { createThreadedDigest } = await import(${JSON.stringify(new URL('digest-thread.ts', import.meta.url).href)});
    const digest = createThreadedDigest();
    await digest.update(Buffer.from('123456789'));
    console.log((await digest.finish()).crc64);
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    timeout: 20_000,
  });
  expect(stdout.trim()).toBe('11051210869376104954');
});
