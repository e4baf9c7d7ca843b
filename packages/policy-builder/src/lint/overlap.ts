import { actionCovers, resourceCovers } from '../model/pattern-cover.ts';
import { isPrincipalList, type Policy, type Statement } from '../model/policy.ts';
import type { Report } from './finding.ts';

/** Comparing all with all is quick for any policy that RAM takes, and would not be for ten thousand statements. */
const MAX_COMPARED = 500;

/** Statements and values that change nothing because others say it already. */
export function lintOverlap(policy: Policy, report: Report): void {
  if (policy.Statement.length > MAX_COMPARED) return;
  policy.Statement.forEach((statement, index) => {
    const path = `$.Statement[${index}]`;
    lintValues(statement.Action, `${path}.Action`, actionCovers, report);
    lintValues(statement.NotAction, `${path}.NotAction`, actionCovers, report);
    lintValues(statement.Resource, `${path}.Resource`, resourceCovers, report);
    lintValues(statement.NotResource, `${path}.NotResource`, resourceCovers, report);

    for (const [otherIndex, other] of policy.Statement.entries()) {
      if (otherIndex === index || !statementCovers(other, statement)) continue;
      if (other.Effect === statement.Effect) {
        // Of two equal statements, the later one is redundant.
        if (otherIndex > index && statementCovers(statement, other)) continue;
        report(
          'redundant-statement',
          'note',
          path,
          `Statement ${otherIndex + 1} says all that this one says.`,
          'Remove this statement.',
        );
        break;
      }
      if (other.Effect === 'Deny') {
        report(
          'shadowed-statement',
          'warning',
          path,
          `Statement ${otherIndex + 1} denies all that this one allows, so it has no effect.`,
          `Narrow statement ${otherIndex + 1}, or remove this one.`,
        );
        break;
      }
    }
  });
}

function lintValues(
  values: readonly string[] | undefined,
  path: string,
  covers: (wide: string, narrow: string) => boolean,
  report: Report,
): void {
  if (values === undefined || values.length > MAX_COMPARED) return;
  values.forEach((narrow, index) => {
    const wide = values.find(
      (other, otherIndex) => otherIndex !== index && other !== narrow && covers(other, narrow),
    );
    if (wide !== undefined && !covers(narrow, wide))
      report(
        'redundant-value',
        'note',
        `${path}[${index}]`,
        `${wide} covers ${narrow} already.`,
        'Remove it.',
      );
  });
}

/** Whether one statement, whatever its effect, speaks of every request that the other speaks of. */
function statementCovers(wide: Statement, narrow: Statement): boolean {
  if (wide.NotPrincipal !== undefined || narrow.NotPrincipal !== undefined) return same(wide, narrow);
  return (
    listCovers(wide.Action, wide.NotAction, narrow.Action, narrow.NotAction, actionCovers) &&
    (wide.Resource === undefined && wide.NotResource === undefined
      ? narrow.Resource === undefined && narrow.NotResource === undefined
      : listCovers(wide.Resource, wide.NotResource, narrow.Resource, narrow.NotResource, resourceCovers)) &&
    principalsCover(wide, narrow) &&
    conditionsCover(wide, narrow)
  );
}

function same(a: Statement, b: Statement): boolean {
  return JSON.stringify({ ...a, Effect: '' }) === JSON.stringify({ ...b, Effect: '' });
}

function listCovers(
  wide: readonly string[] | undefined,
  wideNot: readonly string[] | undefined,
  narrow: readonly string[] | undefined,
  narrowNot: readonly string[] | undefined,
  covers: (wide: string, narrow: string) => boolean,
): boolean {
  if (wide !== undefined && narrow !== undefined) return narrow.every((n) => wide.some((w) => covers(w, n)));
  if (wide !== undefined) return wide.some((w) => covers(w, '*')) && narrowNot !== undefined;
  // "All but these" covers "all but those" when it excepts no more.
  if (wideNot !== undefined && narrowNot !== undefined)
    return wideNot.every((w) => narrowNot.some((n) => covers(n, w)));
  return false;
}

function principalsCover(wide: Statement, narrow: Statement): boolean {
  const [w, n] = [wide.Principal, narrow.Principal];
  if (w === undefined || n === undefined) return w === n;
  if (isPrincipalList(w) !== isPrincipalList(n)) return false;
  if (isPrincipalList(w) && isPrincipalList(n)) return w.includes('*') || n.every((name) => w.includes(name));
  if (isPrincipalList(w) || isPrincipalList(n)) return false;
  return (['RAM', 'Service', 'Federated'] as const).every((kind) =>
    (n[kind] ?? []).every((name) => (w[kind] ?? []).includes(name)),
  );
}

/** Without conditions it covers all; with some, the other must have the same ones and may have more. */
function conditionsCover(wide: Statement, narrow: Statement): boolean {
  return Object.entries(wide.Condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, values]) => {
      const other = narrow.Condition?.[operator]?.[key];
      return (
        other !== undefined &&
        other.length === values.length &&
        other.every((value) => values.includes(value))
      );
    }),
  );
}
