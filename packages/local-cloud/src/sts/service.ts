import type { RpcService } from '../http/rpc-service.ts';
import { ServiceError } from '../http/service-error.ts';
import { assumeRole } from './assume-role.ts';
import { assumeRoleWithOidc } from './assume-role-with-oidc.ts';
import { getCallerIdentity } from './caller-identity.ts';

/** STS 2015-04-01. */
export const stsService: RpcService = {
  service: 'sts',
  displayName: 'Sts',
  version: '2015-04-01',
  operations: {
    AssumeRole: assumeRole,
    AssumeRoleWithOIDC: { asynchronous: assumeRoleWithOidc },
    GetCallerIdentity: getCallerIdentity,
  },
  anonymous: new Set(['AssumeRoleWithOIDC']),
  refusal: {
    code: 'NoPermission',
    message: 'You are not authorized to do this action. You should be authorized by RAM.',
  },
  throttled: () => new ServiceError(429, 'Throttling.User', 'Request was denied due to user flow control.'),
};
