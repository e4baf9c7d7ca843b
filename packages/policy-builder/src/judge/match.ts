import { parseArn, splitArn, splitRequestedArn } from '../model/arn.ts';
import { isPrincipalList, type Statement, type StatementPrincipal } from '../model/policy.ts';
import { matchesWildcard } from '../model/wildcard.ts';

/** Who asks. */
export type RequestPrincipal =
  | {
      /** A RAM user, a RAM role, a role session or an account's root, as an ARN. */
      readonly ram: string;
      /** Its UID, which is how bucket policies name RAM users. */
      readonly id?: string | undefined;
    }
  | { readonly service: string }
  | { readonly federated: string };

/** Actions are compared without case. */
export function actionMatches(pattern: string, action: string): boolean {
  return matchesWildcard(pattern.toLowerCase(), action.toLowerCase());
}

/**
 * Resources are compared with case, and part by part: a wildcard in the service, region or account part stays
 * in that part, so that no relative id can be read as an account. Only the pattern's last part runs on to the
 * end of the name; so `*`, `acs:kms:*` and `acs:oss:*:*:bucket/*` mean what they seem to mean.
 *
 * An empty region or account in the request is the same as `*`: the service has none.
 */
export function resourceMatches(pattern: string, resource: string): boolean {
  const patternParts = splitArn(pattern);
  const resourceParts = splitRequestedArn(resource);
  const last = patternParts.length - 1;
  if (resourceParts.length <= last) return false;
  for (let i = 0; i < last; i++) {
    const wanted = patternParts[i]!;
    const actual = resourceParts[i]!;
    // An empty region or account of the pattern stands for "none", not for "any".
    const none = wanted === '' && (i === 2 || i === 3);
    if (none ? actual !== '*' : !matchesWildcard(wanted, actual)) return false;
  }
  return matchesWildcard(patternParts[last]!, last === 0 ? resource : resourceParts.slice(last).join(':'));
}

/** Whether a principal element speaks of who asks; nobody in particular (`undefined`) is an anonymous caller. */
export function principalMatches(
  element: StatementPrincipal,
  principal: RequestPrincipal | undefined,
): boolean {
  if (isPrincipalList(element)) return element.some((name) => listedPrincipalMatches(name, principal));
  if (principal === undefined) return false;
  if ('ram' in principal) return (element.RAM ?? []).some((name) => ramPrincipalMatches(name, principal));
  if ('service' in principal)
    return (element.Service ?? []).some((name) =>
      matchesWildcard(name.toLowerCase(), principal.service.toLowerCase()),
    );
  return (element.Federated ?? []).some((name) => matchesWildcard(name, principal.federated));
}

/**
 * A trust policy's RAM principal. An account (`acs:ram::<account>:root`) stands for every identity of the
 * account; a role stands for its sessions.
 */
function ramPrincipalMatches(name: string, principal: { readonly ram: string }): boolean {
  if (matchesWildcard(name, principal.ram)) return true;
  const trusted = parseArn(name);
  const actual = parseArn(principal.ram);
  if (trusted === undefined || actual === undefined) return false;
  if (!matchesWildcard(trusted.account, actual.account)) return false;
  if (trusted.relativeId === 'root') return true;
  const role = sessionRole(actual.relativeId);
  return role !== undefined && matchesWildcard(trusted.relativeId, `role/${role}`);
}

/** The role of `assumed-role/<role>/<session>`, or of `role/<role>/<session>`, as older documents write it. */
function sessionRole(relativeId: string): string | undefined {
  const [kind, role, session] = relativeId.split('/');
  return (kind === 'assumed-role' || kind === 'role') && session !== undefined ? role : undefined;
}

/**
 * A bucket policy's principal: `*` is everybody, anonymous callers included; a number is the UID of a RAM user,
 * or of an account, which stands for that account's root; `arn:sts::<account>:assumed-role/<role>/<session>` is
 * a role session, wildcards allowed.
 */
function listedPrincipalMatches(name: string, principal: RequestPrincipal | undefined): boolean {
  if (name === '*') return true;
  if (principal === undefined || !('ram' in principal)) return false;
  if (principal.id !== undefined && name === principal.id) return true;
  const actual = parseArn(principal.ram);
  if (actual === undefined) return false;
  if (actual.relativeId === 'root' && name === actual.account) return true;
  if (name.startsWith('arn:sts::') && actual.relativeId.startsWith('assumed-role/'))
    return matchesWildcard(name, `arn:sts::${actual.account}:${actual.relativeId}`);
  return name.startsWith('acs:') && ramPrincipalMatches(name, principal);
}

/**
 * OSS exempts the bucket's owner from a statement for everybody (`"Principal": ["*"]`) that has no condition
 * ("Examples", bucket policies, usage notes).
 */
export function ownerIsExempt(
  statement: Statement,
  principal: RequestPrincipal | undefined,
  resource: string,
): boolean {
  const element = statement.Principal;
  if (element === undefined || !isPrincipalList(element) || !element.includes('*')) return false;
  if (statement.Condition !== undefined && Object.keys(statement.Condition).length > 0) return false;
  if (principal === undefined || !('ram' in principal)) return false;
  const owner = parseArn(resource);
  const caller = parseArn(principal.ram);
  return (
    owner?.service === 'oss' &&
    caller?.relativeId === 'root' &&
    owner.account !== '*' &&
    owner.account === caller.account
  );
}
