import {
  conditionKeyKind,
  globalConditionKeys,
  KNOWN_SERVICES,
  serviceCatalogue,
} from '../catalogue/catalogue.ts';
import {
  type ParsedOperator,
  parseBoolean,
  parseDate,
  parseNumber,
  parseOperator,
  valueTest,
} from '../model/condition-operators.ts';
import { parseCidr } from '../model/ip-address.ts';
import type { Policy, Statement } from '../model/policy.ts';
import { hasWildcard } from '../model/wildcard.ts';
import { nearestName } from '../read/suggest.ts';
import type { Report } from './finding.ts';

/** Conditions that cannot hold, or do not mean what they seem to. */
export function lintConditions(policy: Policy, report: Report): void {
  policy.Statement.forEach((statement, index) => {
    const path = `$.Statement[${index}].Condition`;
    const entries = conditionEntries(statement);
    for (const entry of entries) {
      const at = `${path}${step(entry.operatorName)}${step(entry.key)}`;
      lintKey(statement, entry, at, report);
      lintValues(entry, at, report);
      if (
        statement.Effect === 'Allow' &&
        entry.operator.negated &&
        !entry.operator.ifExists &&
        !requires(entries, entry.key)
      )
        report(
          'absent-key-allows',
          'note',
          at,
          `${entry.operatorName} also holds when the request does not have ${entry.key}.`,
          `Add "Null": {"${entry.key}": "false"} if the key must be there.`,
        );
    }
    lintContradictions(entries, path, report);
  });
}

interface Entry {
  readonly operatorName: string;
  readonly operator: ParsedOperator;
  readonly key: string;
  readonly values: readonly string[];
}

function conditionEntries(statement: Statement): Entry[] {
  return Object.entries(statement.Condition ?? {}).flatMap(([operatorName, keys]) => {
    const operator = parseOperator(operatorName);
    if (operator === undefined) return [];
    return Object.entries(keys).map(([key, values]) => ({ operatorName, operator, key, values }));
  });
}

function requires(entries: readonly Entry[], key: string): boolean {
  return entries.some(
    (entry) =>
      entry.key === key &&
      entry.operator.base === 'Null' &&
      entry.values.every((v) => parseBoolean(v) === false),
  );
}

function step(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

const KIND_WORDS = {
  string: 'a string',
  numeric: 'a number',
  date: 'a date',
  boolean: 'true or false',
  ip: 'an IP address',
};

function lintKey(
  statement: Statement,
  { operator, operatorName, key }: Entry,
  path: string,
  report: Report,
): void {
  const prefix = key.slice(0, key.indexOf(':')).toLowerCase();
  const kind = conditionKeyKind(key);
  if (kind === undefined) {
    if (prefix !== 'acs' && !(KNOWN_SERVICES as readonly string[]).includes(prefix)) return;
    const catalogue = serviceCatalogue(prefix);
    const names = Object.keys(catalogue?.conditionKeys ?? globalConditionKeys());
    const nearest = nearestName(key, names);
    report(
      'unknown-condition-key',
      'warning',
      path,
      `${key} is no condition key that is known; if requests do not have it, ${operator.negated ? 'the condition always holds' : 'the condition never holds'}.`,
      nearest === undefined ? undefined : `Did you mean ${nearest.replace(/\*$/, '<tag-key>')}?`,
    );
    return;
  }
  if (operator.base !== 'Null' && operator.kind !== kind)
    report(
      'wrong-key-kind',
      'error',
      path,
      `${key} holds ${KIND_WORDS[kind]}, but ${operatorName} compares ${KIND_WORDS[operator.kind]}.`,
      `Use ${{ string: 'StringEquals', numeric: 'NumericEquals', date: 'DateLessThan', boolean: 'Bool', ip: 'IpAddress' }[kind]}.`,
    );
  const catalogue = serviceCatalogue(prefix);
  if (catalogue === undefined || statement.Action === undefined) return;
  const family = key.includes('/') ? `${key.slice(0, key.indexOf('/'))}/*` : key;
  const ownActions = statement.Action.filter((action) => action.toLowerCase().startsWith(`${prefix}:`));
  const checkable =
    ownActions.length === statement.Action.length && ownActions.every((action) => !hasWildcard(action));
  if (!checkable || ownActions.length === 0) return;
  const supported = ownActions.some((action) => {
    const entry = catalogue.actions[action.slice(prefix.length + 1)];
    return (
      entry === undefined ||
      entry.resources === null ||
      (entry.conditionKeys ?? []).some((name) => name === family || name === `${key}/*`)
    );
  });
  if (!supported)
    report(
      'unsupported-condition-key',
      'note',
      path,
      `None of the statement's actions is documented to supply ${key}.`,
    );
}

function lintValues({ operator, key, values }: Entry, path: string, report: Report): void {
  values.forEach((value, index) => {
    const at = `${path}[${index}]`;
    switch (operator.kind) {
      case 'ip': {
        if (value === '*') return;
        const block = parseCidr(value);
        if (block === undefined)
          report(
            'invalid-cidr',
            'error',
            at,
            `${JSON.stringify(value)} is no IP address or CIDR block, so it matches nothing.`,
          );
        else if (block.hostBitsSet)
          report(
            'cidr-host-bits',
            'note',
            at,
            `${value} has bits set behind its prefix; it is read as the block around it.`,
            'Write the first address of the block.',
          );
        return;
      }
      case 'date':
        if (parseDate(value) === undefined)
          report(
            'invalid-date',
            'error',
            at,
            `${JSON.stringify(value)} is no date, so it matches nothing.`,
            'Write ISO 8601: 2026-01-31T00:00:00Z.',
          );
        return;
      case 'numeric':
        if (parseNumber(value) === undefined)
          report(
            'invalid-number',
            'error',
            at,
            `${JSON.stringify(value)} is no number, so it matches nothing.`,
          );
        return;
      case 'boolean':
        if (parseBoolean(value) === undefined)
          report(
            'invalid-boolean',
            'error',
            at,
            `${JSON.stringify(value)} is neither true nor false, so it matches nothing.`,
          );
        return;
      default:
        if (hasWildcard(value) && !operator.base.includes('Like'))
          report(
            'wildcard-not-interpreted',
            'warning',
            at,
            `${operator.base} compares ${JSON.stringify(value)} character by character; * and ? mean nothing to it.`,
            `Use ${operator.negated ? 'StringNotLike' : 'StringLike'} for ${key}.`,
          );
    }
  });
}

/** Pairs of conditions on one key of which never both hold. Conditions with IfExists or a quantifier are left out. */
function lintContradictions(entries: readonly Entry[], path: string, report: Report): void {
  const plain = entries.filter(({ operator }) => !operator.ifExists && operator.quantifier === undefined);
  plain.forEach((a, index) => {
    const reason =
      impossibleAlone(a) ??
      plain
        .slice(index + 1)
        .filter((b) => b.key.toLowerCase() === a.key.toLowerCase())
        .map((b) => contradiction(a, b) ?? contradiction(b, a))
        .find((found) => found !== undefined);
    if (reason !== undefined)
      report(
        'condition-never-holds',
        'error',
        `${path}${step(a.operatorName)}${step(a.key)}`,
        reason,
        'Remove one of them.',
      );
  });
}

/** An exact text: not a pattern. */
function isExact({ operator }: Entry): boolean {
  return operator.base === 'StringEquals' || operator.base === 'StringEqualsIgnoreCase';
}

function impossibleAlone({ operator, operatorName, key, values }: Entry): string | undefined {
  if (operator.negated) return undefined;
  const usable = values.filter((value) => {
    if (operator.kind === 'ip') return value === '*' || parseCidr(value) !== undefined;
    if (operator.kind === 'date') return parseDate(value) !== undefined;
    if (operator.kind === 'numeric') return parseNumber(value) !== undefined;
    return operator.kind !== 'boolean' || parseBoolean(value) !== undefined;
  });
  return usable.length > 0 ? undefined : `${operatorName} on ${key} has no value that anything could match.`;
}

function contradiction(a: Entry, b: Entry): string | undefined {
  const both = `${a.operatorName} and ${b.operatorName} on ${a.key}`;
  const absent = (entry: Entry): boolean =>
    entry.operator.base === 'Null' && entry.values.every((value) => parseBoolean(value) === true);
  if (absent(a) && b.operator.base !== 'Null' && !b.operator.negated)
    return `${both} exclude each other: one wants the key to be absent, the other to have a value.`;
  if (isExact(a) && b.operator.kind === 'string') {
    const tests = b.values.map((value) => valueTest(b.operator.base, value));
    const possible = a.values.some((value) => tests.some((test) => test(value)) !== b.operator.negated);
    // Comparing without case leaves other spellings; only an exact one can be excluded by an exact one.
    if (!possible && a.operator.base === 'StringEquals') return `${both} have no value in common.`;
  }
  if (
    a.operator.base === 'IpAddress' &&
    b.operator.base === 'NotIpAddress' &&
    a.values.every((v) => b.values.includes(v))
  )
    return `${both} exclude each other: every block of the one is in the other.`;
  if (a.operator.kind === 'date' || a.operator.kind === 'numeric') return emptyRange(a, b, both);
  return undefined;
}

/** `DateGreaterThan` the one and `DateLessThan` the other, with nothing between. */
function emptyRange(a: Entry, b: Entry, both: string): string | undefined {
  if (
    !/Greater/.test(a.operator.base) ||
    !/Less/.test(b.operator.base) ||
    a.operator.kind !== b.operator.kind
  )
    return undefined;
  const parse = a.operator.kind === 'date' ? parseDate : parseNumber;
  const numbers = (entry: Entry): number[] => entry.values.map(parse).filter((value) => value !== undefined);
  const low = Math.min(...numbers(a));
  const high = Math.max(...numbers(b));
  const touching = a.operator.base.endsWith('Equals') && b.operator.base.endsWith('Equals');
  return low > high || (low === high && !touching) ? `${both} leave nothing between them.` : undefined;
}
