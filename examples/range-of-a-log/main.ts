/** node main.ts: stores a log of a million lines, then reads lines from its middle and its end. */
import { openLocalBucket } from './local-bucket.ts';
import { lastLines, lineAt } from './read-lines.ts';

const LINES = 1_000_000;
const bucket = await openLocalBucket();
try {
  async function* log() {
    for (let start = 0; start < LINES; start += 1_000) {
      const lines = Array.from(
        { length: 1_000 },
        (_, index) => `${start + index} GET /orders/${(start + index) * 7} 200`,
      );
      yield new TextEncoder().encode(`${lines.join('\n')}\n`);
    }
  }
  const { length, storedLength } = await bucket.objects.upload('logs/access.log', log());
  console.log(`${length} bytes of log are ${storedLength} bytes in the bucket`);
  console.log('in the middle:', await lineAt(bucket.objects, 'logs/access.log', Math.floor(length / 2)));
  console.log('at the end:', await lastLines(bucket.objects, 'logs/access.log', 3));
} finally {
  await bucket.close();
}
