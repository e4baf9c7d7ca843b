import {
  type Evaluation,
  evaluate,
  type Policy,
  type PolicyInput,
  parsePolicy,
} from '@yunseal/policy-builder';
import { isoSeconds } from '../clock/clock.ts';
import type { Principal } from '../identities/caller.ts';
import { arn, attachmentsKey, type Directory, entityKey } from '../identities/directory.ts';
import type { EntityKind } from '../identities/records.ts';
import type { Platform } from '../platform.ts';
import { systemPolicies } from './system-policies.ts';

/** What RAM decides on: may `caller` do `action` to `resource`? */
export interface AccessRequest {
  /** Absent for a request without a signature (anonymous). */
  readonly caller: Principal | undefined;
  /** `kms:Decrypt` */
  readonly action: string;
  /** `acs:kms:cn-hangzhou:1000000000000001:key/…` */
  readonly resource: string;
  /** Condition keys and their values; those every request has are added. */
  readonly context: Readonly<Record<string, string | string[]>>;
  /** Policies of the resource itself, such as a bucket's. */
  readonly resourcePolicies?: readonly PolicyInput[] | undefined;
}

export interface AccessDecision {
  readonly decision: 'Allow' | 'ExplicitDeny' | 'ImplicitDeny';
  /** For people: which statement decided, or what was missing. Made up when read, as most never are. */
  readonly explanation: string;
}

/** The part of the context that comes from the connection and the clock. */
export interface RequestOrigin {
  readonly sourceIp: string;
  readonly secureTransport: boolean;
}

/**
 * Asks policy-builder. The root of an account may do all with what the account owns; with others' resources only
 * what their policies grant.
 */
export function decideAccess(
  platform: Platform,
  origin: RequestOrigin,
  request: AccessRequest,
): AccessDecision {
  const { caller, action, resource, resourcePolicies = [] } = request;
  const owner = resource.split(':', 4)[3];
  if (caller?.type === 'root' && (owner === caller.accountId || owner === '*' || owner === ''))
    return { decision: 'Allow', explanation: `root of account ${caller.accountId}` };
  const identities =
    caller === undefined || caller.type === 'root' ? undefined : policiesOf(platform, caller);
  const policies = { ...identities, ...(resourcePolicies.length > 0 ? { resource: resourcePolicies } : {}) };
  const context = { ...originContext(platform, origin), ...request.context };
  const id = caller?.type === 'user' ? caller.userId : undefined;
  let decided: Evaluation | undefined;
  for (const ram of principalSpellings(caller, resourcePolicies.length > 0))
    for (const spelled of resourceSpellings(platform.directory, resource)) {
      const principal = ram === undefined ? {} : { principal: { ram, id } };
      const evaluation = evaluate(policies, { action, resource: spelled, ...principal, context });
      if (evaluation.decision === 'ExplicitDeny') return explained(evaluation);
      if (decided === undefined || evaluation.decision === 'Allow') decided = evaluation;
    }
  return explained(decided as Evaluation);
}

/** An evaluation explains itself when asked, and not before. */
export function explained(evaluation: Evaluation): AccessDecision {
  return {
    decision: evaluation.decision,
    get explanation() {
      return String(evaluation.explain);
    },
  };
}

/**
 * RAM writes the ARNs of roles in lower case and takes either: policies name a role as it was created or as its ARN is.
 */
function resourceSpellings(directory: Directory, resource: string): string[] {
  const match = /^(acs:ram::(\d+):role\/)(.+)$/.exec(resource);
  if (match === null) return [resource];
  const [, start, accountId, name] = match as unknown as [string, string, string, string];
  const roleName = directory.roles.get(entityKey(accountId, name))?.roleName ?? name;
  return [...new Set([resource, start + roleName])];
}

function principalSpellings(caller: Principal | undefined, named: boolean): (string | undefined)[] {
  if (caller?.type !== 'role' || !named) return [caller?.arn];
  const { accountId, roleName, session } = caller;
  return [...new Set([caller.arn, arn.assumedRole(accountId, roleName.toLowerCase(), session.sessionName)])];
}

/** The condition keys every service has. */
export function originContext(platform: Platform, origin: RequestOrigin): Record<string, string> {
  return {
    'acs:SourceIp': origin.sourceIp,
    'acs:SecureTransport': String(origin.secureTransport),
    'acs:CurrentTime': isoSeconds(platform.clock.now()),
    'acs:MFAPresent': 'false',
  };
}

interface PrincipalPolicies {
  identity: PolicyInput[];
  group?: PolicyInput[];
  session?: PolicyInput[];
}

/** Per directory and principal, as long as no policy, group or attachment changes. */
const resolved = new WeakMap<Directory, { revisions: string; byPrincipal: Map<string, PrincipalPolicies> }>();

function policiesOf(platform: Platform, caller: Exclude<Principal, { type: 'root' }>): PrincipalPolicies {
  const { directory } = platform;
  const revisions = `${directory.attachments.revision} ${directory.policies.revision} ${directory.groups.revision}`;
  let cache = resolved.get(directory);
  if (cache === undefined || cache.revisions !== revisions) {
    cache = { revisions, byPrincipal: new Map() };
    resolved.set(directory, cache);
  }
  const key = caller.type === 'user' ? caller.arn : caller.session.accessKeyId;
  let found = cache.byPrincipal.get(key);
  if (found === undefined) {
    found = resolve(directory, caller);
    if (cache.byPrincipal.size >= 10_000) cache.byPrincipal.clear();
    cache.byPrincipal.set(key, found);
  }
  return found;
}

function resolve(directory: Directory, caller: Exclude<Principal, { type: 'root' }>): PrincipalPolicies {
  const { accountId } = caller;
  if (caller.type === 'role') {
    const { sessionPolicy } = caller.session;
    return {
      identity: attachedPolicies(directory, accountId, 'role', caller.roleName),
      ...(sessionPolicy === undefined
        ? {}
        : { session: [{ name: 'session policy', document: parsedPolicy(sessionPolicy) }] }),
    };
  }
  const groups = Array.from(directory.groups.values()).filter(
    (group) =>
      group.accountId === accountId &&
      group.members.some((member) => member.userName.toLowerCase() === caller.userName.toLowerCase()),
  );
  return {
    identity: attachedPolicies(directory, accountId, 'user', caller.userName),
    group: groups.flatMap((group) => attachedPolicies(directory, accountId, 'group', group.groupName)),
  };
}

function attachedPolicies(
  directory: Directory,
  accountId: string,
  kind: EntityKind,
  name: string,
): PolicyInput[] {
  const attached = directory.attachments.get(attachmentsKey(accountId, kind, name))?.attachments ?? [];
  return attached.flatMap(({ policyType, policyName }) => {
    const document =
      policyType === 'System'
        ? systemPolicies.get(policyName.toLowerCase())?.document
        : defaultDocument(directory, accountId, policyName);
    return document === undefined ? [] : [{ name: policyName, document: parsedPolicy(document) }];
  });
}

function defaultDocument(directory: Directory, accountId: string, policyName: string): string | undefined {
  const policy = directory.policies.get(entityKey(accountId, policyName));
  return policy?.versions.find(({ versionId }) => versionId === policy.defaultVersion)?.document;
}

const parsed = new Map<string, Policy>();

/** Documents are parsed once: they are checked when they are stored, so this does not throw for stored ones. */
export function parsedPolicy(document: string): Policy {
  let policy = parsed.get(document);
  if (policy === undefined) {
    policy = parsePolicy(document);
    if (parsed.size >= 1_000) parsed.clear();
    parsed.set(document, policy);
  }
  return policy;
}
