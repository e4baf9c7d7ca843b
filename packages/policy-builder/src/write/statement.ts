import { PolicyError } from '../errors.ts';
import { CONDITION_OPERATORS, type ConditionOperator, parseOperator } from '../model/condition-operators.ts';
import type { ConditionBlock, Effect, Statement, StatementPrincipal } from '../model/policy.ts';
import { nearestName } from '../read/suggest.ts';
import { type Principal, principalElement } from './principal.ts';
import type {
  ActionPattern,
  CheckResources,
  ConditionsFor,
  ConditionValue,
  OtherKeys,
  ResourceTypesOf,
} from './types.ts';

/** What a statement has been given, as the compiler tracks it: `policy(…)` wants a resource, `trustPolicy(…)` a principal. */
export interface WithResource {
  readonly Resource: readonly string[];
}
export interface WithNotResource {
  readonly NotResource: readonly string[];
}
export interface WithPrincipal {
  readonly Principal: StatementPrincipal;
}
export interface WithNotPrincipal {
  readonly NotPrincipal: StatementPrincipal;
}

/**
 * A statement: plain, frozen data with methods that return a longer statement. The methods are not enumerable.
 *
 * @typeParam Actions the actions it covers, which settle what resources it takes
 * @typeParam Given what it has been given so far
 */
export type StatementBuilder<Actions = ActionPattern, Given = unknown> = Statement &
  Given & {
    /**
     * The resources, by template (`kms.key({ … })`) or as text. One that none of the actions works on is a type
     * error where the compiler can tell.
     */
    on<const R extends readonly string[]>(
      ...resources: R & CheckResources<R, ResourceTypesOf<Actions>>
    ): StatementBuilder<Actions, Given & WithResource>;
    /** Every resource but these. */
    notResources(...resources: string[]): StatementBuilder<Actions, Given & WithNotResource>;
    /** Every action but these; for a statement begun without actions: `allow().notActions('ram:*')`. */
    notActions(...actions: ActionPattern[]): StatementBuilder<'*', Given>;
    /**
     * A condition. Conditions of several calls must all hold; of several values of a key one must match.
     *
     * @throws PolicyError `InvalidArgument` for an operator RAM does not have
     */
    when<const Operator extends ConditionOperator>(
      operator: Operator,
      conditions: ConditionsFor<Operator>,
    ): StatementBuilder<Actions, Given>;
    when(operator: ConditionOperator, conditions: OtherKeys): StatementBuilder<Actions, Given>;
    /** Whom a trust or bucket policy speaks of. */
    to(...principals: (Principal | string)[]): StatementBuilder<Actions, Given & WithPrincipal>;
    /** Everybody but these. */
    notTo(...principals: (Principal | string)[]): StatementBuilder<Actions, Given & WithNotPrincipal>;
  };

/** Begins a statement that allows the actions. */
export function allow<const A extends readonly ActionPattern[]>(...actions: A): StatementBuilder<A[number]> {
  return begin('Allow', actions) as unknown as StatementBuilder<A[number]>;
}

/** Begins a statement that denies the actions, whatever else allows them. */
export function deny<const A extends readonly ActionPattern[]>(...actions: A): StatementBuilder<A[number]> {
  return begin('Deny', actions) as unknown as StatementBuilder<A[number]>;
}

/** Condition keys of services that the catalogue does not have: `.when('StringEquals', otherKeys({ 'rds:…': '…' }))`. */
export function otherKeys(
  conditions: Readonly<Record<string, ConditionValue | readonly ConditionValue[]>>,
): OtherKeys {
  return conditions as OtherKeys;
}

function begin(effect: Effect, actions: readonly string[]): Statement {
  return builder(actions.length === 0 ? { Effect: effect } : { Effect: effect, Action: [...actions] });
}

function builder(statement: Statement): Statement {
  const add = (element: Partial<Statement>): Statement => builder({ ...statement, ...element });
  const methods = {
    on: (...resources: string[]) => add({ Resource: [...(statement.Resource ?? []), ...resources] }),
    notResources: (...resources: string[]) =>
      add({ NotResource: [...(statement.NotResource ?? []), ...resources] }),
    notActions: (...actions: string[]) => add({ NotAction: [...(statement.NotAction ?? []), ...actions] }),
    when: (operator: string, conditions: Conditions) =>
      add({ Condition: withCondition(statement.Condition ?? {}, operator, conditions) }),
    to: (...principals: (Principal | string)[]) =>
      add({ Principal: principalElement(principals, statement.Principal) }),
    notTo: (...principals: (Principal | string)[]) =>
      add({ NotPrincipal: principalElement(principals, statement.NotPrincipal) }),
  };
  const hidden = Object.fromEntries(Object.entries(methods).map(([name, value]) => [name, { value }]));
  return Object.freeze(Object.defineProperties({ ...statement }, hidden));
}

type Conditions = Readonly<Record<string, ConditionValue | readonly ConditionValue[] | undefined>>;

function withCondition(block: ConditionBlock, operator: string, conditions: Conditions): ConditionBlock {
  if (parseOperator(operator) === undefined) {
    const nearest = nearestName(operator, Object.keys(CONDITION_OPERATORS));
    throw new PolicyError(
      'InvalidArgument',
      `RAM has no condition operator ${operator}.${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`,
    );
  }
  const keys = new Map(Object.entries(block[operator] ?? {}));
  for (const [key, value] of Object.entries(conditions)) {
    if (value === undefined) continue;
    const values = (Array.isArray(value) ? value : [value]) as readonly ConditionValue[];
    keys.set(key, [...(keys.get(key) ?? []), ...values.map(conditionText)]);
  }
  return { ...block, [operator]: Object.fromEntries(keys) };
}

/** RAM writes every value as a string; dates in ISO 8601, without fractions of a second. */
function conditionText(value: ConditionValue): string {
  if (!(value instanceof Date)) return String(value);
  if (Number.isNaN(value.getTime()))
    throw new PolicyError('InvalidArgument', 'The Date of a condition is invalid.');
  return value.toISOString().replace(/\.\d{3}Z$/, 'Z');
}
