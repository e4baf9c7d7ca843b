import type { IncomingHttpHeaders } from 'node:http';
import type { Address } from '../address.ts';
import type { Operation } from '../call.ts';
import { methodNotAllowed, notImplemented } from '../errors.ts';
import * as buckets from './buckets.ts';
import { deleteMultipleObjects, deleteObject } from './delete-objects.ts';
import { getObject, getObjectMeta, headObject } from './get-object.ts';
import { listObjects, listObjectsV2 } from './list-objects.ts';
import { putObject } from './put-object.ts';

/** An operation by its name in the API reference. */
export interface Route {
  readonly name: string;
  readonly operation: Operation;
}

/** What the query selects among the operations of a method, in the order in which it is looked for. */
type Selection = readonly (readonly [parameter: string, name: string, operation: Operation])[];

const serviceRoutes: Readonly<Record<string, Selection>> = {
  GET: [['', 'ListBuckets', buckets.listBuckets]],
};

const bucketRoutes: Readonly<Record<string, Selection>> = {
  GET: [
    ['bucketInfo', 'GetBucketInfo', buckets.getBucketInfo],
    ['location', 'GetBucketLocation', buckets.getBucketLocation],
    ['stat', 'GetBucketStat', buckets.getBucketStat],
    ['versioning', 'GetBucketVersioning', buckets.getBucketVersioning],
    ['list-type', 'ListObjectsV2', listObjectsV2],
    ['', 'ListObjects', listObjects],
  ],
  PUT: [['', 'PutBucket', buckets.putBucket]],
  POST: [['delete', 'DeleteMultipleObjects', deleteMultipleObjects]],
  DELETE: [['', 'DeleteBucket', buckets.deleteBucket]],
};

const objectRoutes: Readonly<Record<string, Selection>> = {
  GET: [['', 'GetObject', getObject]],
  HEAD: [
    ['objectMeta', 'GetObjectMeta', getObjectMeta],
    ['', 'HeadObject', headObject],
  ],
  PUT: [['', 'PutObject', putObject]],
  DELETE: [['', 'DeleteObject', deleteObject]],
};

/** Sub-resources of OSS that are not served here: they must not be taken for the plain operation. */
const unserved = new Set(
  `asyncFetch cname comp cors img inventory lifecycle live logging metaQuery publicAccessBlock qos qosInfo
  referer replication requestPayment resourceGroup restore rtc select style symlink transferAcceleration udf versionId
  versions vod website worm x-oss-async-process x-oss-process`.split(/\s+/),
);

/** @throws ServiceError `MethodNotAllowed`, `NotImplemented` */
export function routeOf(
  method: string,
  { bucket, key, query }: Address,
  _headers: IncomingHttpHeaders,
): Route {
  const [resource, routes] =
    bucket === undefined
      ? (['service', serviceRoutes] as const)
      : key === undefined
        ? (['bucket', bucketRoutes] as const)
        : (['object', objectRoutes] as const);
  const missing = query.entries.find(({ name }) => unserved.has(name));
  if (missing !== undefined) throw notImplemented(`the sub-resource ${missing.name}`);
  const selected = routes[method]?.find(([parameter]) => parameter === '' || query.has(parameter));
  if (selected === undefined) throw methodNotAllowed(method, resource);
  const [, name, operation] = selected;
  return { name, operation };
}
