import type { Answer, RpcCall } from '../http/rpc-service.ts';

/** GetCallerIdentity (STS 2015-04-01): whoever signs may know who they are. */
export function getCallerIdentity(call: RpcCall): Answer {
  call.authorizedOtherwise();
  const { caller } = call;
  const common = { AccountId: caller.accountId, Arn: caller.arn };
  switch (caller.type) {
    case 'root':
      return { ...common, IdentityType: 'Account', PrincipalId: caller.accountId, UserId: caller.accountId };
    case 'user':
      return { ...common, IdentityType: 'RAMUser', PrincipalId: caller.userId, UserId: caller.userId };
    case 'role':
      return {
        ...common,
        IdentityType: 'AssumedRoleUser',
        PrincipalId: `${caller.roleId}:${caller.session.sessionName}`,
        RoleId: caller.roleId,
      };
  }
}
