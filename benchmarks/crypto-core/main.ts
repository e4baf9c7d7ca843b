/** Prints the table of the README; `--json` prints JSON, `--only TEXT` picks rows, `--gib N` sets the stream's length. */
import { parseArgs } from 'node:util';
import { costOfImport } from './import-cost.ts';
import { inMemory } from './in-memory.ts';
import { streams } from './stream.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    gib: { type: 'string', default: '1' },
  },
});
const wants = (work: string) =>
  values.only === '' || work.includes(values.only) || values.only.includes(work);
const memory = await inMemory(wants);
const files = wants('GiB') ? await streams(Math.round(Number(values.gib) * 2 ** 30), 3) : [];
const imports = wants('import') ? await costOfImport() : undefined;

if (values.json) {
  console.log(JSON.stringify({ node: process.version, memory, files, imports }, undefined, 2));
} else {
  const ratio = (value: number | undefined, goal: number | undefined, digits: number) =>
    value === undefined ? '' : `${value.toFixed(digits)}${goal === undefined ? '' : ` (goal ${goal})`}`;
  if (memory.length > 0)
    console.table(
      memory.map(({ work, bytes, perSecond, ratios, goals }) => ({
        work,
        'op/s': Math.round(perSecond.yunseal!),
        'MB/s': Math.round((perSecond.yunseal! * bytes) / 1e6),
        '× peer': ratio(ratios.peer, goals.peer, 1),
        '× peer, 64 KiB frames': ratio(ratios.peer64, undefined, 1),
        '× bare': ratio(ratios.bare, goals.bare, 2),
      })),
    );
  if (files.length > 0) {
    console.table(
      files.map(({ work, bytesPerSecond, ratios, extraResident, goals }) => ({
        work,
        'MB/s': Math.round(bytesPerSecond.yunseal! / 1e6),
        '× peer': ratio(ratios.peer, goals.peer, 1),
        '× peer, 64 KiB frames': ratio(ratios.peer64, undefined, 1),
        '× bare': ratio(ratios.bare, goals.bare, 2),
        'extra resident MiB': ratio(extraResident.yunseal! / 2 ** 20, goals.extraResident! / 2 ** 20, 0),
      })),
    );
  }
  if (imports !== undefined) console.table([imports]);
}
