import type { IncomingHttpHeaders } from 'node:http';
import type { Address } from '../address.ts';
import type { Operation } from '../call.ts';
import { methodNotAllowed, notImplemented } from '../errors.ts';
import { appendObject } from './append-object.ts';
import * as encryption from './bucket-encryption.ts';
import * as buckets from './buckets.ts';
import { copyObject } from './copy-object.ts';
import { deleteMultipleObjects, deleteObject } from './delete-objects.ts';
import { getObject, getObjectMeta, headObject } from './get-object.ts';
import { listObjects, listObjectsV2 } from './list-objects.ts';
import * as multipart from './multipart.ts';
import * as permissions from './permissions.ts';
import { putObject } from './put-object.ts';
import * as tagging from './tagging.ts';

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
    ['acl', 'GetBucketAcl', permissions.getBucketAcl],
    ['policyStatus', 'GetBucketPolicyStatus', permissions.getBucketPolicyStatus],
    ['policy', 'GetBucketPolicy', permissions.getBucketPolicy],
    ['encryption', 'GetBucketEncryption', encryption.getBucketEncryption],
    ['tagging', 'GetBucketTags', tagging.getBucketTags],
    ['uploads', 'ListMultipartUploads', multipart.listMultipartUploads],
    ['versioning', 'GetBucketVersioning', buckets.getBucketVersioning],
    ['list-type', 'ListObjectsV2', listObjectsV2],
    ['', 'ListObjects', listObjects],
  ],
  PUT: [
    ['acl', 'PutBucketAcl', permissions.putBucketAcl],
    ['policy', 'PutBucketPolicy', permissions.putBucketPolicy],
    ['encryption', 'PutBucketEncryption', encryption.putBucketEncryption],
    ['tagging', 'PutBucketTags', tagging.putBucketTags],
    ['', 'PutBucket', buckets.putBucket],
  ],
  POST: [['delete', 'DeleteMultipleObjects', deleteMultipleObjects]],
  DELETE: [
    ['policy', 'DeleteBucketPolicy', permissions.deleteBucketPolicy],
    ['encryption', 'DeleteBucketEncryption', encryption.deleteBucketEncryption],
    ['tagging', 'DeleteBucketTags', tagging.deleteBucketTags],
    ['', 'DeleteBucket', buckets.deleteBucket],
  ],
};

const objectRoutes: Readonly<Record<string, Selection>> = {
  GET: [
    ['uploadId', 'ListParts', multipart.listParts],
    ['acl', 'GetObjectAcl', permissions.getObjectAcl],
    ['tagging', 'GetObjectTagging', tagging.getObjectTagging],
    ['objectMeta', 'GetObjectMeta', getObjectMeta],
    ['', 'GetObject', getObject],
  ],
  HEAD: [
    ['objectMeta', 'GetObjectMeta', getObjectMeta],
    ['', 'HeadObject', headObject],
  ],
  PUT: [
    ['acl', 'PutObjectAcl', permissions.putObjectAcl],
    ['tagging', 'PutObjectTagging', tagging.putObjectTagging],
    ['partNumber', 'UploadPart', multipart.uploadPart],
    ['', 'PutObject', putObject],
  ],
  POST: [
    ['append', 'AppendObject', appendObject],
    ['uploads', 'InitiateMultipartUpload', multipart.initiateMultipartUpload],
    ['uploadId', 'CompleteMultipartUpload', multipart.completeMultipartUpload],
  ],
  DELETE: [
    ['uploadId', 'AbortMultipartUpload', multipart.abortMultipartUpload],
    ['tagging', 'DeleteObjectTagging', tagging.deleteObjectTagging],
    ['', 'DeleteObject', deleteObject],
  ],
};

/** Operations that copy where they would else read a body. */
const copying: Readonly<Record<string, Route>> = {
  PutObject: { name: 'CopyObject', operation: copyObject },
  UploadPart: { name: 'UploadPartCopy', operation: multipart.uploadPartCopy },
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
  headers: IncomingHttpHeaders,
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
  const copies = headers['x-oss-copy-source'] === undefined ? undefined : copying[name];
  return copies ?? { name, operation };
}
