/**
 * Packs the package in the current folder as npm would publish it, and tries the tarball as a user would: what
 * publint and are-the-types-wrong say of it, and whether it works installed alone in an empty project, from ESM,
 * from `require()` and under a strict TypeScript that checks its declarations too.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { ALLOWED_ARROWS } from './import-arrows.ts';

const run = promisify(execFile);
const workspace = fileURLToPath(new URL('../..', import.meta.url));
const packageDir = process.cwd();

interface Manifest {
  readonly name: string;
  readonly exports: Record<string, unknown>;
  readonly bin?: Record<string, string>;
}
const manifest = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as Manifest;
const folderName = manifest.name.replace('@yunseal/', '');

/** What a user can import, such as `@yunseal/crypto-core/testing`; entries that hold no module are left out. */
const entryPoints = Object.keys(manifest.exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => manifest.name + path.slice(1));

async function pack(name: string, into: string): Promise<string> {
  const cwd = join(workspace, 'packages', name);
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', into], { cwd });
  const packed: unknown = JSON.parse(stdout);
  // npm has answered with an array of packages, and with an object of them by name.
  const [first] = Object.values(packed as Record<string, { filename: string }>);
  if (!first) throw new Error(`npm pack said nothing of ${name}: ${stdout}`);
  return resolve(into, first.filename.replace(/^@/, '').replace('/', '-'));
}

/** Options of a user who trusts nothing: strict, and the declarations of every dependency are checked. */
const consumerTsconfig = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  },
  files: ['esm.mts', 'cjs.cts'],
};

const checks: Record<string, (place: { tarball: string; project: string }) => Promise<void>> = {
  'publint finds nothing': async ({ tarball }) => {
    const data = await readFile(tarball);
    const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
    const { messages, pkg } = await publint({ pack: { tarball: buffer as ArrayBuffer }, strict: true });
    if (messages.length > 0)
      throw new Error(messages.map((message) => formatMessage(message, pkg)).join('\n'));
  },
  'it ships what users need, and no leftovers of the build': async ({ tarball }) => {
    const { stdout } = await run('tar', ['-tzf', tarball]);
    const leftovers = stdout
      .split('\n')
      .filter((path) => /tsbuildinfo|\.test\.|test-support|(^|\/)src\//.test(path));
    if (leftovers.length > 0) throw new Error(leftovers.join('\n'));
    for (const needed of ['package/LICENSE', 'package/README.md']) {
      if (!stdout.includes(needed)) throw new Error(`${needed} is missing`);
    }
  },
  'the types are right for every way to resolve them': async ({ tarball }) => {
    const analysis = await checkPackage(createPackageFromTarballData(await readFile(tarball)));
    if (!analysis.types) throw new Error('the package has no types');
    // The packages are ESM alone, which every supported Node.js can require(); older resolution modes cannot read
    // an exports map, and none of the supported ones uses them.
    const expected = new Set(['CJSResolvesToESM']);
    const problems = analysis.problems.filter(
      (problem) =>
        !expected.has(problem.kind) && !('resolutionKind' in problem && problem.resolutionKind === 'node10'),
    );
    if (problems.length > 0) throw new Error(JSON.stringify(problems, null, 2));
  },
  'it installs alone': async ({ tarball, project }) => {
    const dependencies = await Promise.all(
      (ALLOWED_ARROWS[folderName] ?? []).map((name) => pack(name, project)),
    );
    await writeFile(join(project, 'package.json'), JSON.stringify({ private: true }));
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball, ...dependencies], {
      cwd: project,
    });
  },
  'it imports as ESM': async ({ project }) => {
    const lines = entryPoints.map(
      (entry) => `if (Object.keys(await import('${entry}')).length === 0) throw '${entry}';`,
    );
    await writeFile(join(project, 'check.mjs'), lines.join('\n'));
    await run('node', ['check.mjs'], { cwd: project });
  },
  'it loads by require()': async ({ project }) => {
    const lines = entryPoints.map(
      (entry) => `if (Object.keys(require('${entry}')).length === 0) throw '${entry}';`,
    );
    await writeFile(join(project, 'check.cjs'), lines.join('\n'));
    await run('node', ['--no-warnings', 'check.cjs'], { cwd: project });
  },
  'it type-checks under strict with skipLibCheck off': async ({ project }) => {
    const lines = entryPoints.map((entry, i) => `import * as entry${i} from '${entry}';\nvoid entry${i};`);
    await writeFile(join(project, 'esm.mts'), lines.join('\n'));
    await writeFile(join(project, 'cjs.cts'), lines.join('\n'));
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(consumerTsconfig));
    await mkdir(join(project, 'node_modules', '@types'), { recursive: true });
    const { version } = JSON.parse(
      await readFile(join(workspace, 'node_modules/@types/node/package.json'), 'utf8'),
    ) as { version: string };
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `@types/node@${version}`], {
      cwd: project,
    });
    await run(join(workspace, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.json'], { cwd: project });
  },
};
if (manifest.bin) {
  const commands = Object.keys(manifest.bin);
  checks['its commands say how they are used'] = async ({ project }) => {
    for (const command of commands) {
      const { stdout } = await run(join(project, 'node_modules/.bin', command), ['--help']);
      if (!stdout.includes('Usage')) throw new Error(`${command} --help printed: ${stdout}`);
    }
  };
}

const scratch = await mkdtemp(join(tmpdir(), 'pack-check-'));
const counts = { passed: 0, failed: 0, skipped: 0 };
try {
  const tarball = await pack(folderName, scratch);
  const project = join(scratch, 'project');
  await mkdir(project);
  for (const [what, check] of Object.entries(checks)) {
    try {
      await check({ tarball, project });
      counts.passed += 1;
      console.log(`ok      ${manifest.name}: ${what}`);
    } catch (error) {
      counts.failed += 1;
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      console.error(
        `FAILED  ${manifest.name}: ${what}\n${[error, stdout, stderr].filter(Boolean).join('\n')}`,
      );
    }
  }
} finally {
  await rm(scratch, { recursive: true });
}
await mkdir(join(packageDir, 'test-results'), { recursive: true });
await writeFile(join(packageDir, 'test-results', 'pack-check.json'), `${JSON.stringify(counts)}\n`);
process.exitCode = counts.failed > 0 ? 1 : 0;
