import { type PolicyDocument, policyToJson, type Statement } from '../model/policy.ts';
import { decodePolicy } from '../read/decode-policy.ts';
import { canonicalStatement } from './canonical.ts';

export interface PolicyDifference {
  readonly kind: 'added' | 'removed' | 'changed';
  /** 0-based place of the statement in the first policy; absent for an added one. */
  readonly before?: number | undefined;
  /** 0-based place of the statement in the second policy; absent for a removed one. */
  readonly after?: number | undefined;
  /** For a changed statement: the values that came and went, with their JSON path inside the statement. */
  readonly changes?: readonly ValueDifference[] | undefined;
  /** One line for a person. */
  readonly summary: string;
}

export interface ValueDifference {
  readonly path: string;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/**
 * What changed between two policies. Order does not matter: a statement that only moved is no difference. A
 * statement that has no equal is compared with the one it shares most with.
 *
 * @throws PolicyError `InvalidPolicy` when one of them is no policy
 */
export function diffPolicies(before: PolicyDocument, after: PolicyDocument): PolicyDifference[] {
  const left = flatStatements(before);
  const right = flatStatements(after);
  for (const statement of left) {
    const twin = right.find((other) => !other.matched && other.text === statement.text);
    if (twin !== undefined) statement.matched = twin.matched = true;
  }
  const pairs = left
    .filter((statement) => !statement.matched)
    .flatMap((a) => right.filter((b) => !b.matched).map((b) => ({ a, b, likeness: likeness(a, b) })))
    .filter(({ a, b, likeness }) => likeness > 0 && a.effect === b.effect)
    .sort((x, y) => y.likeness - x.likeness || x.a.index - y.a.index || x.b.index - y.b.index);
  const differences: PolicyDifference[] = [];
  for (const { a, b } of pairs) {
    if (a.matched || b.matched) continue;
    a.matched = b.matched = true;
    const changes = valueDifferences(a, b);
    const words = changes.map(({ path, removed, added }) =>
      [...removed.map((value) => `-${path} ${value}`), ...added.map((value) => `+${path} ${value}`)].join(
        ', ',
      ),
    );
    differences.push({
      kind: 'changed',
      before: a.index,
      after: b.index,
      changes,
      summary: `statement ${a.index + 1}: ${words.join(', ')}`,
    });
  }
  for (const { matched, index, json } of left)
    if (!matched) differences.push({ kind: 'removed', before: index, summary: `- ${json}` });
  for (const { matched, index, json } of right)
    if (!matched) differences.push({ kind: 'added', after: index, summary: `+ ${json}` });
  return differences.sort((a, b) => (a.before ?? a.after ?? 0) - (b.before ?? b.after ?? 0));
}

interface FlatStatement {
  readonly index: number;
  readonly effect: string;
  /** Canonical JSON, for equality. */
  readonly text: string;
  /** JSON as the policy would write it, for people. */
  readonly json: string;
  /** Every value under its path. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  matched: boolean;
}

function flatStatements(document: PolicyDocument): FlatStatement[] {
  const policy = decodePolicy(document);
  const json = policyToJson(policy).Statement;
  return policy.Statement.map((statement, index) => {
    const canonical = canonicalStatement(statement);
    return {
      index,
      effect: statement.Effect,
      text: JSON.stringify(canonical),
      json: JSON.stringify(json[index]),
      values: flatten(canonical),
      matched: false,
    };
  });
}

function flatten(statement: Statement): Map<string, readonly string[]> {
  const values = new Map<string, readonly string[]>();
  const visit = (value: unknown, path: string): void => {
    if (Array.isArray(value)) values.set(path, value as string[]);
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) visit(inner, path === '' ? key : `${path}.${key}`);
  };
  visit(statement, '');
  return values;
}

/** How many values two statements share. */
function likeness(a: FlatStatement, b: FlatStatement): number {
  let shared = 0;
  for (const [path, values] of a.values) {
    const others = b.values.get(path) ?? [];
    shared += values.filter((value) => others.includes(value)).length;
  }
  return shared;
}

function valueDifferences(a: FlatStatement, b: FlatStatement): ValueDifference[] {
  return [...new Set([...a.values.keys(), ...b.values.keys()])].flatMap((path) => {
    const before = a.values.get(path) ?? [];
    const after = b.values.get(path) ?? [];
    const removed = before.filter((value) => !after.includes(value));
    const added = after.filter((value) => !before.includes(value));
    return removed.length + added.length === 0 ? [] : [{ path, removed, added }];
  });
}
