/**
 * Fails a build when a policy has a finding.
 *
 *   node gate.ts <folder or file>… [--fail-on error|warning|note] [--sarif <file>]
 *
 * Exit code 0: nothing to say. 1: at least one finding of that severity or graver; a file that is no policy is one.
 * 2: the gate itself was called wrongly.
 */
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { lintPolicyText, type Severity, toSarif } from '@yunseal/policy-builder';

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];

/** Every JSON file below a folder, or the file itself. */
function policyFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(path, name));
}

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'fail-on': { type: 'string', default: 'warning' }, sarif: { type: 'string' } },
  });
  const worst = SEVERITIES.indexOf(values['fail-on'] as Severity);
  if (worst < 0 || positionals.length === 0) {
    console.error('usage: node gate.ts <folder or file>… [--fail-on error|warning|note] [--sarif <file>]');
    return 2;
  }
  const files = positionals
    .flatMap(policyFiles)
    .map((file) => ({ file, findings: lintPolicyText(readFileSync(file, 'utf8')) }));
  let failures = 0;
  for (const { file, findings } of files)
    for (const { severity, code, line, column, explanation, fix } of findings) {
      console.log(
        `${file}:${line}:${column} ${severity} ${code}: ${explanation}${fix === undefined ? '' : ` ${fix}`}`,
      );
      if (SEVERITIES.indexOf(severity) <= worst) failures++;
    }
  if (values.sarif !== undefined) {
    const uri = (file: string): string => relative(process.cwd(), file).split(sep).join('/');
    const log = toSarif(files.map(({ file, findings }) => ({ file: uri(file), findings })));
    // Under its own name only when it is whole.
    writeFileSync(`${values.sarif}.part`, JSON.stringify(log, null, 2));
    renameSync(`${values.sarif}.part`, values.sarif);
  }
  console.log(`${files.length} policies, ${failures} reason${failures === 1 ? '' : 's'} to fail`);
  return failures === 0 ? 0 : 1;
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
