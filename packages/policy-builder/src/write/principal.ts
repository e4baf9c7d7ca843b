import { PolicyError } from '../errors.ts';
import {
  isPrincipalList,
  PRINCIPAL_KINDS,
  type PrincipalMap,
  type StatementPrincipal,
} from '../model/policy.ts';

/** Somebody a trust or bucket policy can name. */
export interface Principal {
  readonly kind: keyof PrincipalMap | 'listed';
  readonly name: string;
}

/** A cloud service, e.g. `ecs.aliyuncs.com`, or that service in another account: `<account>@ecs.aliyuncs.com`. */
export function service<const S extends string>(name: S): Principal {
  return { kind: 'Service', name };
}

/** An Alibaba Cloud account: every RAM user and role in it that is allowed to ask. */
export function account(accountId: string): Principal {
  return { kind: 'RAM', name: `acs:ram::${accountId}:root` };
}

/** A RAM identity by its account and name, or by its ARN. */
export type RamIdentity = string | { readonly account: string; readonly name: string };

function identityArn(kind: 'role' | 'user', identity: RamIdentity): string {
  return typeof identity === 'string' ? identity : `acs:ram::${identity.account}:${kind}/${identity.name}`;
}

/** A RAM role, and with it the role's sessions. */
export function role(role: RamIdentity): Principal {
  return { kind: 'RAM', name: identityArn('role', role) };
}

/** A RAM user. Trust policies name users by ARN, bucket policies by UID: see {@link uid}. */
export function user(user: RamIdentity): Principal {
  return { kind: 'RAM', name: identityArn('user', user) };
}

/** The users of a SAML or OIDC identity provider, by the provider's ARN. */
export function federated(providerArn: string): Principal {
  return { kind: 'Federated', name: providerArn };
}

/** A RAM user or an account by UID: the form bucket policies have. */
export function uid(id: string): Principal {
  return { kind: 'listed', name: id };
}

/** Sessions of a role: the form bucket policies have. All of the role's sessions unless one is named. */
export function roleSession(session: {
  readonly account: string;
  readonly role: string;
  readonly session?: string | undefined;
}): Principal {
  return {
    kind: 'listed',
    name: `arn:sts::${session.account}:assumed-role/${session.role}/${session.session ?? '*'}`,
  };
}

/** Everybody, anonymous callers included (bucket policies). */
export function anyone(): Principal {
  return { kind: 'listed', name: '*' };
}

/** Gathers principals into the element of a statement, after those it names already. */
export function principalElement(
  principals: readonly (Principal | string)[],
  before: StatementPrincipal | undefined,
): StatementPrincipal {
  const named = [
    ...(before === undefined ? [] : principalsOf(before)),
    ...principals.map((principal) => (typeof principal === 'string' ? fromName(principal) : principal)),
  ];
  const listed = named.filter((principal) => principal.kind === 'listed');
  if (listed.length === named.length) return listed.map((principal) => principal.name);
  if (listed.length > 0)
    throw new PolicyError(
      'InvalidArgument',
      `${listed[0]!.name} is a principal of bucket policies and cannot stand beside those of trust policies; write two statements.`,
    );
  const map: Partial<Record<keyof PrincipalMap, string[]>> = {};
  for (const { kind, name } of named) {
    if (kind === 'listed') continue;
    map[kind] = [...(map[kind] ?? []), name];
  }
  return map;
}

function fromName(name: string): Principal {
  if (/^acs:ram:[^:]*:[^:]*:(saml|oidc)-provider\//.test(name)) return federated(name);
  if (name.startsWith('acs:')) return { kind: 'RAM', name };
  return name.endsWith('.aliyuncs.com') ? service(name) : { kind: 'listed', name };
}

function principalsOf(element: StatementPrincipal): Principal[] {
  if (isPrincipalList(element)) return element.map((name) => ({ kind: 'listed', name }));
  return PRINCIPAL_KINDS.flatMap((kind) => (element[kind] ?? []).map((name) => ({ kind, name })));
}
