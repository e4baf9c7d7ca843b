/**
 * The policy model: the RAM policy language as plain, frozen data.
 *
 * The shape is RAM's own JSON with one simplification: wherever RAM accepts one value or a list, the model
 * holds a list. {@link policyToJson} writes the short form back.
 *
 * Source: "Policy structure and syntax" and "Policy elements" of the RAM documentation.
 */

export type Effect = 'Allow' | 'Deny';

/** Who a trust policy speaks of. */
export interface PrincipalMap {
  /** Alibaba Cloud accounts (`acs:ram::<account>:root`), RAM users and RAM roles, as ARNs. */
  readonly RAM?: readonly string[] | undefined;
  /** Services, e.g. `ecs.aliyuncs.com` or `<account>@ecs.aliyuncs.com`. */
  readonly Service?: readonly string[] | undefined;
  /** Identity providers, as ARNs. */
  readonly Federated?: readonly string[] | undefined;
}

/** A trust policy names principals by kind; a bucket policy lists UIDs, session ARNs or `*`. */
export type StatementPrincipal = PrincipalMap | readonly string[];

/** Operator, then condition key, then the values of which one must match. */
export type ConditionBlock = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

export interface Statement {
  readonly Effect: Effect;
  readonly Principal?: StatementPrincipal | undefined;
  readonly NotPrincipal?: StatementPrincipal | undefined;
  readonly Action?: readonly string[] | undefined;
  readonly NotAction?: readonly string[] | undefined;
  readonly Resource?: readonly string[] | undefined;
  readonly NotResource?: readonly string[] | undefined;
  readonly Condition?: ConditionBlock | undefined;
}

export interface PolicyDocument {
  readonly Version: '1';
  readonly Statement: readonly Statement[];
}

/** A policy document that knows how to write itself. The two methods are not enumerable. */
export interface Policy extends PolicyDocument {
  /** Canonical RAM JSON; what `JSON.stringify` uses. */
  toJSON(): PolicyJson;
  /** The canonical JSON as indented text. */
  toString(): string;
}

/** RAM's JSON as it is written: one value where there is one. */
export interface PolicyJson {
  readonly Version: '1';
  readonly Statement: readonly Readonly<Record<string, unknown>>[];
}

/** The elements of a statement, in the order in which canonical JSON has them. */
export const STATEMENT_ELEMENTS = [
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
] as const satisfies readonly (keyof Statement)[];

/** The kinds of principal in a trust policy, in canonical order. */
export const PRINCIPAL_KINDS = [
  'RAM',
  'Service',
  'Federated',
] as const satisfies readonly (keyof PrincipalMap)[];

const policies = new WeakSet<object>();

/** Whether `value` was made by {@link makePolicy}, and so is valid and frozen. */
export function isPolicy(value: unknown): value is Policy {
  return typeof value === 'object' && value !== null && policies.has(value);
}

/** Freezes freshly decoded statements into a {@link Policy}. */
export function makePolicy(statements: readonly Statement[]): Policy {
  const document: PolicyDocument = { Version: '1', Statement: Object.freeze(statements.map(plainStatement)) };
  const made = Object.defineProperties(document, {
    toJSON: { value: () => policyToJson(document) },
    toString: { value: () => JSON.stringify(policyToJson(document), null, 2) },
  }) as Policy;
  policies.add(made);
  return Object.freeze(made);
}

/** A frozen copy with the elements in canonical order and nothing but them. */
function plainStatement(statement: Statement): Statement {
  const copy: Record<string, unknown> = {};
  for (const element of STATEMENT_ELEMENTS) {
    const value = statement[element];
    if (value !== undefined) copy[element] = deepFreeze(value);
  }
  return Object.freeze(copy) as unknown as Statement;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}

/**
 * Canonical RAM JSON: elements in a fixed order, repeated values dropped, a list of one written as the value
 * itself (a bucket policy's Principal stays a list, the only form its documentation has).
 */
export function policyToJson(policy: PolicyDocument): PolicyJson {
  return { Version: '1', Statement: policy.Statement.map(statementToJson) };
}

function statementToJson(statement: Statement): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const element of STATEMENT_ELEMENTS) {
    const value = statement[element];
    if (value === undefined) continue;
    if (element === 'Effect') json[element] = value;
    else if (element === 'Principal' || element === 'NotPrincipal')
      json[element] = principalToJson(value as StatementPrincipal);
    else if (element === 'Condition') json[element] = conditionToJson(value as ConditionBlock);
    else json[element] = oneOrMany(value as readonly string[]);
  }
  return json;
}

function principalToJson(principal: StatementPrincipal): unknown {
  if (isPrincipalList(principal)) return [...new Set(principal)];
  const json: Record<string, unknown> = {};
  for (const kind of PRINCIPAL_KINDS) {
    const names = principal[kind];
    if (names !== undefined) json[kind] = oneOrMany(names);
  }
  return json;
}

function conditionToJson(condition: ConditionBlock): Record<string, unknown> {
  return mapValues(condition, (keys) => mapValues(keys, oneOrMany));
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

function oneOrMany(values: readonly string[]): string | string[] {
  const distinct = [...new Set(values)];
  return distinct.length === 1 ? distinct[0]! : distinct;
}

/** Whether a principal is a bucket policy's list rather than a trust policy's map. */
export function isPrincipalList(principal: StatementPrincipal): principal is readonly string[] {
  return Array.isArray(principal);
}
