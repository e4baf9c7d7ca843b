import type { Statement } from '../model/policy.ts';
import { type Condition, conditionHolds } from './condition.ts';
import {
  type Decision,
  decide,
  hasIdentity,
  POLICY_SOURCES,
  type PolicySet,
  preparePolicySet,
} from './evaluate.ts';
import { compileResource, type SplitResource, splitResource } from './pattern.ts';
import {
  type AccessRequest,
  actionFits,
  checkRequest,
  type PolicySource,
  type PreparedStatement,
  principalFits,
} from './statement.ts';

/** Decides requests against one set of policies. */
export type CompiledPolicies = (request: AccessRequest) => Decision;

/** Actions whose statements are remembered; a caller that makes up actions cannot fill the memory. */
const MAX_REMEMBERED_ACTIONS = 4096;

/**
 * Makes policies ready for deciding many requests: the same decisions as `evaluate`, without explanations.
 *
 * Statements that speak of an action are found once per action; what is left for each request is to compare
 * resources, principals and conditions of those.
 *
 * @throws PolicyError `InvalidPolicy` when a policy is not one
 */
export function compilePolicies(policies: PolicySet): CompiledPolicies {
  const callerIsRamIdentity = hasIdentity(policies);
  const layers = new Map<PolicySource, Layer>();
  const patterns = new Map<string, SharedPattern>();
  for (const prepared of preparePolicySet(policies)) {
    const layer: Layer = layers.get(prepared.source) ?? {
      source: prepared.source,
      statements: [],
      byAction: new Map(),
    };
    for (const statement of prepared.statements)
      layer.statements.push(compileStatement(statement, prepared.source, patterns));
    layers.set(prepared.source, layer);
  }
  const present = POLICY_SOURCES.filter((source) => layers.has(source));

  let requests = 0;
  return (request) => {
    checkRequest(request);
    const resource: AskedResource = { resource: splitResource(request.resource), request: requests++ };
    // Identity policies alone are the common case and need no more than their own word.
    if (present.length === 1 && present[0] === 'identity' && !ASSUMES_ROLE.test(request.action))
      return decideLayer(layers.get('identity')!, request, resource);
    return decide(callerIsRamIdentity, request.action, (source) => {
      const layer = layers.get(source);
      return layer === undefined ? undefined : decideLayer(layer, request, resource);
    }).decision;
  };
}

const ASSUMES_ROLE = /^sts:assumerole/i;

interface Layer {
  readonly source: PolicySource;
  readonly statements: CompiledStatement[];
  readonly byAction: Map<string, { readonly deny: CompiledStatement[]; readonly allow: CompiledStatement[] }>;
}

interface CompiledStatement {
  readonly statement: Statement;
  /** Undefined when the statement names no resource, which suits a resource's own policy only. */
  readonly resources: readonly SharedPattern[] | undefined;
  /** Whether it covers every resource but those (NotResource). */
  readonly excepted: boolean;
  readonly namesPrincipal: boolean;
  readonly conditions: readonly Condition[];
}

function compileStatement(
  { statement, conditions }: PreparedStatement,
  source: PolicySource,
  patterns: Map<string, SharedPattern>,
): CompiledStatement {
  const resources = statement.Resource ?? statement.NotResource;
  return {
    statement,
    resources: resources?.map((text) => sharedPattern(patterns, text)),
    excepted: statement.Resource === undefined,
    namesPrincipal:
      source === 'resource' || statement.Principal !== undefined || statement.NotPrincipal !== undefined,
    conditions,
  };
}

/**
 * A resource pattern, compared once a request however many statements have it. `request` is the number of the
 * request that `answer` belongs to.
 */
interface SharedPattern {
  readonly test: (resource: SplitResource) => boolean;
  request: number;
  answer: boolean;
}

function sharedPattern(patterns: Map<string, SharedPattern>, text: string): SharedPattern {
  let pattern = patterns.get(text);
  if (pattern === undefined) {
    pattern = { test: compileResource(text), request: -1, answer: false };
    patterns.set(text, pattern);
  }
  return pattern;
}

function coversResource(patterns: readonly SharedPattern[], asked: AskedResource): boolean {
  for (const pattern of patterns) {
    if (pattern.request !== asked.request) {
      pattern.request = asked.request;
      pattern.answer = pattern.test(asked.resource);
    }
    if (pattern.answer) return true;
  }
  return false;
}

/** The resource of a request, and the request's number. */
interface AskedResource {
  readonly resource: SplitResource;
  readonly request: number;
}

function decideLayer(layer: Layer, request: AccessRequest, resource: AskedResource): Decision {
  const { deny, allow } = statementsFor(layer, request.action);
  for (const statement of deny)
    if (matches(statement, layer.source, request, resource)) return 'ExplicitDeny';
  for (const statement of allow) if (matches(statement, layer.source, request, resource)) return 'Allow';
  return 'ImplicitDeny';
}

function statementsFor(layer: Layer, action: string) {
  let found = layer.byAction.get(action);
  if (found === undefined) {
    const fitting = layer.statements.filter(({ statement }) => actionFits(statement, action));
    found = {
      deny: fitting.filter(({ statement }) => statement.Effect === 'Deny'),
      allow: fitting.filter(({ statement }) => statement.Effect === 'Allow'),
    };
    if (layer.byAction.size >= MAX_REMEMBERED_ACTIONS) layer.byAction.clear();
    layer.byAction.set(action, found);
  }
  return found;
}

const NO_CONTEXT = Object.freeze({});

function matches(
  compiled: CompiledStatement,
  source: PolicySource,
  request: AccessRequest,
  resource: AskedResource,
): boolean {
  if (
    compiled.resources === undefined
      ? source !== 'resource'
      : coversResource(compiled.resources, resource) === compiled.excepted
  )
    return false;
  if (compiled.namesPrincipal && !principalFits(compiled.statement, source, request)) return false;
  for (const condition of compiled.conditions)
    if (!conditionHolds(condition, request.context ?? NO_CONTEXT)) return false;
  return true;
}
