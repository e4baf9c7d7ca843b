import { readdir, readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';

/** What the code that a package ships may import from this workspace: the arrows of the design, and no other. */
export const ALLOWED_ARROWS: Readonly<Record<string, readonly string[]>> = {
  'crypto-core': [],
  credentials: [],
  'keyring-kms': ['crypto-core', 'credentials'],
  'policy-builder': [],
  'oss-integration': ['crypto-core', 'credentials'],
  'local-cloud': ['policy-builder'],
};

/** Node.js modules that a package has no business with: the core speaks to no network, policies need no cryptography. */
const FORBIDDEN_BUILTINS: Readonly<Record<string, readonly string[]>> = {
  'crypto-core': ['http', 'https', 'http2', 'net', 'tls', 'dgram', 'dns'],
  'policy-builder': ['crypto', 'http', 'https', 'http2', 'net', 'tls', 'dgram', 'dns'],
};

/** Tests are not shipped: they may run against the local cloud, which nothing that ships knows of. */
const TESTS_MAY_ALSO_IMPORT = ['local-cloud'];
/** Tests, and what only they use. Builds leave both out. */
const TEST_FILE = /\.test(-d|-support)?\.ts$|\/test-support\//;
const SCOPE = '@yunseal/';

export interface WrongArrow {
  /** Path of the importing file, relative to the root. */
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
  readonly reason: string;
}

/** Every import in `packages/` that the design does not allow; an empty list when all arrows are right. */
export async function findWrongArrows(root: string): Promise<WrongArrow[]> {
  const packagesDir = join(root, 'packages');
  const names = (await readdir(packagesDir, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const perPackage = await Promise.all(names.map(({ name }) => checkPackage(root, name)));
  return perPackage.flat();
}

async function checkPackage(root: string, name: string): Promise<WrongArrow[]> {
  const packageDir = join(root, 'packages', name);
  const allowed = ALLOWED_ARROWS[name];
  if (!allowed) {
    const reason = `package "${name}" is not in the table of allowed arrows (tooling/src/import-arrows.ts)`;
    return [{ file: relative(root, packageDir), line: 1, specifier: name, reason }];
  }
  const wrong = await checkManifest(root, name, allowed);
  for (const file of await sourceFiles(join(packageDir, 'src'))) {
    const text = await readFile(file, 'utf8');
    for (const { specifier, start } of importedSpecifiers(file, text)) {
      const reason = judge({ name, packageDir, file, specifier, allowed });
      if (reason) wrong.push({ file: relative(root, file), line: lineAt(text, start), specifier, reason });
    }
  }
  return wrong;
}

/** A dependency that ships is an arrow even when no import uses it yet. */
async function checkManifest(root: string, name: string, allowed: readonly string[]): Promise<WrongArrow[]> {
  const file = join(root, 'packages', name, 'package.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Record<
    string,
    Record<string, string> | undefined
  >;
  const shipped = ['dependencies', 'peerDependencies', 'optionalDependencies'].flatMap((field) =>
    Object.keys(manifest[field] ?? {}),
  );
  return shipped
    .filter((dependency) => dependency.startsWith(SCOPE) && !allowed.includes(dependency.slice(SCOPE.length)))
    .map((specifier) => ({
      file: relative(root, file),
      line: 1,
      specifier,
      reason: `${name} may depend on ${listOf(allowed)} only`,
    }));
}

interface ImportInPlace {
  readonly name: string;
  readonly packageDir: string;
  readonly file: string;
  readonly specifier: string;
  readonly allowed: readonly string[];
}

/** Why this import is not allowed, or undefined when it is. */
function judge({ name, packageDir, file, specifier, allowed }: ImportInPlace): string | undefined {
  const isTest = TEST_FILE.test(file);
  if (specifier.startsWith('.')) {
    const inside = resolve(dirname(file), specifier).startsWith(packageDir + sep);
    return inside ? undefined : 'a relative import leaves the package: import the other package by its name';
  }
  if (specifier.startsWith(SCOPE)) {
    const target = specifier.slice(SCOPE.length).split('/')[0] ?? '';
    const also = isTest ? TESTS_MAY_ALSO_IMPORT : [];
    if (target === name || allowed.includes(target) || also.includes(target)) return undefined;
    return `${name} may import ${listOf(allowed)} only`;
  }
  if (!isTest && isBuiltin(specifier)) {
    const builtin = specifier.replace(/^node:/, '').split('/')[0] ?? '';
    if (FORBIDDEN_BUILTINS[name]?.includes(builtin)) return `${name} does not use node:${builtin}`;
  }
  return undefined;
}

/** Every module a file names: imports, re-exports, `import()`, `import('…')` types and `require('…')`. */
function importedSpecifiers(file: string, text: string): { specifier: string; start: number }[] {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new SyntaxError(`${file}: ${errors[0]?.message}`);
  const found: { specifier: string; start: number }[] = [];
  const add = (source: { type: string; value?: unknown; start: number } | null | undefined) => {
    if (typeof source?.value === 'string') found.push({ specifier: source.value, start: source.start });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source as { type: string; value?: unknown; start: number }),
    TSImportType: (node) => add(node.source),
    CallExpression: (node) => {
      const callee = node.callee;
      if (callee.type === 'Identifier' && callee.name === 'require') {
        add(node.arguments[0] as { type: string; value?: unknown; start: number } | undefined);
      }
    },
  }).visit(program);
  return found;
}

async function sourceFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

const lineAt = (text: string, offset: number) => text.slice(0, offset).split('\n').length;
const listOf = (names: readonly string[]) =>
  names.length === 0 ? 'nothing of this workspace' : names.join(', ');
