import { isoSeconds } from '../clock/clock.ts';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { arn, entityKey, newAccessKeyId, newSecret } from '../identities/directory.ts';
import type { AccessKeyRecord } from '../identities/records.ts';
import { ramError } from './errors.ts';
import { limits } from './limits.ts';
import { isNamed } from './users.ts';

/** CreateAccessKey (RAM 2015-05-01): the secret is shown this once. */
export function createAccessKey(call: RpcCall): Answer {
  const { platform } = call;
  const owner = keyOwner(call);
  if (keysOf(call, owner.userName).length >= limits.accessKeysPerUser)
    throw ramError.limit('User.AccessKey', limits.accessKeysPerUser);
  const key: AccessKeyRecord = {
    accessKeyId: newAccessKeyId(),
    accessKeySecret: newSecret(),
    accountId: owner.accountId,
    userName: owner.userName,
    status: 'Active',
    createDate: platform.clock.now(),
  };
  platform.directory.accessKeys.put(key.accessKeyId, key);
  return { AccessKey: { ...describe(key), AccessKeySecret: key.accessKeySecret } };
}

/** ListAccessKeys (RAM 2015-05-01), oldest first. */
export function listAccessKeys(call: RpcCall): Answer {
  const { userName } = keyOwner(call);
  return { AccessKeys: { AccessKey: keysOf(call, userName).map(describe) } };
}

/** UpdateAccessKey (RAM 2015-05-01): active or not. */
export function updateAccessKey(call: RpcCall): Answer {
  const { parameters, platform } = call;
  const key = ownedKey(call);
  parameters.required('Status');
  const status = parameters.oneOf('Status', ['Active', 'Inactive']) as 'Active' | 'Inactive';
  platform.directory.accessKeys.put(key.accessKeyId, { ...key, status });
  return {};
}

/** DeleteAccessKey (RAM 2015-05-01). */
export function deleteAccessKey(call: RpcCall): Answer {
  call.platform.directory.accessKeys.delete(ownedKey(call).accessKeyId);
  return {};
}

/** GetAccessKeyLastUsed (RAM 2015-05-01), from the audit log. */
export function getAccessKeyLastUsed(call: RpcCall): Answer {
  const id = call.parameters.required('UserAccessKeyId');
  const { userName } = keyOwner(call);
  if (!keysOf(call, userName).some((key) => key.accessKeyId === id))
    throw ramError.notFound('User.AccessKey', id);
  const last = call.platform.audit.lastUse(id);
  return {
    AccessKeyLastUsed: {
      LastUsedDate: last === undefined ? '' : isoSeconds(last.time),
      ServiceName: last?.service ?? '',
    },
  };
}

/** The user of the parameter UserName, or the caller's own when it is absent, once RAM has allowed the operation. */
function keyOwner(call: RpcCall): { accountId: string; userName: string | undefined } {
  const { platform, parameters, caller, operation } = call;
  const { accountId } = caller;
  const userName = parameters.optional('UserName') ?? (caller.type === 'user' ? caller.userName : undefined);
  if (userName === undefined) {
    call.authorize(`ram:${operation}`, arn.root(accountId));
    return { accountId, userName };
  }
  call.authorize(`ram:${operation}`, arn.user(accountId, userName));
  const user = platform.directory.users.get(entityKey(accountId, userName));
  if (user === undefined) throw ramError.notFound('User', userName);
  return { accountId, userName: user.userName };
}

function ownedKey(call: RpcCall): AccessKeyRecord {
  const id = call.parameters.required('UserAccessKeyId');
  const { userName } = keyOwner(call);
  const key = keysOf(call, userName).find(({ accessKeyId }) => accessKeyId === id);
  if (key === undefined) throw ramError.notFound('User.AccessKey', id);
  return key;
}

function keysOf({ platform, caller }: RpcCall, userName: string | undefined): AccessKeyRecord[] {
  return Array.from(platform.directory.accessKeys.values())
    .filter((key) => key.accountId === caller.accountId && isNamed(key.userName ?? '', userName ?? ''))
    .sort((a, b) => a.createDate - b.createDate);
}

function describe(key: AccessKeyRecord): Answer {
  return { AccessKeyId: key.accessKeyId, Status: key.status, CreateDate: isoSeconds(key.createDate) };
}
