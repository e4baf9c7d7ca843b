import { type AccessLevel, type KnownActionEntry, knownActions } from '../catalogue/catalogue.ts';
import type { KnownService } from '../catalogue/generated.ts';
import { hasIdentity, type PolicySet, preparePolicySet } from '../judge/evaluate.ts';
import { actionFits, type PolicySource, type PreparedPolicy } from '../judge/statement.ts';
import { resourceCovers } from '../model/pattern-cover.ts';
import { isPrincipalList, PRINCIPAL_KINDS, type Statement } from '../model/policy.ts';

/** One thing that the policies allow. */
export interface Permission {
  /** From the catalogue, e.g. `kms:Decrypt`. */
  readonly action: string;
  readonly access: AccessLevel;
  /** Pattern of the resources; `all but …` for NotResource; the role itself for a trust policy. */
  readonly resource: string;
  /** Who: only where a resource's policy grants it. */
  readonly who?: string | undefined;
  /** Conditions under which it is allowed, all of which must hold; empty for always. */
  readonly when: readonly string[];
  /** What is taken out again by denies, ceilings included. */
  readonly except: readonly string[];
  /** The policy that grants it. */
  readonly policy: string;
}

/**
 * The other way round: which actions of the catalogue the policies allow, on what, under which conditions.
 *
 * An action that a ceiling (control or session policies) never allows is left out, as is what a deny without
 * conditions takes back entirely; narrower denies and ceilings are shown in `except`. Assuming a role is listed
 * where identity and trust both allow it.
 *
 * @throws PolicyError `InvalidPolicy` when a policy is not one
 */
export function whoCan(
  policies: PolicySet,
  options: { readonly service?: KnownService | undefined } = {},
): Permission[] {
  const prepared = preparePolicySet(policies);
  const callerIsRamIdentity = hasIdentity(policies);
  return knownActions(options.service).flatMap((action) =>
    permissionsFor(action, prepared, callerIsRamIdentity),
  );
}

function permissionsFor(
  { action, access }: KnownActionEntry,
  policies: readonly PreparedPolicy[],
  callerIsRamIdentity: boolean,
): Permission[] {
  const speaking = (effect: string, sources: readonly PolicySource[]) =>
    policies
      .filter(({ source }) => sources.includes(source))
      .flatMap((policy) =>
        policy.statements
          .map(({ statement }) => statement)
          .filter((statement) => statement.Effect === effect && actionFits(statement, action))
          .map((statement) => ({ policy, statement })),
      );
  const limits: string[] = [];
  for (const ceiling of ['control', 'session'] as const) {
    if (!policies.some(({ source }) => source === ceiling)) continue;
    const allowed = speaking('Allow', [ceiling]);
    if (allowed.length === 0) return [];
    const within = allowed.flatMap(({ statement }) =>
      describeResources(statement).map((r) => describeScope(statement, r)),
    );
    if (!within.some((text) => text === '*'))
      limits.push(`outside ${[...new Set(within)].join(', ')} (${ceiling} policy)`);
  }
  const granting = speaking('Allow', ['identity', 'group', 'resourceGroup', 'resource']);
  if (callerIsRamIdentity && /^sts:assumerole/i.test(action)) {
    const trusted = granting.some(({ policy }) => policy.source === 'resource');
    const permitted = granting.some(({ policy }) => policy.source !== 'resource');
    if (!trusted || !permitted) return [];
  }
  const denying = speaking('Deny', ['control', 'session', 'identity', 'group', 'resourceGroup', 'resource']);
  return granting.flatMap(({ policy, statement }) =>
    describeResources(statement).flatMap((resource) => {
      if (denying.some(({ statement: deny }) => deniesAll(deny, resource))) return [];
      return [
        {
          action,
          access,
          resource,
          ...(statement.Principal === undefined && statement.NotPrincipal === undefined
            ? {}
            : { who: describeWho(statement) }),
          when: describeConditions(statement),
          except: [
            ...denying.flatMap(({ statement: deny }) =>
              describeResources(deny).map((denied) => describeScope(deny, denied)),
            ),
            ...limits,
          ],
          policy: policy.name,
        },
      ];
    }),
  );
}

function deniesAll(deny: Statement, resource: string): boolean {
  const unconditional =
    deny.Condition === undefined && deny.Principal === undefined && deny.NotPrincipal === undefined;
  return unconditional && (deny.Resource ?? []).some((pattern) => resourceCovers(pattern, resource));
}

function describeResources(statement: Statement): string[] {
  if (statement.Resource !== undefined) return [...statement.Resource];
  if (statement.NotResource !== undefined) return [`all but ${statement.NotResource.join(', ')}`];
  return ['the role'];
}

function describeScope(statement: Statement, resource: string): string {
  const conditions = describeConditions(statement);
  return conditions.length === 0 ? resource : `${resource} when ${conditions.join(' and ')}`;
}

function describeConditions(statement: Statement): string[] {
  return Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => `${operator} ${key} ${values.join(' | ')}`),
  );
}

function describeWho(statement: Statement): string {
  const element = statement.Principal ?? statement.NotPrincipal ?? [];
  const names = isPrincipalList(element)
    ? [...element]
    : PRINCIPAL_KINDS.flatMap((kind) => [...(element[kind] ?? [])]);
  return statement.Principal === undefined ? `everybody but ${names.join(', ')}` : names.join(', ');
}

/** Permissions as a plain-text table, a line each. */
export function formatPermissions(permissions: readonly Permission[]): string {
  const rows = permissions.map((permission) => [
    permission.action,
    permission.access,
    permission.resource,
    permission.who ?? '',
    permission.when.join(' and '),
    permission.except.join('; '),
  ]);
  const table = [['action', 'access', 'resource', 'who', 'when', 'except'], ...rows];
  const used = table[0]!.map((_, column) => rows.some((row) => row[column] !== '') || column < 3);
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map((row) =>
      row
        .flatMap((cell, column) => (used[column] ? [cell.padEnd(widths[column]!)] : []))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
