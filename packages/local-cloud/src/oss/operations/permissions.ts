import { PolicyError, parsePolicy } from '@yunseal/policy-builder';
import * as t from 'io-ts';
import { ServiceError } from '../../http/service-error.ts';
import { addressedBucket, authorize } from '../access.ts';
import { answer, type Call, type Operation, xmlAnswer } from '../call.ts';
import { noSuchKey } from '../errors.ts';
import { parseAcl, parseObjectAcl } from '../names.ts';
import { receiveText } from '../receive.ts';
import { headerValue } from '../signature/canonical.ts';
import type { ObjectRecord } from '../storage/records.ts';
import { parseXml } from '../xml.ts';
import { ownerElement } from './buckets.ts';
import { aclContext, addressedKey } from './put-object.ts';

const AccessControlPolicy = t.type({ AccessControlList: t.type({ Grant: t.string }) });

/** The ACL that a request sets: in a header, or else in its body. */
async function requestedAcl(call: Call, header: string): Promise<string> {
  const text = await receiveText(call);
  const value = headerValue(call.request.headers, header);
  if (value !== '') return value;
  return parseXml(text, 'AccessControlPolicy', AccessControlPolicy).AccessControlList.Grant.trim();
}

/** `GET /?acl` */
export const getBucketAcl: Operation = (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:GetBucketAcl', bucket });
  return xmlAnswer('AccessControlPolicy', {
    Owner: ownerElement(bucket),
    AccessControlList: { Grant: bucket.acl },
  });
};

/** `PUT /?acl` */
export const putBucketAcl: Operation = async (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:PutBucketAcl', bucket, context: aclContext(call) });
  const acl = parseAcl(await requestedAcl(call, 'x-oss-acl'));
  call.state.buckets.put(bucket.name, { ...addressedBucket(call), acl });
  return answer(200);
};

/** `GET /key?acl` */
export const getObjectAcl: Operation = (call) => {
  const bucket = addressedBucket(call);
  const object = existingObject(call, 'oss:GetObjectAcl');
  return xmlAnswer('AccessControlPolicy', {
    Owner: ownerElement(bucket),
    AccessControlList: { Grant: object.acl },
  });
};

/** `PUT /key?acl` */
export const putObjectAcl: Operation = async (call) => {
  existingObject(call, 'oss:PutObjectAcl');
  const acl = parseObjectAcl(await requestedAcl(call, 'x-oss-object-acl'));
  // Reading the body took time: what is there now gets the ACL.
  call.state.putObject({ ...existingObject(call, 'oss:PutObjectAcl'), acl });
  return answer(200);
};

/** The object that the call addresses, if the caller may do this to it. */
export function existingObject(call: Call, action: string): ObjectRecord {
  const bucket = addressedBucket(call);
  const key = addressedKey(call);
  authorize(call, { action, bucket, key });
  const object = call.state.object(bucket.name, key);
  if (object === undefined) throw noSuchKey(key);
  return object;
}

/** `GET /?policy` */
export const getBucketPolicy: Operation = (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:GetBucketPolicy', bucket });
  if (bucket.policy === undefined) throw noSuchBucketPolicy(bucket.name);
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: { kind: 'text', text: bucket.policy },
  };
};

/** `PUT /?policy`: a policy that every statement of which says whom it is about. */
export const putBucketPolicy: Operation = async (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:PutBucketPolicy', bucket });
  const document = await receiveText(call);
  checkBucketPolicy(document);
  call.state.buckets.put(bucket.name, { ...addressedBucket(call), policy: document });
  return answer(200);
};

/** `DELETE /?policy` */
export const deleteBucketPolicy: Operation = (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:DeleteBucketPolicy', bucket });
  call.state.buckets.put(bucket.name, { ...bucket, policy: undefined });
  return answer(204);
};

/** `GET /?policyStatus`: whether the policy lets everybody in. */
export const getBucketPolicyStatus: Operation = (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:GetBucketPolicyStatus', bucket });
  const statements = bucket.policy === undefined ? [] : parsePolicy(bucket.policy).Statement;
  const isPublic = statements.some(
    ({ Effect, Principal, Condition }) =>
      Effect === 'Allow' && Condition === undefined && JSON.stringify(Principal ?? null).includes('"*"'),
  );
  return xmlAnswer('PolicyStatus', { IsPublic: isPublic });
};

/** @throws ServiceError `InvalidPolicyDocument` with what is wrong and where */
export function checkBucketPolicy(document: string): void {
  const invalid = (reason: string) =>
    new ServiceError(400, 'InvalidPolicyDocument', `The content of the policy is invalid: ${reason}`);
  if (Buffer.byteLength(document, 'utf8') > 16 * 1024) throw invalid('it is longer than 16 KB.');
  try {
    const without = parsePolicy(document).Statement.findIndex(
      (statement) => statement.Principal === undefined && statement.NotPrincipal === undefined,
    );
    if (without !== -1) throw invalid(`Statement[${without}] has no Principal.`);
  } catch (error) {
    throw error instanceof PolicyError ? invalid(error.message) : error;
  }
}

const noSuchBucketPolicy = (bucket: string) =>
  new ServiceError(404, 'NoSuchBucketPolicy', 'The bucket policy does not exist.', { BucketName: bucket });
