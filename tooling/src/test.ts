/**
 * `npm test`: every check of the workspace, then one closing line that adds up all tests that ran. Nx runs the
 * targets and replays from its cache what has not changed; the counts come from the reports they leave behind.
 */
import { spawnSync } from 'node:child_process';
import { glob, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const REPORTS = '{packages/*,tooling,interop,examples/*}/test-results/*.json';
const started = performance.now();

const steps: readonly (readonly [what: string, command: string, ...args: string[]])[] = [
  ['lint', 'biome', 'check', '.'],
  ['unused code and dependencies', 'knip'],
  [
    'build, types, tests, packed packages',
    'nx',
    'run-many',
    '--targets=build,typecheck,test,pack-check',
    '--output-style=stream',
    '--nxBail=false',
  ],
];

// A report of an earlier run must not be counted for a target that now fails before it writes one.
for await (const report of glob(REPORTS, { cwd: root })) await rm(join(root, report));

const failedSteps: string[] = [];
for (const [what, command, ...args] of steps) {
  console.log(`\n== ${what}: ${[command, ...args].join(' ')}`);
  const { status } = spawnSync(join(root, 'node_modules/.bin', command), args, {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) failedSteps.push(what);
}

const total = { passed: 0, failed: 0, skipped: 0 };
for await (const report of glob(REPORTS, { cwd: root })) {
  const counts = countsIn(JSON.parse(await readFile(join(root, report), 'utf8')));
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}
// A step can fail without a failed test (a type error, say): the closing line must not look green then.
if (failedSteps.length > 0) {
  console.error(`\nfailed: ${failedSteps.join('; ')}`);
  total.failed = Math.max(total.failed, failedSteps.length);
}
console.log(`\nall checks took ${Math.round((performance.now() - started) / 1000)} s`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Reads Vitest's JSON report or the counts of a pack-check. */
function countsIn(report: Partial<Counts & Record<`num${string}`, number>> & { success?: boolean }): Counts {
  if (report.numTotalTests === undefined) {
    return { passed: report.passed ?? 0, failed: report.failed ?? 0, skipped: report.skipped ?? 0 };
  }
  const failed = report.numFailedTests ?? 0;
  return {
    passed: report.numPassedTests ?? 0,
    // A file that could not be loaded fails its suite without a failed test in it.
    failed: failed === 0 && report.success === false ? Math.max(1, report.numFailedTestSuites ?? 0) : failed,
    skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
  };
}
