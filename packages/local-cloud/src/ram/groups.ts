import { isoSeconds } from '../clock/clock.ts';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { arn, attachmentsKey, entityId, entityKey } from '../identities/directory.ts';
import type { GroupRecord } from '../identities/records.ts';
import { ramError } from './errors.ts';
import { limits } from './limits.ts';
import { readList } from './listing.ts';
import { countOf } from './roles.ts';
import { authorizedUser, groupsOf, isNamed } from './users.ts';

/** CreateGroup (RAM 2015-05-01). */
export function createGroup(call: RpcCall): Answer {
  const { platform, parameters, caller } = call;
  const { directory, clock } = platform;
  const groupName = checkGroupName(parameters.required('GroupName'), 'GroupName');
  call.authorize('ram:CreateGroup', arn.group(caller.accountId, groupName));
  const key = entityKey(caller.accountId, groupName);
  if (directory.groups.has(key)) throw ramError.exists('Group', groupName);
  if (countOf(directory.groups.values(), caller.accountId) >= limits.groups)
    throw ramError.limit('Group', limits.groups);
  const now = clock.now();
  const group: GroupRecord = {
    accountId: caller.accountId,
    groupName,
    groupId: entityId('g-', caller.accountId, 'group', groupName, now),
    comments: parameters.optional('Comments') ?? '',
    createDate: now,
    updateDate: now,
    members: [],
  };
  directory.groups.put(key, group);
  return { Group: describe(group) };
}

/** GetGroup (RAM 2015-05-01). */
export function getGroup(call: RpcCall): Answer {
  return { Group: describe(authorizedGroup(call)) };
}

/** UpdateGroup (RAM 2015-05-01): name and comments. */
export function updateGroup(call: RpcCall): Answer {
  const { platform, parameters } = call;
  const { directory } = platform;
  const group = authorizedGroup(call);
  const { accountId } = group;
  const groupName = checkGroupName(parameters.optional('NewGroupName') ?? group.groupName, 'NewGroupName');
  const from = entityKey(accountId, group.groupName);
  const to = entityKey(accountId, groupName);
  if (to !== from && directory.groups.has(to)) throw ramError.exists('Group', groupName);
  const updated: GroupRecord = {
    ...group,
    groupName,
    comments: parameters.optional('NewComments') ?? group.comments,
    updateDate: platform.clock.now(),
  };
  const attached = directory.attachments.get(attachmentsKey(accountId, 'group', group.groupName));
  if (to !== from) {
    directory.groups.delete(from);
    directory.attachments.delete(attachmentsKey(accountId, 'group', group.groupName));
  }
  directory.groups.put(to, updated);
  if (attached !== undefined)
    directory.attachments.put(attachmentsKey(accountId, 'group', groupName), {
      ...attached,
      name: groupName,
    });
  return { Group: describe(updated) };
}

/** DeleteGroup (RAM 2015-05-01): only without members and policies. */
export function deleteGroup(call: RpcCall): Answer {
  const { directory } = call.platform;
  const group = authorizedGroup(call);
  const { accountId, groupName } = group;
  if (group.members.length > 0)
    throw ramError.deleteConflict('Group', 'User', `${groupName} has members; take them out first`);
  const at = attachmentsKey(accountId, 'group', groupName);
  if ((directory.attachments.get(at)?.attachments.length ?? 0) > 0)
    throw ramError.deleteConflict(
      'Group',
      'Policy',
      `policies are attached to ${groupName}; detach them first`,
    );
  directory.attachments.delete(at);
  directory.groups.delete(entityKey(accountId, groupName));
  return {};
}

/** ListGroups (RAM 2015-05-01), by name. */
export function listGroups(call: RpcCall): Answer {
  const { platform, caller } = call;
  call.authorize('ram:ListGroups', arn.group(caller.accountId, '*'));
  const groups = Array.from(platform.directory.groups.values())
    .filter((group) => group.accountId === caller.accountId)
    .sort((a, b) => (a.groupName < b.groupName ? -1 : 1));
  const { page, answer } = readList(call, groups, (group) => group.groupName);
  return { ...answer, Groups: { Group: page.map(describe) } };
}

/** AddUserToGroup (RAM 2015-05-01): RAM is asked about the group and about the user. */
export function addUserToGroup(call: RpcCall): Answer {
  const { platform } = call;
  const group = authorizedGroup(call);
  const { userName } = authorizedUser(call);
  if (group.members.some((member) => isNamed(member.userName, userName)))
    throw ramError.exists('User.Group', `${userName} in ${group.groupName}`);
  if (groupsOf(call, userName).length >= limits.groupsPerUser)
    throw ramError.limit('User.Group', limits.groupsPerUser);
  put(call, { ...group, members: [...group.members, { userName, joinDate: platform.clock.now() }] });
  return {};
}

/** RemoveUserFromGroup (RAM 2015-05-01). */
export function removeUserFromGroup(call: RpcCall): Answer {
  const group = authorizedGroup(call);
  const { userName } = authorizedUser(call);
  const members = group.members.filter((member) => !isNamed(member.userName, userName));
  if (members.length === group.members.length)
    throw ramError.notFound('User.Group', `${userName} in ${group.groupName}`);
  put(call, { ...group, members });
  return {};
}

/** ListUsersForGroup (RAM 2015-05-01). */
export function listUsersForGroup(call: RpcCall): Answer {
  const group = authorizedGroup(call);
  const { page, answer } = readList(call, group.members, (member) => member.userName);
  return {
    ...answer,
    Users: {
      User: page.map(({ userName, joinDate }) => ({
        UserName: userName,
        DisplayName:
          call.platform.directory.users.get(entityKey(group.accountId, userName))?.displayName ?? '',
        JoinDate: isoSeconds(joinDate),
      })),
    },
  };
}

/** ListGroupsForUser (RAM 2015-05-01). */
export function listGroupsForUser(call: RpcCall): Answer {
  const { userName } = authorizedUser(call);
  return {
    Groups: {
      Group: groupsOf(call, userName).map((group) => ({
        GroupName: group.groupName,
        GroupId: group.groupId,
        Comments: group.comments,
        JoinDate: isoSeconds(
          group.members.find((member) => isNamed(member.userName, userName))?.joinDate ?? 0,
        ),
      })),
    },
  };
}

function authorizedGroup(call: RpcCall): GroupRecord {
  const { platform, parameters, caller, operation } = call;
  const groupName = parameters.required('GroupName');
  call.authorize(`ram:${operation}`, arn.group(caller.accountId, groupName));
  const group = platform.directory.groups.get(entityKey(caller.accountId, groupName));
  if (group === undefined) throw ramError.notFound('Group', groupName);
  return group;
}

function put({ platform }: RpcCall, group: GroupRecord): void {
  platform.directory.groups.put(entityKey(group.accountId, group.groupName), group);
}

function describe(group: GroupRecord): Answer {
  return {
    GroupId: group.groupId,
    GroupName: group.groupName,
    Comments: group.comments,
    CreateDate: isoSeconds(group.createDate),
    UpdateDate: isoSeconds(group.updateDate),
  };
}

function checkGroupName(name: string, parameter: string): string {
  if (!/^[\w.-]{1,64}$/.test(name)) throw ramError.invalid(parameter, '1 to 64 letters, digits and . - _');
  return name;
}
