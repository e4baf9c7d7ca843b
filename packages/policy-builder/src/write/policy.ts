import { PolicyError } from '../errors.ts';
import { isPrincipalList, type Policy, type Statement } from '../model/policy.ts';
import { decodePolicy } from '../read/decode-policy.ts';
import { checkPolicySize, type PolicyKind } from './policy-size.ts';
import type { WithNotPrincipal, WithNotResource, WithPrincipal, WithResource } from './statement.ts';

/** A statement that says on what. */
export type PermissionStatement = Statement & (WithResource | WithNotResource);
/** A statement that says for whom. */
export type TrustStatement = Statement & (WithPrincipal | WithNotPrincipal);

/**
 * A permission policy for a RAM user, group or role.
 *
 * @throws PolicyError `InvalidPolicy` for a statement that RAM would refuse, `IncompleteStatement` for one that
 * lacks its resource or names a principal, `PolicyTooLong` above 6,144 characters
 */
export function policy(...statements: PermissionStatement[]): Policy {
  return build('custom', statements, permissionStatement);
}

/** A policy to pass to AssumeRole: a ceiling on the session. At most 2,048 characters. */
export function sessionPolicy(...statements: PermissionStatement[]): Policy {
  return build('session', statements, permissionStatement);
}

/**
 * The trust policy of a RAM role: who may assume it. At most 2,048 characters.
 *
 * @throws PolicyError `IncompleteStatement` when a statement names nobody or names a resource
 */
export function trustPolicy(...statements: TrustStatement[]): Policy {
  return build('trust', statements, (statement, where) => {
    if (statement.Principal === undefined && statement.NotPrincipal === undefined)
      throw incomplete(`${where} trusts nobody. Say whom with .to(service('ecs.aliyuncs.com')).`);
    if (statement.Resource !== undefined || statement.NotResource !== undefined)
      throw incomplete(`${where} names a resource, but a trust policy stands on its role. Leave out .on(…).`);
    return statement;
  });
}

/**
 * The policy of an OSS bucket. At most 16 KiB. Accounts and roles are written as bucket policies have them: as
 * UIDs and role sessions.
 *
 * @throws PolicyError `IncompleteStatement` when a statement lacks its principal or resource
 */
export function bucketPolicy(...statements: (PermissionStatement & TrustStatement)[]): Policy {
  return build('bucket', statements, (statement, where) => {
    if (statement.Principal === undefined && statement.NotPrincipal === undefined)
      throw incomplete(`${where} names nobody. Say for whom with .to(uid('…')).`);
    if (statement.Resource === undefined && statement.NotResource === undefined)
      throw incomplete(`${where} names no resource. Say on what with .on(oss.bucket(…)).`);
    return {
      ...statement,
      ...(statement.Principal === undefined
        ? {}
        : { Principal: bucketPrincipal(statement.Principal, where) }),
      ...(statement.NotPrincipal === undefined
        ? {}
        : { NotPrincipal: bucketPrincipal(statement.NotPrincipal, where) }),
    };
  });
}

function permissionStatement(statement: Statement, where: string): Statement {
  if (statement.Resource === undefined && statement.NotResource === undefined)
    throw incomplete(`${where} names no resource. Say on what with .on(…), or .on('*') for everything.`);
  if (statement.Principal !== undefined || statement.NotPrincipal !== undefined)
    throw incomplete(
      `${where} names a principal, but a permission policy speaks of whoever it is attached to. Use trustPolicy(…) or bucketPolicy(…), or leave out .to(…).`,
    );
  return statement;
}

function build(
  kind: PolicyKind,
  statements: readonly Statement[],
  check: (statement: Statement, where: string) => Statement,
): Policy {
  const checked = statements.map((statement, index) => {
    const where = `Statement ${index + 1}`;
    if (statement.Action === undefined && statement.NotAction === undefined)
      throw incomplete(
        `${where} names no action. Begin it with allow('kms:Decrypt'), or add .notActions(…).`,
      );
    return check(statement, where);
  });
  const made = decodePolicy({ Version: '1', Statement: checked });
  checkPolicySize(made, kind);
  return made;
}

function bucketPrincipal(principal: NonNullable<Statement['Principal']>, where: string): readonly string[] {
  if (isPrincipalList(principal)) return principal;
  if (principal.Service !== undefined || principal.Federated !== undefined)
    throw incomplete(
      `${where}: a bucket policy names accounts, RAM users and roles, not services or identity providers.`,
    );
  return (principal.RAM ?? []).map((arn) => {
    const [, accountId = '', relativeId = ''] = /^acs:ram:[^:]*:([^:]*):(.*)$/.exec(arn) ?? [];
    if (relativeId === 'root') return accountId;
    if (relativeId.startsWith('role/'))
      return `arn:sts::${accountId}:assumed-role/${relativeId.slice('role/'.length)}/*`;
    throw incomplete(`${where}: a bucket policy names a RAM user by UID. Use uid('…') instead of ${arn}.`);
  });
}

function incomplete(message: string): PolicyError {
  return new PolicyError('IncompleteStatement', message);
}
