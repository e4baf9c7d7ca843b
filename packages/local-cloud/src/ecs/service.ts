import type { RpcService } from '../http/rpc-service.ts';
import { ServiceError } from '../http/service-error.ts';
import { createInstance, describeInstances, modifyInstanceMetadataOptions } from './instances.ts';
import { attachInstanceRamRole, describeInstanceRamRole, detachInstanceRamRole } from './roles.ts';

/** ECS 2014-05-26, as far as roles of instances go. */
export const ecsService: RpcService = {
  service: 'ecs',
  displayName: 'Ecs',
  version: '2014-05-26',
  operations: {
    CreateInstance: createInstance,
    DescribeInstances: describeInstances,
    ModifyInstanceMetadataOptions: modifyInstanceMetadataOptions,
    AttachInstanceRamRole: attachInstanceRamRole,
    DetachInstanceRamRole: detachInstanceRamRole,
    DescribeInstanceRamRole: describeInstanceRamRole,
  },
  regionOf: (_platform, parameters) => parameters.get('RegionId'),
  refusal: {
    code: 'Forbidden.RAM',
    message: "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
  },
  throttled: () => new ServiceError(429, 'Throttling', 'Request was denied due to request throttling.'),
};
