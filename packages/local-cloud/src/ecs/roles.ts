import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { ServiceError } from '../http/service-error.ts';
import { arn, entityKey } from '../identities/directory.ts';
import type { RoleRecord } from '../identities/records.ts';
import { readSessionPolicy } from '../sts/assume-role.ts';
import { decideTrust } from '../sts/trust.ts';
import { type InstanceRecord, instanceArn, openInstances } from './records.ts';

/**
 * AttachInstanceRamRole (ECS 2014-05-26): `ecs:AttachInstanceRamRole` on each instance, `ram:PassRole` on the role.
 * With `Policy`, the instance may do no more than that policy says.
 */
export function attachInstanceRamRole(call: RpcCall): Answer {
  const { platform, parameters } = call;
  parameters.required('RegionId');
  const ids = instanceIds(call);
  for (const id of ids) call.authorize('ecs:AttachInstanceRamRole', namedInstanceArn(call, id));
  const role = passedRole(call, parameters.required('RamRoleName'));
  const ramRolePolicy = readSessionPolicy(call);
  const instances = openInstances(platform.store);
  const results = ids.map((id) => {
    const instance = ownInstance(call, id);
    if (instance === undefined)
      return { InstanceId: id, Success: false, Code: 'InvalidInstanceId.NotFound', Message: notFoundMessage };
    if (
      instance.ramRoleName !== undefined &&
      instance.ramRoleName.toLowerCase() !== role.roleName.toLowerCase()
    )
      return {
        InstanceId: id,
        Success: false,
        Code: 'InvalidOperation.InstanceRamRoleExist',
        Message: `The instance has the role ${instance.ramRoleName} already; detach it first.`,
      };
    instances.put(id, { ...instance, ramRoleName: role.roleName, ramRolePolicy });
    return { InstanceId: id, Success: true, Code: '200', Message: 'success' };
  });
  return summary(role.roleName, 'AttachInstanceRamRoleResults', 'AttachInstanceRamRoleResult', results);
}

/** DetachInstanceRamRole (ECS 2014-05-26). */
export function detachInstanceRamRole(call: RpcCall): Answer {
  const { platform, parameters } = call;
  parameters.required('RegionId');
  const ids = instanceIds(call);
  const roleName = parameters.optional('RamRoleName');
  for (const id of ids) call.authorize('ecs:DetachInstanceRamRole', namedInstanceArn(call, id));
  const instances = openInstances(platform.store);
  const results = ids.map((id) => {
    const instance = ownInstance(call, id);
    const common = { InstanceId: id, InstanceRamRoleSets: { InstanceRamRoleSet: [] } };
    if (instance === undefined)
      return { ...common, Success: false, Code: 'InvalidInstanceId.NotFound', Message: notFoundMessage };
    if (
      instance.ramRoleName === undefined ||
      (roleName !== undefined && instance.ramRoleName.toLowerCase() !== roleName.toLowerCase())
    )
      return {
        ...common,
        Success: false,
        Code: 'InvalidRamRole.NotFound',
        Message: 'The instance does not have the specified RamRole.',
      };
    instances.put(id, { ...instance, ramRoleName: undefined, ramRolePolicy: undefined });
    return { ...common, Success: true, Code: '200', Message: 'success' };
  });
  return summary(roleName, 'DetachInstanceRamRoleResults', 'DetachInstanceRamRoleResult', results);
}

/** DescribeInstanceRamRole (ECS 2014-05-26). */
export function describeInstanceRamRole(call: RpcCall): Answer {
  const { platform, parameters, caller, region } = call;
  parameters.required('RegionId');
  const ids = parameters.list('InstanceIds');
  const roleName = parameters.optional('RamRoleName');
  if (ids === undefined)
    call.authorize('ecs:DescribeInstanceRamRole', `acs:ecs:${region}:${caller.accountId}:instance/*`);
  else for (const id of ids) call.authorize('ecs:DescribeInstanceRamRole', namedInstanceArn(call, id));
  const page = parameters.integer('PageNumber', { min: 1, max: 1_000_000, default: 1 });
  const size = parameters.integer('PageSize', { min: 1, max: 50, default: 10 });
  const found = Array.from(openInstances(platform.store).values()).filter(
    (instance) =>
      instance.accountId === caller.accountId &&
      instance.region === region &&
      (ids === undefined ? instance.ramRoleName !== undefined : ids.includes(instance.instanceId)) &&
      (roleName === undefined || instance.ramRoleName?.toLowerCase() === roleName.toLowerCase()),
  );
  return {
    RegionId: region,
    TotalCount: found.length,
    InstanceRamRoleSets: {
      InstanceRamRoleSet: found.slice((page - 1) * size, page * size).map(({ instanceId, ramRoleName }) => ({
        InstanceId: instanceId,
        RamRoleName: ramRoleName ?? '',
      })),
    },
  };
}

/**
 * The role that an instance is to be given: it exists, the caller may pass it (`ram:PassRole`), and it trusts ECS.
 *
 * @throws ServiceError `InvalidRamRole.NotFound`, `InvalidRamRole.NotEcsRole`, or the refusal
 */
export function passedRole(call: RpcCall, roleName: string): RoleRecord {
  const { platform, caller } = call;
  call.authorize('ram:PassRole', arn.role(caller.accountId, roleName), { 'acs:Service': 'ecs.aliyuncs.com' });
  const role = platform.directory.roles.get(entityKey(caller.accountId, roleName));
  if (role === undefined)
    throw new ServiceError(
      404,
      'InvalidRamRole.NotFound',
      `The specified RamRole ${roleName} does not exist.`,
    );
  if (decideTrust(platform, role, { service: 'ecs.aliyuncs.com' }, {}).decision !== 'Allow')
    throw new ServiceError(
      403,
      'InvalidRamRole.NotEcsRole',
      `The specified ram role ${roleName} is not authorized for ecs: its trust policy does not name ecs.aliyuncs.com.`,
    );
  return role;
}

const notFoundMessage = 'The specified InstanceId does not exist.';

function instanceIds({ parameters }: RpcCall): string[] {
  parameters.required('InstanceIds');
  const ids = parameters.list('InstanceIds') ?? [];
  if (ids.length === 0 || ids.length > 100)
    throw new ServiceError(
      400,
      'InvalidParameter',
      'The specified parameter InstanceIds is not valid: it names 1 to 100 instances.',
    );
  return [...new Set(ids)];
}

function ownInstance({ platform, caller, region }: RpcCall, id: string): InstanceRecord | undefined {
  const instance = openInstances(platform.store).get(id);
  return instance?.accountId === caller.accountId && instance.region === region ? instance : undefined;
}

function namedInstanceArn(call: RpcCall, id: string): string {
  const instance = ownInstance(call, id);
  return instance === undefined
    ? `acs:ecs:${call.region}:${call.caller.accountId}:instance/${id}`
    : instanceArn(instance);
}

function summary(
  roleName: string | undefined,
  list: string,
  entry: string,
  results: readonly { readonly Success: boolean }[],
): Answer {
  return {
    ...(roleName === undefined ? {} : { RamRoleName: roleName }),
    TotalCount: results.length,
    FailCount: results.filter(({ Success }) => !Success).length,
    [list]: { [entry]: results },
  };
}
