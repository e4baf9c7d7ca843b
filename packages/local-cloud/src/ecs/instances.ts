import { isoSeconds } from '../clock/clock.ts';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { ServiceError } from '../http/service-error.ts';
import { randomName } from '../identities/directory.ts';
import { type InstanceRecord, instanceArn, openInstances } from './records.ts';
import { passedRole } from './roles.ts';

/** CreateInstance (ECS 2014-05-26), of which only the record is made; `ram:PassRole` is checked when it names a role. */
export function createInstance(call: RpcCall): Answer {
  const { platform, parameters, caller, region } = call;
  parameters.required('RegionId');
  const instanceType = parameters.required('InstanceType');
  const instances = openInstances(platform.store);
  call.authorize('ecs:CreateInstance', `acs:ecs:${region}:${caller.accountId}:instance/*`);
  const roleName = parameters.optional('RamRoleName');
  const role = roleName === undefined ? undefined : passedRole(call, roleName);
  const instanceId = `i-bp1${randomName(17).toLowerCase()}`;
  instances.put(instanceId, {
    instanceId,
    accountId: caller.accountId,
    region,
    zone: parameters.optional('ZoneId') ?? `${region}-h`,
    instanceName: parameters.optional('InstanceName') ?? instanceId,
    instanceType,
    imageId: parameters.optional('ImageId') ?? '',
    privateIp: `192.168.0.${(instances.size % 250) + 2}`,
    createDate: platform.clock.now(),
    ramRoleName: role?.roleName,
    hardened: parameters.oneOf('HttpTokens', ['optional', 'required']) === 'required',
    tags: parameters.tags('Tag') ?? {},
  });
  return { InstanceId: instanceId };
}

/** DescribeInstances (ECS 2014-05-26), by ids, names and roles. */
export function describeInstances(call: RpcCall): Answer {
  const { platform, parameters, caller, region } = call;
  parameters.required('RegionId');
  const ids = parameters.list('InstanceIds');
  if (ids !== undefined && ids.length > 100)
    throw new ServiceError(
      400,
      'InvalidParameter',
      'The specified parameter InstanceIds is not valid: at most 100 ids.',
    );
  const own = Array.from(openInstances(platform.store).values()).filter(
    (instance) => instance.accountId === caller.accountId && instance.region === region,
  );
  if (ids === undefined)
    call.authorize('ecs:DescribeInstances', `acs:ecs:${region}:${caller.accountId}:instance/*`);
  else
    for (const id of ids)
      call.authorize('ecs:DescribeInstances', `acs:ecs:${region}:${caller.accountId}:instance/${id}`);
  const name = parameters.optional('InstanceName');
  const found = own.filter(
    (instance) =>
      (ids === undefined || ids.includes(instance.instanceId)) &&
      (name === undefined || matchesName(name, instance.instanceName)),
  );
  const page = parameters.integer('PageNumber', { min: 1, max: 1_000_000, default: 1 });
  const size = parameters.integer('PageSize', { min: 1, max: 100, default: 10 });
  return {
    TotalCount: found.length,
    PageNumber: page,
    PageSize: size,
    Instances: { Instance: found.slice((page - 1) * size, page * size).map(describe) },
  };
}

/** `*` at either end, as the documentation has it. */
function matchesName(pattern: string, name: string): boolean {
  const bare = pattern.replace(/^\*|\*$/g, '');
  if (pattern.startsWith('*') && pattern.endsWith('*')) return name.includes(bare);
  if (pattern.startsWith('*')) return name.endsWith(bare);
  if (pattern.endsWith('*')) return name.startsWith(bare);
  return name === pattern;
}

function describe(instance: InstanceRecord): Answer {
  return {
    InstanceId: instance.instanceId,
    InstanceName: instance.instanceName,
    InstanceType: instance.instanceType,
    InstanceNetworkType: 'vpc',
    ImageId: instance.imageId,
    RegionId: instance.region,
    ZoneId: instance.zone,
    Status: 'Running',
    CreationTime: isoSeconds(instance.createDate),
    HostName: instance.instanceName,
    VpcAttributes: {
      VpcId: 'vpc-local',
      VSwitchId: 'vsw-local',
      PrivateIpAddress: { IpAddress: [instance.privateIp] },
    },
    MetadataOptions: {
      HttpEndpoint: 'enabled',
      HttpTokens: instance.hardened ? 'required' : 'optional',
      HttpPutResponseHopLimit: 1,
    },
    Tags: { Tag: Object.entries(instance.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })) },
    ResourceArn: instanceArn(instance),
  };
}

/** ModifyInstanceMetadataOptions (ECS 2014-05-26): whether the metadata service insists on a token. */
export function modifyInstanceMetadataOptions(call: RpcCall): Answer {
  const { platform, parameters, caller, region } = call;
  const id = parameters.required('InstanceId');
  const tokens = parameters.oneOf('HttpTokens', ['optional', 'required']);
  call.authorize('ecs:ModifyInstanceMetadataOptions', `acs:ecs:${region}:${caller.accountId}:instance/${id}`);
  const instances = openInstances(platform.store);
  const instance = instances.get(id);
  if (instance === undefined || instance.accountId !== caller.accountId || instance.region !== region)
    throw new ServiceError(404, 'InvalidInstanceId.NotFound', 'The specified InstanceId does not exist.');
  if (tokens !== undefined) instances.put(id, { ...instance, hardened: tokens === 'required' });
  return {};
}
