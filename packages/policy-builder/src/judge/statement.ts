import { PolicyError } from '../errors.ts';
import type { Policy, Statement } from '../model/policy.ts';
import { type Condition, conditionHolds, prepareConditions, type RequestContext } from './condition.ts';
import {
  actionMatches,
  ownerIsExempt,
  principalMatches,
  type RequestPrincipal,
  resourceMatches,
} from './match.ts';

/** What is asked for. */
export interface AccessRequest {
  /** `<service>:<operation>`, e.g. `kms:Decrypt`. */
  readonly action: string;
  /** The resource's ARN. */
  readonly resource: string;
  /** Who asks; needed where a resource policy is judged. Absent for an anonymous caller. */
  readonly principal?: RequestPrincipal | undefined;
  /** Condition keys of the request. */
  readonly context?: RequestContext | undefined;
}

/** @throws PolicyError `InvalidArgument` when the request does not say what is asked for */
export function checkRequest(request: AccessRequest): void {
  if (typeof request.action !== 'string' || typeof request.resource !== 'string')
    throw new PolicyError(
      'InvalidArgument',
      'A request needs an action such as "kms:Decrypt" and the ARN of a resource ("*" where there is none).',
    );
}

/** Which kind of policy a statement comes from; resource-based ones name principals. */
export type PolicySource = 'control' | 'session' | 'identity' | 'group' | 'resourceGroup' | 'resource';

/** A policy made ready for judging. */
export interface PreparedPolicy {
  readonly source: PolicySource;
  /** What explanations call it. */
  readonly name: string;
  readonly policy: Policy;
  readonly statements: readonly PreparedStatement[];
}

export interface PreparedStatement {
  readonly statement: Statement;
  readonly conditions: readonly Condition[];
}

export function prepareStatements(policy: Policy): PreparedStatement[] {
  return policy.Statement.map((statement) => ({
    statement,
    conditions: prepareConditions(statement.Condition),
  }));
}

/** Whether every element of the statement fits the request. */
export function statementMatches(
  prepared: PreparedStatement,
  source: PolicySource,
  request: AccessRequest,
): boolean {
  const { statement } = prepared;
  return (
    actionFits(statement, request.action) &&
    resourceFits(statement, source, request.resource) &&
    principalFits(statement, source, request) &&
    prepared.conditions.every((condition) => conditionHolds(condition, request.context ?? {}))
  );
}

export function actionFits(statement: Statement, action: string): boolean {
  if (statement.Action !== undefined)
    return statement.Action.some((pattern) => actionMatches(pattern, action));
  return (
    statement.NotAction !== undefined &&
    !statement.NotAction.some((pattern) => actionMatches(pattern, action))
  );
}

/** A trust policy's statements have no resource: they stand on the role itself. */
export function resourceFits(statement: Statement, source: PolicySource, resource: string): boolean {
  if (statement.Resource !== undefined)
    return statement.Resource.some((pattern) => resourceMatches(pattern, resource));
  if (statement.NotResource !== undefined)
    return !statement.NotResource.some((pattern) => resourceMatches(pattern, resource));
  return source === 'resource';
}

/** A resource policy's statement must name who; an identity policy speaks of the identity that has it. */
export function principalFits(statement: Statement, source: PolicySource, request: AccessRequest): boolean {
  if (ownerIsExempt(statement, request.principal, request.resource)) return false;
  if (statement.Principal !== undefined) return principalMatches(statement.Principal, request.principal);
  if (statement.NotPrincipal !== undefined)
    return !principalMatches(statement.NotPrincipal, request.principal);
  return source !== 'resource';
}
