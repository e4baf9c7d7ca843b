import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock/clock.ts';
import { arn, type Directory, entityKey } from './directory.ts';
import type { SessionRecord } from './records.ts';

/** Who makes a request, as RAM sees them. */
export type Principal =
  | { readonly type: 'root'; readonly accountId: string; readonly arn: string }
  | {
      readonly type: 'user';
      readonly accountId: string;
      readonly arn: string;
      readonly userName: string;
      readonly userId: string;
    }
  | {
      readonly type: 'role';
      readonly accountId: string;
      /** `acs:ram::<account>:assumed-role/<role>/<session>` */
      readonly arn: string;
      readonly roleArn: string;
      readonly roleName: string;
      readonly roleId: string;
      readonly session: SessionRecord;
    };

/** A principal together with the key it signs with. */
export interface Caller {
  readonly principal: Principal;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}

/** Why an AccessKey, with or without a token, is nobody's. */
export type UnknownCaller =
  | 'access-key-not-found'
  | 'access-key-inactive'
  | 'token-missing'
  | 'token-mismatch'
  | 'token-malformed'
  | 'token-expired';

/**
 * Whose AccessKey this is. The signature is not looked at: compare it with the caller's secret afterwards.
 *
 * @param securityToken the token that came with the request, when one did
 */
export function identifyCaller(
  directory: Directory,
  clock: Clock,
  accessKeyId: string,
  securityToken: string | undefined,
): Caller | UnknownCaller {
  const session = directory.sessions.get(accessKeyId);
  if (session !== undefined) {
    if (securityToken === undefined) return 'token-missing';
    if (!equalSecrets(securityToken, session.securityToken)) return 'token-mismatch';
    if (clock.now() >= session.expiration) return 'token-expired';
    const { accountId, roleName, sessionName } = session;
    const role = directory.roles.get(entityKey(accountId, roleName));
    // A role that is gone, even if another took its name since, leaves its sessions without a principal.
    if (role === undefined || role.roleId !== session.roleId) return 'access-key-not-found';
    return {
      principal: {
        type: 'role',
        accountId,
        arn: arn.assumedRole(accountId, role.roleName, sessionName),
        roleArn: arn.role(accountId, role.roleName),
        roleName: role.roleName,
        roleId: role.roleId,
        session,
      },
      accessKeyId,
      accessKeySecret: session.accessKeySecret,
    };
  }
  const key = directory.accessKeys.get(accessKeyId);
  if (key === undefined) return securityToken === undefined ? 'access-key-not-found' : 'token-malformed';
  if (securityToken !== undefined) return 'token-mismatch';
  if (key.status !== 'Active') return 'access-key-inactive';
  const { accountId, userName } = key;
  if (userName === undefined)
    return {
      principal: { type: 'root', accountId, arn: arn.root(accountId) },
      accessKeyId,
      accessKeySecret: key.accessKeySecret,
    };
  const user = directory.users.get(entityKey(accountId, userName));
  if (user === undefined) return 'access-key-not-found';
  return {
    principal: {
      type: 'user',
      accountId,
      arn: arn.user(accountId, user.userName),
      userName: user.userName,
      userId: user.userId,
    },
    accessKeyId,
    accessKeySecret: key.accessKeySecret,
  };
}

/** In time that depends on the lengths alone. */
export function equalSecrets(a: string, b: string): boolean {
  const left = Buffer.from(a, 'utf8');
  const right = Buffer.from(b, 'utf8');
  return left.length === right.length && timingSafeEqual(left, right);
}
