import { LocalCloudError } from '../errors.ts';
import { ServiceError } from '../http/service-error.ts';
import type { Platform } from '../platform.ts';
import type { SeedBucket } from '../seed/seed.ts';
import { checkBucketName } from './names.ts';
import { checkBucketPolicy } from './operations/permissions.ts';
import type { BucketRecord } from './storage/records.ts';

/**
 * Makes a bucket of the seed; runs inside the seed's transaction.
 *
 * @throws LocalCloudError `SeedInvalid`
 */
export function seedBucket(platform: Platform, accountId: string, bucket: SeedBucket): void {
  const { name, region = platform.region, acl = 'private', policy } = bucket;
  const buckets = platform.store.collection<BucketRecord>('oss.buckets');
  const invalid = (reason: string) =>
    new LocalCloudError('SeedInvalid', `the seed's bucket ${name}: ${reason}`);
  if (buckets.has(name)) throw invalid('there is another of this name, and names are unique across accounts');
  const document = policy === undefined || typeof policy === 'string' ? policy : JSON.stringify(policy);
  try {
    checkBucketName(name);
    if (document !== undefined) checkBucketPolicy(document);
  } catch (error) {
    throw error instanceof ServiceError ? invalid(error.message) : error;
  }
  buckets.put(name, {
    name,
    accountId,
    region,
    acl,
    storageClass: 'Standard',
    creationDate: platform.clock.now(),
    policy: document,
  });
}
