import { ServiceError } from '../http/service-error.ts';
import type { KeyState } from './records.ts';

/** The errors of KMS, with its codes ("API Error Center" and "Impact of CMK states on API calls"). */
export const kmsError = {
  keyNotFound: () => new ServiceError(404, 'Forbidden.KeyNotFound', 'The specified Key is not found.'),
  versionNotFound: () =>
    new ServiceError(404, 'Forbidden.KeyVersionNotFound', 'The specified key version is not found.'),
  aliasNotFound: () => new ServiceError(404, 'Forbidden.AliasNotFound', 'The specified Alias is not found.'),
  resourceNotFound: () => new ServiceError(404, 'Forbidden.ResourceNotFound', 'Resource not found.'),
  resourceExists: (name: string) =>
    new ServiceError(409, 'Rejected.ResourceExist', `The resource ${name} already exists.`),
  secretPendingDeletion: () =>
    new ServiceError(
      409,
      'Forbidden.ResourceInDeletion',
      'The deletion of the secret is scheduled; restore it first.',
    ),
  invalid: (name: string, why: string) =>
    new ServiceError(400, 'InvalidParameter', `The specified parameter ${name} is not valid: ${why}.`),
  unsupported: (why: string) =>
    new ServiceError(400, 'UnsupportedOperation', `This action is not supported for the key: ${why}.`),
  state: (state: KeyState) =>
    new ServiceError(409, `Rejected.${state}`, `The request was rejected because the key state is ${state}.`),
  stateModified: (why: string) =>
    new ServiceError(409, 'Rejected.StateModifiedFailed', `The state of the key cannot be changed: ${why}.`),
  aliasExists: (name: string) =>
    new ServiceError(400, 'Forbidden.AliasAlreadyExist', `The specified Alias ${name} already exists.`),
  limit: (what: string) =>
    new ServiceError(409, 'Rejected.LimitExceeded', `The request was rejected: ${what}.`),
  throttled: () =>
    new ServiceError(
      429,
      'Rejected.Throttling',
      'QPS Limit Exceeded: the request was denied due to request throttling.',
    ),
};
