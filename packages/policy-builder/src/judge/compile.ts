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
 * @throws PolicyError `INVALID_POLICY` when a policy is not one
 */
export function compilePolicies(policies: PolicySet): CompiledPolicies {
  const callerIsRamIdentity = hasIdentity(policies);
  const layers = new Map<PolicySource, Layer>();
  for (const prepared of preparePolicySet(policies)) {
    const layer: Layer = layers.get(prepared.source) ?? {
      source: prepared.source,
      statements: [],
      byAction: new Map(),
    };
    for (const statement of prepared.statements)
      layer.statements.push(compileStatement(statement, prepared.source));
    layers.set(prepared.source, layer);
  }
  const present = POLICY_SOURCES.filter((source) => layers.has(source));

  return (request) => {
    const resource = splitResource(request.resource);
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
  readonly resource: (resource: SplitResource) => boolean;
  readonly namesPrincipal: boolean;
  readonly conditions: readonly Condition[];
}

function compileStatement(
  { statement, conditions }: PreparedStatement,
  source: PolicySource,
): CompiledStatement {
  return {
    statement,
    resource: compileResources(statement, source),
    namesPrincipal:
      source === 'resource' || statement.Principal !== undefined || statement.NotPrincipal !== undefined,
    conditions,
  };
}

function compileResources(statement: Statement, source: PolicySource): (resource: SplitResource) => boolean {
  const patterns = statement.Resource ?? statement.NotResource;
  if (patterns === undefined) return () => source === 'resource';
  const tests = patterns.map(compileResource);
  const [only] = tests;
  const matches =
    tests.length === 1
      ? only!
      : (resource: SplitResource) => {
          for (const test of tests) if (test(resource)) return true;
          return false;
        };
  return statement.Resource === undefined ? (resource) => !matches(resource) : matches;
}

function decideLayer(layer: Layer, request: AccessRequest, resource: SplitResource): Decision {
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
  resource: SplitResource,
): boolean {
  if (!compiled.resource(resource)) return false;
  if (compiled.namesPrincipal && !principalFits(compiled.statement, source, request)) return false;
  for (const condition of compiled.conditions)
    if (!conditionHolds(condition, request.context ?? NO_CONTEXT)) return false;
  return true;
}
