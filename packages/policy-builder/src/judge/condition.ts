import {
  operatorHolds,
  type ParsedOperator,
  parseOperator,
  type ValueTest,
  valueTest,
} from '../model/condition-operators.ts';
import type { ConditionBlock } from '../model/policy.ts';

/** Condition keys and what the request holds for them. */
export type RequestContext = Readonly<Record<string, string | readonly string[]>>;

/** One operator on one key, prepared for any number of requests. */
export interface Condition {
  readonly operatorName: string;
  /** Undefined for a name RAM does not have: such a condition never holds. */
  readonly operator: ParsedOperator | undefined;
  readonly key: string;
  readonly expected: readonly string[];
  readonly tests: readonly ValueTest[];
}

/** The conditions of a block, all of which must hold. */
export function prepareConditions(block: ConditionBlock | undefined): Condition[] {
  const conditions: Condition[] = [];
  for (const [operatorName, keys] of Object.entries(block ?? {})) {
    const operator = parseOperator(operatorName);
    for (const [key, expected] of Object.entries(keys)) {
      const tests = operator === undefined ? [] : expected.map((value) => valueTest(operator.base, value));
      conditions.push({ operatorName, operator, key, expected, tests });
    }
  }
  return conditions;
}

export function conditionHolds(condition: Condition, context: RequestContext): boolean {
  const { operator } = condition;
  if (operator === undefined) return false;
  return operatorHolds(operator, condition.tests, contextValues(context, condition.key));
}

/**
 * What the request holds for a key. The part before the first `/` is compared without case when there is no
 * exact hit; what follows it is a tag key, and case counts there.
 */
export function contextValues(context: RequestContext, key: string): readonly string[] | undefined {
  if (Object.hasOwn(context, key)) return asList(context[key]);
  const folded = foldKey(key);
  for (const name of Object.keys(context)) {
    if (name.length === key.length && foldKey(name) === folded) return asList(context[name]);
  }
  return undefined;
}

function foldKey(key: string): string {
  const slash = key.indexOf('/');
  return slash < 0 ? key.toLowerCase() : key.slice(0, slash).toLowerCase() + key.slice(slash);
}

function asList(value: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof value === 'string' ? [value] : value;
}
