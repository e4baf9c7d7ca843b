import { parseArgs } from 'node:util';
import { addedLatency } from './added-latency.ts';
import { cachedMaterials } from './cached-materials.ts';
import { faults } from './faults.ts';
import type { Figure } from './figures.ts';
import { regionOutage } from './region-outage.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    messages: { type: 'string', default: '100000' },
    calls: { type: 'string', default: '10000' },
  },
});

const benchmarks: Readonly<Record<string, () => Promise<Figure[]>>> = {
  'added-latency': () => addedLatency(2_000),
  'cached-materials': () => cachedMaterials(Number(values.messages)),
  faults: () => faults(Number(values.calls)),
  'region-outage': () => regionOutage(200),
};

const results: Record<string, Figure[]> = {};
for (const [name, run] of Object.entries(benchmarks)) {
  if (values.only !== undefined && values.only !== name) continue;
  const figures = await run();
  results[name] = figures;
  if (values.json) continue;
  console.log(`\n${name}`);
  console.table(
    Object.fromEntries(figures.map(({ name: row, value, unit }) => [row, { value, unit: unit ?? '' }])),
  );
}
if (values.json) console.log(JSON.stringify(results, undefined, 2));
