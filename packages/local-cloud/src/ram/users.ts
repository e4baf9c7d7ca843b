import { isoSeconds } from '../clock/clock.ts';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { arn, attachmentsKey, entityId, entityKey } from '../identities/directory.ts';
import type { UserRecord } from '../identities/records.ts';
import { ramError } from './errors.ts';
import { limits } from './limits.ts';
import { readList } from './listing.ts';
import { countOf } from './roles.ts';

/** CreateUser (RAM 2015-05-01). */
export function createUser(call: RpcCall): Answer {
  const { platform, parameters, caller } = call;
  const { directory, clock } = platform;
  const userName = checkUserName(parameters.required('UserName'), 'UserName');
  call.authorize('ram:CreateUser', arn.user(caller.accountId, userName));
  const key = entityKey(caller.accountId, userName);
  if (directory.users.has(key)) throw ramError.exists('User', userName);
  if (countOf(directory.users.values(), caller.accountId) >= limits.users)
    throw ramError.limit('User', limits.users);
  const now = clock.now();
  const user: UserRecord = {
    accountId: caller.accountId,
    userName,
    userId: entityId('2', caller.accountId, 'user', userName, now),
    displayName: parameters.optional('DisplayName') ?? '',
    mobilePhone: parameters.optional('MobilePhone') ?? '',
    email: parameters.optional('Email') ?? '',
    comments: parameters.optional('Comments') ?? '',
    createDate: now,
    updateDate: now,
  };
  directory.users.put(key, user);
  return { User: describeUser(user) };
}

/** GetUser (RAM 2015-05-01). */
export function getUser(call: RpcCall): Answer {
  return { User: describeUser(authorizedUser(call)) };
}

/** UpdateUser (RAM 2015-05-01): with a new name, whatever the user has goes with it. */
export function updateUser(call: RpcCall): Answer {
  const { platform, parameters } = call;
  const { directory } = platform;
  const user = authorizedUser(call);
  const { accountId } = user;
  const userName = checkUserName(parameters.optional('NewUserName') ?? user.userName, 'NewUserName');
  const from = entityKey(accountId, user.userName);
  const to = entityKey(accountId, userName);
  if (to !== from && directory.users.has(to)) throw ramError.exists('User', userName);
  const updated: UserRecord = {
    ...user,
    userName,
    displayName: parameters.optional('NewDisplayName') ?? user.displayName,
    mobilePhone: parameters.optional('NewMobilePhone') ?? user.mobilePhone,
    email: parameters.optional('NewEmail') ?? user.email,
    comments: parameters.optional('NewComments') ?? user.comments,
    updateDate: platform.clock.now(),
  };
  if (userName !== user.userName) rename(call, user, userName);
  if (to !== from) directory.users.delete(from);
  directory.users.put(to, updated);
  return { User: describeUser(updated) };
}

function rename({ platform }: RpcCall, { accountId, userName }: UserRecord, newName: string): void {
  const { directory } = platform;
  for (const key of [...directory.accessKeys.values()])
    if (key.accountId === accountId && isNamed(key.userName ?? '', userName))
      directory.accessKeys.put(key.accessKeyId, { ...key, userName: newName });
  for (const [at, group] of [...directory.groups.entries()])
    if (group.accountId === accountId && group.members.some((member) => isNamed(member.userName, userName)))
      directory.groups.put(at, {
        ...group,
        members: group.members.map((member) =>
          isNamed(member.userName, userName) ? { ...member, userName: newName } : member,
        ),
      });
  const attached = directory.attachments.get(attachmentsKey(accountId, 'user', userName));
  if (attached === undefined) return;
  directory.attachments.delete(attachmentsKey(accountId, 'user', userName));
  directory.attachments.put(attachmentsKey(accountId, 'user', newName), { ...attached, name: newName });
}

/** DeleteUser (RAM 2015-05-01): only without policies, groups, AccessKeys and console logon. */
export function deleteUser(call: RpcCall): Answer {
  const { directory } = call.platform;
  const user = authorizedUser(call);
  const { accountId, userName } = user;
  const conflict = (what: string, why: string) => ramError.deleteConflict('User', what, `${userName} ${why}`);
  if (
    Array.from(directory.accessKeys.values()).some(
      (key) => key.accountId === accountId && isNamed(key.userName ?? '', userName),
    )
  )
    throw conflict('AccessKey', 'has AccessKeys; delete them first');
  if (groupsOf(call, userName).length > 0) throw conflict('Group', 'is in a group; take it out first');
  const at = attachmentsKey(accountId, 'user', userName);
  if ((directory.attachments.get(at)?.attachments.length ?? 0) > 0)
    throw conflict('Policy', 'has policies attached; detach them first');
  directory.attachments.delete(at);
  directory.users.delete(entityKey(accountId, userName));
  return {};
}

/** ListUsers (RAM 2015-05-01), by name. */
export function listUsers(call: RpcCall): Answer {
  const { platform, caller } = call;
  call.authorize('ram:ListUsers', arn.user(caller.accountId, '*'));
  const users = Array.from(platform.directory.users.values())
    .filter((user) => user.accountId === caller.accountId)
    .sort((a, b) => (a.userName < b.userName ? -1 : 1));
  const { page, answer } = readList(call, users, (user) => user.userName);
  return { ...answer, Users: { User: page.map(describeUser) } };
}

/** The user of the parameter UserName, once RAM has allowed the operation on it. */
export function authorizedUser(call: RpcCall): UserRecord {
  const { platform, parameters, caller, operation } = call;
  const userName = parameters.required('UserName');
  call.authorize(`ram:${operation}`, arn.user(caller.accountId, userName));
  const user = platform.directory.users.get(entityKey(caller.accountId, userName));
  if (user === undefined) throw ramError.notFound('User', userName);
  return user;
}

export function describeUser(user: UserRecord): Answer {
  return {
    UserId: user.userId,
    UserName: user.userName,
    DisplayName: user.displayName,
    MobilePhone: user.mobilePhone,
    Email: user.email,
    Comments: user.comments,
    CreateDate: isoSeconds(user.createDate),
    UpdateDate: isoSeconds(user.updateDate),
    LastLoginDate: '',
  };
}

/** Names are compared without regard to case. */
export function isNamed(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export function groupsOf({ platform, caller }: RpcCall, userName: string) {
  return Array.from(platform.directory.groups.values()).filter(
    (group) =>
      group.accountId === caller.accountId &&
      group.members.some((member) => isNamed(member.userName, userName)),
  );
}

function checkUserName(name: string, parameter: string): string {
  if (!/^[\w.-]{1,64}$/.test(name)) throw ramError.invalid(parameter, '1 to 64 letters, digits and . - _');
  return name;
}
