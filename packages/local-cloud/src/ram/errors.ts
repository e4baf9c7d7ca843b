import { ServiceError } from '../http/service-error.ts';

/** The kinds of entity in RAM's error codes. */
export type EntityName =
  | 'User'
  | 'User.AccessKey'
  | 'User.Group'
  | 'User.Policy'
  | 'Group'
  | 'Group.Policy'
  | 'Role'
  | 'Role.Policy'
  | 'Policy'
  | 'Policy.Version';

/** The errors of RAM, with its codes. */
export const ramError = {
  notFound: (entity: EntityName, name: string) =>
    new ServiceError(
      404,
      `EntityNotExist.${entity}`,
      `The ${entity.toLowerCase()} does not exist: ${name} .`,
    ),
  exists: (entity: EntityName, name: string) =>
    new ServiceError(
      409,
      `EntityAlreadyExist.${entity}`,
      `The ${entity.toLowerCase()} already exists: ${name} .`,
    ),
  deleteConflict: (entity: 'User' | 'Group' | 'Role' | 'Policy', what: string, why: string) =>
    new ServiceError(
      409,
      `DeleteConflict.${entity}.${what}`,
      `The ${entity.toLowerCase()} cannot be deleted: ${why}.`,
    ),
  limit: (what: string, limit: number) =>
    new ServiceError(
      409,
      `LimitExceeded.${what}`,
      `The count of ${what} beyond the current limit: ${limit}.`,
    ),
  invalid: (name: string, why: string) =>
    new ServiceError(400, `InvalidParameter.${name}`, `The parameter ${name} is wrongly formed: ${why}.`),
  malformedPolicy: (diagnosis: string) =>
    new ServiceError(400, 'MalformedPolicyDocument', `The policy document is malformed: ${diagnosis}`),
};
