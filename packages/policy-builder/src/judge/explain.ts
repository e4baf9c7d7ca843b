import {
  isPrincipalList,
  PRINCIPAL_KINDS,
  type Statement,
  type StatementPrincipal,
} from '../model/policy.ts';
import { type Condition, conditionHolds, contextValues } from './condition.ts';
import type { Verdict } from './evaluate.ts';
import { actionMatches, ownerIsExempt, type RequestPrincipal, resourceMatches } from './match.ts';
import {
  type AccessRequest,
  actionFits,
  type PolicySource,
  type PreparedPolicy,
  principalFits,
  resourceFits,
} from './statement.ts';

/** Why one element of a statement did or did not fit the request. */
export interface ElementExplanation {
  readonly fits: boolean;
  /** The pattern that fitted; absent when none did. */
  readonly pattern?: string | undefined;
  /** A clause for a person. */
  readonly because: string;
}

export interface ConditionExplanation {
  readonly operator: string;
  readonly key: string;
  readonly expected: readonly string[];
  /** What the request holds; undefined when it does not have the key. */
  readonly actual: readonly string[] | undefined;
  readonly holds: boolean;
}

export interface StatementExplanation {
  readonly source: PolicySource;
  /** Name of the policy. */
  readonly policy: string;
  /** 1-based place of the statement in its policy. */
  readonly statement: number;
  readonly effect: 'Allow' | 'Deny';
  readonly matched: boolean;
  readonly action: ElementExplanation;
  readonly resource: ElementExplanation;
  readonly principal: ElementExplanation;
  readonly conditions: readonly ConditionExplanation[];
  /** One sentence that says all of the above. */
  readonly because: string;
}

export interface Explanation {
  /** The sentence a person needs. */
  readonly summary: string;
  /** The sources that settled it. */
  readonly decidedBy: readonly PolicySource[];
  /** Statements that matched and settled it; empty for an implicit deny. */
  readonly decisive: readonly StatementExplanation[];
  /** For an implicit deny: the Allow statement that came nearest, if any came near. */
  readonly closest?: StatementExplanation | undefined;
  /** Every statement that was looked at, in order. */
  readonly statements: readonly StatementExplanation[];
  /** The summary, so that an explanation can stand in a message. */
  toString(): string;
}

/** Puts a verdict into words. */
export function explainDecision(
  verdict: Verdict,
  policies: readonly PreparedPolicy[],
  request: AccessRequest,
): Explanation {
  const statements = policies.flatMap((policy) =>
    policy.statements.map((prepared, index) => explainStatement(policy, prepared, index, request)),
  );
  const wanted = verdict.decision === 'Allow' ? 'Allow' : 'Deny';
  const decisive =
    verdict.decision === 'ImplicitDeny'
      ? []
      : statements.filter(
          (statement) =>
            statement.matched && statement.effect === wanted && verdict.decidedBy.includes(statement.source),
        );
  const closest =
    verdict.decision === 'ImplicitDeny' ? closestAllow(statements, verdict.decidedBy) : undefined;
  const summary = summarize(verdict, policies, request, decisive, closest);
  const explanation = {
    summary,
    decidedBy: verdict.decidedBy,
    decisive,
    ...(closest === undefined ? {} : { closest }),
    statements,
  };
  return Object.defineProperty(explanation, 'toString', { value: () => summary });
}

function explainStatement(
  policy: PreparedPolicy,
  prepared: { readonly statement: Statement; readonly conditions: readonly Condition[] },
  index: number,
  request: AccessRequest,
): StatementExplanation {
  const { statement } = prepared;
  const action = explainAction(statement, request.action);
  const resource = explainResource(statement, policy.source, request.resource);
  const principal = explainPrincipal(statement, policy.source, request);
  const context = request.context ?? {};
  const conditions = prepared.conditions.map((condition) => ({
    operator: condition.operatorName,
    key: condition.key,
    expected: condition.expected,
    actual: contextValues(context, condition.key),
    holds: conditionHolds(condition, context),
  }));
  const failed = [
    ...[action, resource, principal].filter((element) => !element.fits).map((element) => element.because),
    ...conditions.filter((condition) => !condition.holds).map(describeConditionFailure),
  ];
  const matched = failed.length === 0;
  const fitted = [action, resource, principal].map((element) => element.because);
  return {
    source: policy.source,
    policy: policy.name,
    statement: index + 1,
    effect: statement.Effect,
    matched,
    action,
    resource,
    principal,
    conditions,
    because: matched
      ? `it matches: ${[...fitted, ...conditions.map(describeConditionSuccess)].filter(Boolean).join(', ')}`
      : `it does not match: ${failed.join('; ')}`,
  };
}

function explainAction(statement: Statement, action: string): ElementExplanation {
  const fits = actionFits(statement, action);
  const patterns = statement.Action ?? statement.NotAction ?? [];
  const pattern = patterns.find((candidate) => actionMatches(candidate, action));
  if (statement.Action !== undefined)
    return fits
      ? { fits, pattern, because: `action ${pattern} covers ${action}` }
      : { fits, because: `its actions (${listed(patterns)}) do not cover ${action}` };
  return fits
    ? { fits, because: `${action} is not among its exceptions (${listed(patterns)})` }
    : { fits, pattern, because: `${action} is excepted by NotAction ${pattern ?? '(absent)'}` };
}

function explainResource(statement: Statement, source: PolicySource, resource: string): ElementExplanation {
  const fits = resourceFits(statement, source, resource);
  const patterns = statement.Resource ?? statement.NotResource;
  if (patterns === undefined)
    return { fits, because: fits ? 'it stands on the resource itself' : 'it names no resource' };
  const pattern = patterns.find((candidate) => resourceMatches(candidate, resource));
  if (statement.Resource !== undefined)
    return fits
      ? { fits, pattern, because: `resource ${pattern} covers ${resource}` }
      : { fits, because: `its resources (${listed(patterns)}) do not cover ${resource}` };
  return fits
    ? { fits, because: `${resource} is not among its excepted resources (${listed(patterns)})` }
    : { fits, pattern, because: `${resource} is excepted by NotResource ${pattern}` };
}

function explainPrincipal(
  statement: Statement,
  source: PolicySource,
  request: AccessRequest,
): ElementExplanation {
  const fits = principalFits(statement, source, request);
  const element = statement.Principal ?? statement.NotPrincipal;
  const who = describePrincipal(request.principal);
  if (element === undefined) return { fits, because: fits ? '' : 'it names no principal' };
  if (ownerIsExempt(statement, request.principal, request.resource))
    return { fits, because: 'a statement for everybody without a condition does not bind the bucket owner' };
  const names = listed(principalNames(element));
  if (statement.Principal !== undefined)
    return {
      fits,
      because: fits ? `principal ${names} covers ${who}` : `its principals (${names}) do not cover ${who}`,
    };
  return {
    fits,
    because: fits ? `${who} is not among NotPrincipal ${names}` : `${who} is excepted by NotPrincipal`,
  };
}

function principalNames(element: StatementPrincipal): string[] {
  if (isPrincipalList(element)) return [...element];
  return PRINCIPAL_KINDS.flatMap((kind) => (element[kind] ?? []).map((name) => `${kind} ${name}`));
}

function describePrincipal(principal: RequestPrincipal | undefined): string {
  if (principal === undefined) return 'an anonymous caller';
  if ('ram' in principal) return principal.ram;
  return 'service' in principal ? `service ${principal.service}` : principal.federated;
}

function describeConditionFailure(condition: ConditionExplanation): string {
  const actual = condition.actual === undefined ? 'absent from the request' : listed(condition.actual);
  return `${describeRequirement(condition)} does not hold, ${condition.key} is ${actual}`;
}

function describeConditionSuccess(condition: ConditionExplanation): string {
  return `${describeRequirement(condition)} holds`;
}

function describeRequirement(condition: Pick<ConditionExplanation, 'operator' | 'key' | 'expected'>): string {
  return `${condition.operator} ${condition.key} ${listed(condition.expected)}`;
}

/** The Allow statement with the most that fits; an action that fits weighs most, then the resource. */
function closestAllow(
  statements: readonly StatementExplanation[],
  sources: readonly PolicySource[],
): StatementExplanation | undefined {
  let best: StatementExplanation | undefined;
  let bestScore = 0;
  for (const statement of statements) {
    if (statement.effect !== 'Allow' || statement.matched || !sources.includes(statement.source)) continue;
    if (!statement.action.fits && !statement.resource.fits) continue;
    const held = statement.conditions.filter((condition) => condition.holds).length;
    const score =
      (statement.action.fits ? 8 : 0) +
      (statement.resource.fits ? 4 : 0) +
      (statement.principal.fits ? 2 : 0) +
      (held === statement.conditions.length ? 1 : held / (statement.conditions.length + 1));
    if (score > bestScore) {
      best = statement;
      bestScore = score;
    }
  }
  return best;
}

function summarize(
  verdict: Verdict,
  policies: readonly PreparedPolicy[],
  request: AccessRequest,
  decisive: readonly StatementExplanation[],
  closest: StatementExplanation | undefined,
): string {
  const what = `${request.action} on ${request.resource}`;
  const first = decisive[0];
  if (verdict.decision === 'Allow') {
    const others = verdict.assumesRole
      ? decisive.filter((statement) => statement.source !== first?.source && statement.source === 'resource')
      : [];
    const also = others[0] === undefined ? '' : `, and ${nameOf(others[0])} trusts the caller`;
    return `allowed: ${nameOf(first!)} allows ${what}${withConditions(first!)}${also}`;
  }
  if (verdict.decision === 'ExplicitDeny')
    return `denied: ${nameOf(first!)} denies ${what}${withConditions(first!)}, and a deny outweighs every allow`;

  const ceiling = verdict.decidedBy.length === 1 ? verdict.decidedBy[0] : undefined;
  if (ceiling === 'control' || ceiling === 'session')
    return `denied: no statement of the ${ceiling} policies, which limit what all others may grant, allows ${what}${nearest(closest)}`;
  if (verdict.assumesRole && verdict.decidedBy.length > 0) {
    const trustSilent = verdict.decidedBy.includes('resource');
    const identitySilent = verdict.decidedBy.includes('identity');
    const who = describePrincipal(request.principal);
    if (trustSilent && !identitySilent)
      return `denied: the trust policy of ${request.resource} does not let ${who} assume it (both it and the identity's policies must)${nearest(closest)}`;
    if (identitySilent && !trustSilent)
      return `denied: the trust policy lets ${who} in, but no policy of the identity allows ${what} (both must)${nearest(closest)}`;
  }
  if (policies.length === 0) return `denied: no policy applies to ${what}`;
  return `denied: no statement allows ${what}${nearest(closest)}`;
}

function nearest(closest: StatementExplanation | undefined): string {
  if (closest === undefined) return '';
  const { action, resource, principal } = closest;
  const begin = `; the closest, ${nameOf(closest)}, `;
  if (!action.fits) return `${begin}covers the resource, but ${action.because}`;
  const limits: string[] = [];
  if (!resource.fits) limits.push(`only on other resources: ${resource.because}`);
  if (!principal.fits) limits.push(`only for others: ${principal.because}`);
  for (const condition of closest.conditions)
    if (!condition.holds) limits.push(`only when ${requirementInWords(condition)}`);
  return `${begin}allows ${action.pattern ?? 'it'} ${limits.join(' and ')}`;
}

function requirementInWords(condition: ConditionExplanation): string {
  const actual =
    condition.actual === undefined ? 'the request does not have it' : `it is ${listed(condition.actual)}`;
  return `${condition.key} ${operatorInWords(condition.operator)} ${condition.expected.join(' or ')} (${actual})`;
}

const OPERATOR_WORDS: readonly (readonly [RegExp, string])[] = [
  [/NotIpAddress/, 'is not in'],
  [/IpAddress/, 'is in'],
  [/NotLike/, 'is not like'],
  [/Like/, 'is like'],
  [/NotEquals/, 'is not'],
  [/DateLessThanEquals/, 'is no later than'],
  [/DateLessThan/, 'is before'],
  [/DateGreaterThanEquals/, 'is no earlier than'],
  [/DateGreaterThan/, 'is after'],
  [/LessThanEquals/, 'is at most'],
  [/LessThan/, 'is less than'],
  [/GreaterThanEquals/, 'is at least'],
  [/GreaterThan/, 'is more than'],
  [/Null/, 'is absent:'],
];

function operatorInWords(operator: string): string {
  return OPERATOR_WORDS.find(([pattern]) => pattern.test(operator))?.[1] ?? 'is';
}

function nameOf(statement: StatementExplanation): string {
  return `statement ${statement.statement} of ${statement.policy}`;
}

function withConditions(statement: StatementExplanation): string {
  if (statement.conditions.length === 0) return '';
  return ` because ${statement.conditions.map((condition) => requirementInWords(condition)).join(' and ')}`;
}

function listed(values: readonly string[]): string {
  if (values.length === 0) return 'none';
  const shown = values.slice(0, 4).join(', ');
  return values.length > 4 ? `${shown} and ${values.length - 4} more` : shown;
}
