import { parseArgs } from 'node:util';
import { MiB, openStore, type StoreName, startCloud } from './fixtures.ts';
import { large } from './large.ts';
import { type MemoryFigure, memory } from './memory.ts';
import type { Comparison } from './rounds.ts';
import { small } from './small.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    store: { type: 'string', default: 'alicloud' },
    rounds: { type: 'string', default: '5' },
    mebibytes: { type: 'string', default: '256' },
    objects: { type: 'string', default: '1000' },
    'memory-mebibytes': { type: 'string', default: '1024' },
  },
});

const name = values.store as StoreName;
const rounds = Number(values.rounds);
const cloud = await startCloud();
try {
  const store = openStore(name, cloud.endpoint);
  const results: Results = {
    store: name,
    large: await large(store, Number(values.mebibytes) * MiB, rounds),
    small: await small(store, Number(values.objects), 16 * 1024, rounds),
    memory: await memory(name, cloud.endpoint, Number(values['memory-mebibytes']) * MiB),
  };
  if (values.json) console.log(JSON.stringify(results, undefined, 2));
  else print(results);
} finally {
  cloud.process.disconnect();
}

interface Results {
  readonly store: string;
  readonly large: readonly Comparison[];
  readonly small: readonly Comparison[];
  readonly memory: readonly MemoryFigure[];
}

function print({ store, large, small, memory }: Results): void {
  for (const [title, comparisons] of [
    [`${values.mebibytes} MiB over ${store}`, large],
    [`${values.objects} objects of 16 KiB over ${store}`, small],
  ] as const) {
    console.log(`\n${title}`);
    console.table(
      Object.fromEntries(
        comparisons.flatMap((comparison) =>
          comparison.ways.map((way) => [
            `${comparison.name}, ${way.way}`,
            { 'MiB/s': way.mebibytesPerSecond.toFixed(1), 'of plain': way.ofPlain.toFixed(2) },
          ]),
        ),
      ),
    );
  }
  console.log(`\nresident memory above the start, ${values['memory-mebibytes']} MiB over ${store}`);
  console.table(
    Object.fromEntries(
      memory.map(({ operation, extraBytes }) => [operation, { MiB: (extraBytes / MiB).toFixed(0) }]),
    ),
  );
}
