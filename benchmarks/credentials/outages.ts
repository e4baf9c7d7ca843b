import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CountingMetadataService } from '../../packages/credentials/src/test-support/counting-metadata-service.ts';
import { advanceClock } from './moved-clock.ts';
import type { Subject } from './subjects.ts';

/** What a caller would call an outage too. */
const patienceMs = 5_000;
const minute = 60_000;
const hour = 60 * minute;

const faults: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'connection reset': (response) => response.socket?.resetAndDestroy(),
  'no answer': () => undefined,
  'status 500': (response) => response.writeHead(500).end(),
  'status 429': (response) => response.writeHead(429).end(),
  'status 404': (response) => response.writeHead(404).end(),
  HTML: (response) => response.end('<html><body>Sign in</body></html>'),
  'truncated JSON': (response) => response.end('{"Code":"Success","AccessKeyId":"STS.'),
  'a body that never ends': (response) => {
    const more = setInterval(() => response.write(' '.repeat(1_024)), 10);
    response.on('close', () => clearInterval(more));
  },
};

/**
 * The metadata service fails for ten minutes while the current credential has twenty to live: calls, one a minute, that fail
 * or wait; and how the first call of a new process fails.
 */
export async function outages(subject: Subject, service: CountingMetadataService) {
  const { behaviour } = service;
  const results: Record<string, object> = {};
  for (const [name, answer] of Object.entries(faults)) {
    Object.assign(behaviour, { lifetimeMs: 6 * hour, rotateBeforeEndMs: hour / 2, fault: undefined });
    service.rotate();
    const credential = subject.create();
    await credential.getCredential();
    advanceClock(6 * hour - 20 * minute);
    behaviour.fault = (_, response) => {
      answer(response);
      return true;
    };
    service.requests.length = 0;
    let failed = 0;
    let slowest = 0;
    for (let call = 0; call < 10; call += 1) {
      const { outcome, ms } = await timed(credential.getCredential());
      if (outcome !== 'ok') failed += 1;
      slowest = Math.max(slowest, ms);
      // Time for what happens in the background.
      await sleep(50);
      advanceClock(minute);
    }
    const requests = service.requests.length;
    const cold = await timed(subject.create().getCredential());
    results[name] = {
      'calls failed, of 10': failed,
      'slowest call, ms': Math.round(slowest),
      'metadata requests': requests,
      'cold call': cold.outcome,
      'after, ms': Math.round(cold.ms),
    };
  }
  behaviour.fault = undefined;
  return results;
}

async function timed(call: Promise<unknown>): Promise<{ outcome: string; ms: number }> {
  const begin = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`still waiting after ${patienceMs / 1_000} s`), patienceMs);
  });
  const outcome = await Promise.race([
    call.then(
      () => 'ok',
      (error: { code?: string; name: string }) => error.code ?? error.name,
    ),
    impatience,
  ]);
  clearTimeout(timer);
  return { outcome, ms: performance.now() - begin };
}
