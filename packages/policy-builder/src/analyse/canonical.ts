import {
  isPrincipalList,
  makePolicy,
  type Policy,
  type PolicyDocument,
  PRINCIPAL_KINDS,
  type Statement,
  type StatementPrincipal,
} from '../model/policy.ts';

/**
 * The policy in canonical form: lists and statements sorted, repeated ones dropped. Two policies that say the same
 * in another order have the same canonical form.
 */
export function canonicalPolicy(policy: PolicyDocument): Policy {
  const texts = new Map(
    policy.Statement.map((statement) => {
      const canonical = canonicalStatement(statement);
      return [JSON.stringify(canonical), canonical] as const;
    }),
  );
  return makePolicy([...texts.keys()].sort().map((text) => texts.get(text)!));
}

/** Whether two policies say the same, whatever the order of their statements and values. */
export function equalPolicies(a: PolicyDocument, b: PolicyDocument): boolean {
  return JSON.stringify(canonicalPolicy(a)) === JSON.stringify(canonicalPolicy(b));
}

/** A statement with its lists sorted; actions keep their spelling. */
export function canonicalStatement(statement: Statement): Statement {
  const { Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition } = statement;
  return {
    Effect,
    ...(Principal === undefined ? {} : { Principal: canonicalPrincipal(Principal) }),
    ...(NotPrincipal === undefined ? {} : { NotPrincipal: canonicalPrincipal(NotPrincipal) }),
    ...(Action === undefined ? {} : { Action: sorted(Action) }),
    ...(NotAction === undefined ? {} : { NotAction: sorted(NotAction) }),
    ...(Resource === undefined ? {} : { Resource: sorted(Resource) }),
    ...(NotResource === undefined ? {} : { NotResource: sorted(NotResource) }),
    ...(Condition === undefined || Object.keys(Condition).length === 0
      ? {}
      : {
          Condition: sortedEntries(Condition, (keys) => sortedEntries(keys, sorted)),
        }),
  };
}

function canonicalPrincipal(principal: StatementPrincipal): StatementPrincipal {
  if (isPrincipalList(principal)) return sorted(principal);
  return Object.fromEntries(
    PRINCIPAL_KINDS.flatMap((kind) =>
      principal[kind] === undefined ? [] : [[kind, sorted(principal[kind])]],
    ),
  );
}

function sorted(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}

function sortedEntries<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(
    Object.keys(record)
      .sort()
      .map((key) => [key, map(record[key]!)]),
  );
}
