import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './side-by-side.ts';

export interface ImportCost {
  /** What `import` takes in a fresh process, in milliseconds: the median of eleven. */
  readonly importMs: number;
  readonly peerImportMs: number;
  /** Packages that come with an installation, itself included. */
  readonly packages: number;
  /** Bytes of the files that come with an installation, dependencies included. */
  readonly installedBytes: number;
}

export async function costOfImport(): Promise<ImportCost> {
  const folders = installation('@yunseal/crypto-core');
  return {
    importMs: importTime('@yunseal/crypto-core'),
    peerImportMs: importTime('@aws-crypto/client-node'),
    packages: folders.length,
    installedBytes: folders.reduce((sum, folder) => sum + publishedSize(folder), 0),
  };
}

function importTime(name: string): number {
  const script = `const start = performance.now(); await import('${name}'); console.log(performance.now() - start);`;
  const cwd = dirname(fileURLToPath(import.meta.url));
  const once = () =>
    Number(execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd, encoding: 'utf8' }));
  return median(Array.from({ length: 11 }, once));
}

/** The folder of a package and those of all it depends on. */
function installation(name: string, from = import.meta.url, found = new Set<string>()): string[] {
  const folder = packageFolder(name, from);
  if (!found.has(folder)) {
    found.add(folder);
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    for (const dependency of Object.keys(dependencies))
      installation(dependency, join(folder, 'package.json'), found);
  }
  return [...found];
}

function packageFolder(name: string, from: string): string {
  for (const root of createRequire(from).resolve.paths(name) ?? []) {
    const folder = join(root, name);
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  throw new Error(`${name} is not installed`);
}

/** What npm would publish of a workspace package; an installed one is what was published. */
function publishedSize(folder: string): number {
  if (existsSync(join(folder, 'tsconfig.json'))) {
    const packed: unknown = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: folder, encoding: 'utf8' }),
    );
    const [first] = Object.values(packed as Record<string, { unpackedSize: number }>);
    return first!.unpackedSize;
  }
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('node_modules/', folder.length))
    .reduce((sum, path) => sum + statSync(path).size, 0);
}
