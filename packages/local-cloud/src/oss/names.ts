import { ServiceError } from '../http/service-error.ts';
import { invalidArgument } from './errors.ts';

/** @throws ServiceError `InvalidBucketName`: 3 to 63 of `a-z`, `0-9` and `-`, neither first nor last a hyphen ("Bucket naming conventions") */
export function checkBucketName(name: string): void {
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)) {
    throw new ServiceError(400, 'InvalidBucketName', 'The specified bucket is not valid.', {
      BucketName: name,
    });
  }
}

/**
 * Object names are 1 to 1,023 bytes of UTF-8 that do not start with `/` or `\` ("Object naming conventions"). A NUL
 * cannot be told in a header and is refused here as well.
 *
 * @throws ServiceError `InvalidObjectName`
 */
export function checkObjectName(key: string): void {
  if (/^[/\\]/.test(key) || key.includes('\0') || Buffer.byteLength(key, 'utf8') > 1023) {
    throw new ServiceError(400, 'InvalidObjectName', 'The specified object is not valid.', {
      ObjectName: key,
    });
  }
}

export const acls = ['private', 'public-read', 'public-read-write'] as const;
export type Acl = (typeof acls)[number];
/** An object's `default` is to be as its bucket is. */
export type ObjectAcl = Acl | 'default';

/** @throws ServiceError `InvalidArgument` */
export function parseAcl(value: string): Acl {
  const acl = acls.find((known) => known === value);
  if (acl === undefined)
    throw invalidArgument(
      'x-oss-acl',
      value,
      'The ACL is not one of private, public-read and public-read-write.',
    );
  return acl;
}

/** @throws ServiceError `InvalidArgument` */
export function parseObjectAcl(value: string): ObjectAcl {
  return value === 'default' ? 'default' : parseAcl(value);
}

export const storageClasses = ['Standard', 'IA', 'Archive', 'ColdArchive', 'DeepColdArchive'] as const;
export type StorageClass = (typeof storageClasses)[number];

/** @throws ServiceError `InvalidArgument` */
export function parseStorageClass(value: string): StorageClass {
  const found = storageClasses.find((known) => known === value);
  if (found === undefined)
    throw invalidArgument('x-oss-storage-class', value, 'The storage class is not known.');
  return found;
}
