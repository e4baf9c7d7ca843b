import type { RpcService } from '../http/rpc-service.ts';
import { ServiceError } from '../http/service-error.ts';
import { attachPolicyTo, detachPolicyFrom, listPoliciesFor } from './attachments.ts';
import {
  createPolicy,
  createPolicyVersion,
  deletePolicy,
  deletePolicyVersion,
  getPolicy,
  getPolicyVersion,
  listEntitiesForPolicy,
  listPolicies,
  listPolicyVersions,
  setDefaultPolicyVersion,
  updatePolicyDescription,
} from './policies.ts';
import { createRole, deleteRole, getRole, listRoles, updateRole } from './roles.ts';

/** RAM 2015-05-01. */
export const ramService: RpcService = {
  service: 'ram',
  displayName: 'Ram',
  version: '2015-05-01',
  operations: {
    CreateRole: createRole,
    GetRole: getRole,
    UpdateRole: updateRole,
    DeleteRole: deleteRole,
    ListRoles: listRoles,
    CreatePolicy: createPolicy,
    GetPolicy: getPolicy,
    DeletePolicy: deletePolicy,
    ListPolicies: listPolicies,
    UpdatePolicyDescription: updatePolicyDescription,
    CreatePolicyVersion: createPolicyVersion,
    GetPolicyVersion: getPolicyVersion,
    ListPolicyVersions: listPolicyVersions,
    DeletePolicyVersion: deletePolicyVersion,
    SetDefaultPolicyVersion: setDefaultPolicyVersion,
    ListEntitiesForPolicy: listEntitiesForPolicy,
    AttachPolicyToUser: attachPolicyTo('user'),
    AttachPolicyToGroup: attachPolicyTo('group'),
    AttachPolicyToRole: attachPolicyTo('role'),
    DetachPolicyFromUser: detachPolicyFrom('user'),
    DetachPolicyFromGroup: detachPolicyFrom('group'),
    DetachPolicyFromRole: detachPolicyFrom('role'),
    ListPoliciesForUser: listPoliciesFor('user'),
    ListPoliciesForGroup: listPoliciesFor('group'),
    ListPoliciesForRole: listPoliciesFor('role'),
  },
  refusal: {
    code: 'NoPermission',
    message: 'You are not authorized to do this action. You should be authorized by RAM.',
  },
  throttled: () => new ServiceError(429, 'Throttling.User', 'Request was denied due to user flow control.'),
};
