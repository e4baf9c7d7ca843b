import { ServiceError } from '../../http/service-error.ts';
import { addressedBucket, authorize, bucketNamed } from '../access.ts';
import { encryptionHeaders, readAttributes } from '../attributes.ts';
import { answer, type Call, type Operation } from '../call.ts';
import { applyEncryption } from '../encryption.ts';
import { checkObjectName } from '../names.ts';
import { receiveBody } from '../receive.ts';
import { headerValue } from '../signature/canonical.ts';
import type { Segment } from '../storage/blobs.ts';
import type { ObjectRecord } from '../storage/records.ts';

/** `PUT /key`: stores the body under the key, in the place of what was there. */
export const putObject: Operation = async (call) => {
  const { state, request, platform } = call;
  const bucket = addressedBucket(call);
  const key = addressedKey(call);
  authorize(call, { action: 'oss:PutObject', bucket, key, context: aclContext(call) });
  const attributes = readAttributes(request.headers, bucket);
  const mayOverwrite = overwriteCheck(call);
  mayOverwrite(state.object(bucket.name, key));
  const encryption = applyEncryption(call, bucket);
  const received = await receiveBody(call);
  const object: ObjectRecord = {
    ...attributes,
    bucket: bucket.name,
    key,
    type: 'Normal',
    size: received.size,
    etag: received.md5,
    crc64: received.crc64,
    lastModified: platform.clock.now(),
    segments: received.segments,
    encryption,
  };
  keepOrDiscard(call, object, received.segments, mayOverwrite);
  return answer(200, {
    etag: `"${object.etag}"`,
    'x-oss-hash-crc64ecma': object.crc64,
    'content-md5': Buffer.from(object.etag, 'hex').toString('base64'),
    ...(object.encryption === undefined ? {} : encryptionHeaders(object.encryption)),
  });
};

/** The key that the call addresses; @throws ServiceError `InvalidObjectName` */
export function addressedKey(call: Call): string {
  const key = call.address.key ?? '';
  checkObjectName(key);
  return key;
}

/** @returns a check that throws `FileAlreadyExists` for an object that `x-oss-forbid-overwrite: true` protects */
export function overwriteCheck(call: Call): (previous: ObjectRecord | undefined) => void {
  const forbidden = headerValue(call.request.headers, 'x-oss-forbid-overwrite').toLowerCase() === 'true';
  return (previous) => {
    if (!forbidden || previous === undefined) return;
    throw new ServiceError(
      409,
      'FileAlreadyExists',
      'The object you specified already exists and can not be overwritten.',
      { Key: previous.key },
    );
  };
}

/**
 * Puts the object, if the bucket is still there.
 *
 * @param fresh the segments that are given up where the object is refused at the last moment
 */
export function keepOrDiscard(
  call: Call,
  object: ObjectRecord,
  fresh: readonly Segment[],
  before?: (previous: ObjectRecord | undefined) => void,
): void {
  try {
    bucketNamed(call, object.bucket);
    call.state.putObject(object, before);
  } catch (error) {
    call.state.blobs.discard(fresh);
    throw error;
  }
}

/** Condition keys of an action that may set an ACL. */
export function aclContext(call: Call): Record<string, string> {
  const acl =
    headerValue(call.request.headers, 'x-oss-object-acl') || headerValue(call.request.headers, 'x-oss-acl');
  return acl === '' ? {} : { 'oss:x-oss-acl': acl };
}
