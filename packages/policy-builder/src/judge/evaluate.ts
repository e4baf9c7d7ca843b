import { PolicyError } from '../errors.ts';
import { isPolicy, type PolicyDocument } from '../model/policy.ts';
import { decodePolicy } from '../read/decode-policy.ts';
import { type Explanation, explainDecision } from './explain.ts';
import {
  type AccessRequest,
  checkRequest,
  type PolicySource,
  type PreparedPolicy,
  type PreparedStatement,
  prepareStatements,
  statementMatches,
} from './statement.ts';

export type Decision = 'Allow' | 'ExplicitDeny' | 'ImplicitDeny';

/** A policy, or one with the name by which explanations should call it. */
export type PolicyInput = PolicyDocument | { readonly name: string; readonly document: PolicyDocument };

/** One policy or several. */
export type PolicyInputs = PolicyInput | readonly PolicyInput[];

/**
 * Every policy that has a say in a request. Leave out what does not exist; an empty list is the same as none,
 * but for `identity`, whose presence says that the caller is a RAM identity.
 */
export interface PolicySet {
  /** Attached to the RAM user or role. Absent when the caller is no RAM identity (a service, an IdP's user). */
  readonly identity?: PolicyInputs | undefined;
  /** Inherited from the user's groups. */
  readonly group?: PolicyInputs | undefined;
  /** On the resource: a role's trust policy or a bucket policy. */
  readonly resource?: PolicyInputs | undefined;
  /** Passed to AssumeRole: a ceiling on the session. */
  readonly session?: PolicyInputs | undefined;
  /** Of the resource directory: a ceiling on the member account. */
  readonly control?: PolicyInputs | undefined;
  /** Attached to the identity for the resource's resource group. */
  readonly resourceGroup?: PolicyInputs | undefined;
}

export interface Evaluation {
  readonly decision: Decision;
  /** Why; computed when it is first read. */
  readonly explain: Explanation;
}

/**
 * Decides a request as RAM does.
 *
 * Control and session policies are ceilings: anything but Allow from them ends it. Then identity policies (the
 * identity's own and its groups'; if they are silent, those for the resource group) and the resource's policy
 * are weighed together: an explicit deny wins, otherwise an allow from either is enough. To assume a role, both
 * must allow.
 *
 * @throws PolicyError `InvalidPolicy` when a policy is not one, `InvalidArgument` for a request without action or resource
 *
 * Source: "Policy evaluation process" and "Policy evaluation process of assuming a RAM role", RAM documentation.
 */
export function evaluate(policies: PolicySet, request: AccessRequest): Evaluation {
  checkRequest(request);
  const prepared = preparePolicySet(policies);
  const decision = decide(hasIdentity(policies), request.action, (source) =>
    decideLayer(prepared, source, request),
  );
  let explanation: Explanation | undefined;
  const evaluation: Evaluation = {
    decision: decision.decision,
    get explain() {
      explanation ??= explainDecision(decision, prepared, request);
      return explanation;
    },
  };
  return Object.defineProperty(evaluation, INSPECT, {
    value: () => ({ decision: evaluation.decision, explain: evaluation.explain }),
  });
}

/** Node.js prints what this method returns: the explanation, where it would print `[Getter]`. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** The step of the process that settled the decision. */
export interface Verdict {
  readonly decision: Decision;
  /** Sources whose word settled it; those that were silent, for an implicit deny. */
  readonly decidedBy: readonly PolicySource[];
  /** Whether the rule for assuming a role applied. */
  readonly assumesRole: boolean;
}

/** Sources in the order in which they are judged. */
export const POLICY_SOURCES: readonly PolicySource[] = [
  'control',
  'session',
  'identity',
  'group',
  'resourceGroup',
  'resource',
];

/**
 * The order of evaluation, apart from how statements are matched: the plain and the compiled evaluator share it.
 *
 * @param layer what the policies of a source say; undefined when there are none
 */
export function decide(
  callerIsRamIdentity: boolean,
  action: string,
  layer: (source: PolicySource) => Decision | undefined,
): Verdict {
  const assumesRole = /^sts:assumerole/i.test(action);
  for (const ceiling of ['control', 'session'] as const) {
    const decision = layer(ceiling);
    if (decision !== undefined && decision !== 'Allow')
      return { decision, decidedBy: [ceiling], assumesRole };
  }
  const resource = layer('resource') ?? 'ImplicitDeny';
  if (!callerIsRamIdentity) return { decision: resource, decidedBy: ['resource'], assumesRole };

  const account = strongest(layer('identity'), layer('group'));
  const identity = account === 'ImplicitDeny' ? (layer('resourceGroup') ?? 'ImplicitDeny') : account;
  const identitySources: readonly PolicySource[] =
    account === 'ImplicitDeny' && identity !== 'ImplicitDeny' ? ['resourceGroup'] : ['identity', 'group'];

  if (identity === 'ExplicitDeny' || resource === 'ExplicitDeny')
    return {
      decision: 'ExplicitDeny',
      decidedBy: identity === 'ExplicitDeny' ? identitySources : ['resource'],
      assumesRole,
    };
  if (assumesRole) {
    if (identity === 'Allow' && resource === 'Allow')
      return { decision: 'Allow', decidedBy: [...identitySources, 'resource'], assumesRole };
    const silent: PolicySource[] = [];
    if (identity !== 'Allow') silent.push('identity', 'group', 'resourceGroup');
    if (resource !== 'Allow') silent.push('resource');
    return { decision: 'ImplicitDeny', decidedBy: silent, assumesRole };
  }
  if (identity === 'Allow') return { decision: 'Allow', decidedBy: identitySources, assumesRole };
  if (resource === 'Allow') return { decision: 'Allow', decidedBy: ['resource'], assumesRole };
  return {
    decision: 'ImplicitDeny',
    decidedBy: ['identity', 'group', 'resourceGroup', 'resource'],
    assumesRole,
  };
}

function strongest(...decisions: (Decision | undefined)[]): Decision {
  if (decisions.includes('ExplicitDeny')) return 'ExplicitDeny';
  return decisions.includes('Allow') ? 'Allow' : 'ImplicitDeny';
}

export function hasIdentity(policies: PolicySet): boolean {
  return (
    policies.identity !== undefined || policies.group !== undefined || policies.resourceGroup !== undefined
  );
}

/** Policies with their conditions made ready, in the order of {@link POLICY_SOURCES}. */
export function preparePolicySet(policies: PolicySet): PreparedPolicy[] {
  const prepared: PreparedPolicy[] = [];
  for (const source of POLICY_SOURCES) {
    inputsOf(policies[source]).forEach((input, index) => {
      prepared.push(preparePolicy(source, input, index));
    });
  }
  return prepared;
}

function inputsOf(inputs: PolicyInputs | undefined): readonly PolicyInput[] {
  if (inputs === undefined) return [];
  return isInputList(inputs) ? inputs : [inputs];
}

function isInputList(inputs: PolicyInputs): inputs is readonly PolicyInput[] {
  return Array.isArray(inputs);
}

/** Policies made by this package never change, so what is prepared for one serves as long as it lives. */
const preparedStatements = new WeakMap<object, readonly PreparedStatement[]>();

function preparePolicy(source: PolicySource, input: PolicyInput, index: number): PreparedPolicy {
  const place = `${SOURCE_NAMES[source]} policy ${index + 1}`;
  const named = typeof input === 'object' && input !== null && 'document' in input;
  const name = named ? input.name : place;
  const document: unknown = named ? input.document : input;
  if (typeof document === 'string')
    throw new PolicyError(
      'InvalidPolicy',
      `The ${place} is text, and a policy is needed: read it first, with parsePolicy(text).`,
    );
  const policy = isPolicy(document) ? document : decodePolicy(document);
  let statements = preparedStatements.get(policy);
  if (statements === undefined) {
    statements = prepareStatements(policy);
    preparedStatements.set(policy, statements);
  }
  return { source, name, policy, statements };
}

const SOURCE_NAMES: Readonly<Record<PolicySource, string>> = {
  control: 'control',
  session: 'session',
  identity: 'identity',
  group: 'group',
  resourceGroup: 'resource group',
  resource: 'resource',
};

/** The basic evaluation: a matching Deny, else a matching Allow, else nothing was said. */
function decideLayer(
  policies: readonly PreparedPolicy[],
  source: PolicySource,
  request: AccessRequest,
): Decision | undefined {
  let present = false;
  let allowed = false;
  for (const policy of policies) {
    if (policy.source !== source) continue;
    present = true;
    for (const prepared of policy.statements) {
      if (!statementMatches(prepared, source, request)) continue;
      if (prepared.statement.Effect === 'Deny') return 'ExplicitDeny';
      allowed = true;
    }
  }
  if (!present) return undefined;
  return allowed ? 'Allow' : 'ImplicitDeny';
}
