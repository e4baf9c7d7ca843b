/** `npm run bench -- local-cloud`: each measurement in a process of its own, so that none warms up another. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

for (const measurement of ['kms.ts', 'oss.ts', 'start.ts']) {
  const script = join(import.meta.dirname, measurement);
  const { status } = spawnSync(process.execPath, [script, ...process.argv.slice(2)], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
