import { knownActions, serviceCatalogue } from '../catalogue/catalogue.ts';
import { PolicyError } from '../errors.ts';
import { parseArn } from '../model/arn.ts';
import type { Policy } from '../model/policy.ts';
import { decodePolicy } from '../read/decode-policy.ts';

/** A call that was made. */
export interface ObservedCall {
  /** `kms:Decrypt` */
  readonly action: string;
  readonly resource: string;
}

/**
 * The fields of an ActionTrail event that matter here; the local cloud's audit log has them too. Where the event
 * lists what RAM was asked (`additionalEventData.decisions`), that is taken; otherwise the catalogue tells which
 * actions the operation needs.
 */
export interface TrailEvent {
  /** `Kms`, `Oss`, … */
  readonly serviceName: string;
  /** The API operation. */
  readonly eventName: string;
  /** The resource's ARN. */
  readonly resourceName?: string | undefined;
  /** Present when the call failed. */
  readonly errorCode?: string | undefined;
  readonly additionalEventData?:
    | { readonly decisions?: readonly (ObservedCall & { readonly decision?: string })[] | undefined }
    | undefined;
}

export interface LeastPrivilegeOptions {
  /**
   * How far resources are generalised:
   * - `exact` (default): just the resources that were used
   * - `directory`: OSS objects under their directory (`logs/2026/*`) where more than one of it was used
   * - `type`: every resource of the same type in the same account and region (`key/*`, `bucket/*`)
   */
  readonly generalize?: 'exact' | 'directory' | 'type' | undefined;
  /** Whether calls that were refused are to be allowed too. Default: no. */
  readonly includeRefused?: boolean | undefined;
}

/**
 * The smallest readable policy that allows the calls: one statement for each set of resources, actions sorted.
 *
 * @throws PolicyError `InvalidArgument` when there is no call to allow
 */
export function leastPrivilege(
  calls: readonly (ObservedCall | TrailEvent)[],
  options: LeastPrivilegeOptions = {},
): Policy {
  const observed = calls.flatMap((call) =>
    'action' in call ? [call] : callsOf(call, options.includeRefused === true),
  );
  if (observed.length === 0)
    throw new PolicyError(
      'InvalidArgument',
      'There is no call to allow: a policy needs at least one statement.',
    );

  const resourcesByAction = new Map<string, Set<string>>();
  const spelling = new Map<string, string>();
  for (const { action, resource } of observed) {
    const folded = action.toLowerCase();
    spelling.set(folded, spelling.get(folded) ?? catalogueSpelling(action));
    const resources = resourcesByAction.get(folded) ?? new Set();
    resources.add(resource);
    resourcesByAction.set(folded, resources);
  }

  const statements = new Map<string, { actions: string[]; resources: string[] }>();
  for (const [folded, resources] of resourcesByAction) {
    const generalized = generalize([...resources], options.generalize ?? 'exact');
    const key = generalized.join('\n');
    const statement = statements.get(key) ?? { actions: [], resources: generalized };
    statement.actions.push(spelling.get(folded)!);
    statements.set(key, statement);
  }
  const sorted = [...statements.values()]
    .map(({ actions, resources }) => ({ actions: actions.sort(), resources }))
    .sort((a, b) => (a.actions[0]! < b.actions[0]! ? -1 : 1));
  return decodePolicy({
    Version: '1',
    Statement: sorted.map(({ actions, resources }) => ({
      Effect: 'Allow',
      Action: actions,
      Resource: resources,
    })),
  });
}

function catalogueSpelling(action: string): string {
  const folded = action.toLowerCase();
  return knownActions().find((entry) => entry.action.toLowerCase() === folded)?.action ?? action;
}

function callsOf(event: TrailEvent, includeRefused: boolean): ObservedCall[] {
  const decisions = event.additionalEventData?.decisions;
  if (decisions !== undefined && decisions.length > 0)
    return decisions
      .filter(({ decision }) => includeRefused || decision === undefined || decision === 'Allow')
      .map(({ action, resource }) => ({ action, resource }));
  if (event.errorCode !== undefined && !includeRefused) return [];
  const service = event.serviceName.toLowerCase();
  const resource = event.resourceName ?? '*';
  return actionsOfOperation(service, event.eventName).map((action) => ({ action, resource }));
}

/** The actions an API operation needs: mostly the one of its name. */
function actionsOfOperation(service: string, operation: string): string[] {
  const actions = Object.entries(serviceCatalogue(service)?.actions ?? {});
  const needing = actions
    .filter(([name, { operations }]) => (operations ?? [name]).includes(operation))
    // Version actions share operations with plain ones and are needed only when a version is named.
    .filter(([name]) => !/Version(Acl|Tagging)?$/.test(name) || name === operation);
  return needing.length === 0 ? [`${service}:${operation}`] : needing.map(([name]) => `${service}:${name}`);
}

function generalize(resources: readonly string[], how: 'exact' | 'directory' | 'type'): string[] {
  const wanted = new Set<string>();
  for (const resource of resources) {
    if (how === 'type') wanted.add(wholeType(resource));
    else if (how === 'directory') wanted.add(directory(resource, resources));
    else wanted.add(resource);
  }
  return [...wanted].sort();
}

function wholeType(resource: string): string {
  const arn = parseArn(resource);
  if (arn === undefined) return resource;
  const { service, region, account, relativeId } = arn;
  const slash = relativeId.indexOf('/');
  return slash < 0 ? resource : `acs:${service}:${region}:${account}:${relativeId.slice(0, slash)}/*`;
}

function directory(resource: string, resources: readonly string[]): string {
  const arn = parseArn(resource);
  if (arn?.service !== 'oss') return resource;
  const prefix = resource.slice(0, resource.lastIndexOf('/') + 1);
  if (prefix === '') return resource;
  const siblings = resources.filter(
    (other) => other.startsWith(prefix) && !other.slice(prefix.length).includes('/'),
  );
  return siblings.length > 1 ? `${prefix}*` : resource;
}
