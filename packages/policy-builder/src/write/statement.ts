import { PolicyError } from '../errors.ts';
import type { ConditionOperator } from '../model/condition-operators.ts';
import { CONDITION_OPERATORS, parseOperator } from '../model/condition-operators.ts';
import type { Effect, Statement } from '../model/policy.ts';
import { nearestName } from '../read/suggest.ts';
import { type Principal, principalElement } from './principal.ts';

export type ConditionValue = string | number | boolean | Date;

/** A statement under construction: plain data, with methods that return a longer statement. */
export interface StatementBuilder extends Statement {
  on(...resources: readonly string[]): StatementBuilder;
  notResources(...resources: readonly string[]): StatementBuilder;
  notActions(...actions: readonly string[]): StatementBuilder;
  when(
    operator: ConditionOperator,
    conditions: Readonly<Record<string, ConditionValue | readonly ConditionValue[]>>,
  ): StatementBuilder;
  to(...principals: readonly (Principal | string)[]): StatementBuilder;
  notTo(...principals: readonly (Principal | string)[]): StatementBuilder;
}

/** Begins a statement that allows the actions. */
export function allow(...actions: readonly string[]): StatementBuilder {
  return begin('Allow', actions);
}

/** Begins a statement that denies the actions, whatever else allows them. */
export function deny(...actions: readonly string[]): StatementBuilder {
  return begin('Deny', actions);
}

function begin(effect: Effect, actions: readonly string[]): StatementBuilder {
  return builder(actions.length === 0 ? { Effect: effect } : { Effect: effect, Action: [...actions] });
}

function builder(statement: Statement): StatementBuilder {
  const add = (element: Partial<Statement>): StatementBuilder => builder({ ...statement, ...element });
  const methods: Omit<StatementBuilder, keyof Statement> = {
    on: (...resources) => add({ Resource: [...(statement.Resource ?? []), ...resources] }),
    notResources: (...resources) => add({ NotResource: [...(statement.NotResource ?? []), ...resources] }),
    notActions: (...actions) => add({ NotAction: [...(statement.NotAction ?? []), ...actions] }),
    when: (operator, conditions) => add({ Condition: withCondition(statement, operator, conditions) }),
    to: (...principals) => add({ Principal: principalElement(principals) }),
    notTo: (...principals) => add({ NotPrincipal: principalElement(principals) }),
  };
  const hidden = Object.fromEntries(Object.entries(methods).map(([name, value]) => [name, { value }]));
  return Object.freeze(Object.defineProperties({ ...statement }, hidden)) as StatementBuilder;
}

function withCondition(
  statement: Statement,
  operator: string,
  conditions: Readonly<Record<string, ConditionValue | readonly ConditionValue[]>>,
): NonNullable<Statement['Condition']> {
  if (parseOperator(operator) === undefined) {
    const nearest = nearestName(operator, Object.keys(CONDITION_OPERATORS));
    throw new PolicyError(
      'INVALID_ARGUMENT',
      `RAM has no condition operator ${operator}.${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`,
    );
  }
  const keys: Record<string, readonly string[]> = { ...statement.Condition?.[operator] };
  for (const [key, value] of Object.entries(conditions)) {
    const values = (Array.isArray(value) ? value : [value]) as readonly ConditionValue[];
    keys[key] = [...(keys[key] ?? []), ...values.map(conditionText)];
  }
  return { ...statement.Condition, [operator]: keys };
}

/** RAM writes every value as a string; dates in ISO 8601, without fractions of a second. */
function conditionText(value: ConditionValue): string {
  if (value instanceof Date) return value.toISOString().replace(/\.\d{3}Z$/, 'Z');
  return String(value);
}
