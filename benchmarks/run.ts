/** `npm run bench [-- AREA…] [--json]`: runs the benchmarks of each area in turn, each in a process of its own. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const here = import.meta.dirname;
const areas = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(here, entry.name, 'main.ts')))
  .map(({ name }) => name);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false } },
});
const unknown = positionals.find((name) => !areas.includes(name));
if (unknown !== undefined) {
  console.error(`there is no area "${unknown}"; there are: ${areas.join(', ')}`);
  process.exit(1);
}

for (const area of positionals.length > 0 ? positionals : areas) {
  if (!values.json) console.log(`\n== ${area}`);
  const args = [join(here, area, 'main.ts'), ...(values.json ? ['--json'] : [])];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
