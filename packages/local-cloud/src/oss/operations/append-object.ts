import { createHash } from 'node:crypto';
import { ServiceError } from '../../http/service-error.ts';
import { addressedBucket, authorize } from '../access.ts';
import { encryptionHeaders, readAttributes } from '../attributes.ts';
import { answer, type Operation } from '../call.ts';
import { combineCrc64 } from '../checksums/crc64.ts';
import { applyEncryption } from '../encryption.ts';
import { invalidArgument } from '../errors.ts';
import { receiveBody } from '../receive.ts';
import type { ObjectRecord } from '../storage/records.ts';
import { aclContext, addressedKey, keepOrDiscard } from './put-object.ts';

/** `POST /key?append&position=n`: adds the body at the object's end, which must be at n. */
export const appendObject: Operation = async (call) => {
  const { state, request, platform, address } = call;
  const bucket = addressedBucket(call);
  const key = addressedKey(call);
  authorize(call, { action: 'oss:PutObject', bucket, key, context: aclContext(call) });
  const text = address.query.get('position') ?? '';
  if (!/^\d{1,15}$/.test(text))
    throw invalidArgument('position', text, 'The append position must be a whole number.');
  const position = Number(text);
  const attributes = readAttributes(request.headers, bucket);
  const mayAppend = (previous: ObjectRecord | undefined) => {
    if (previous !== undefined && previous.type !== 'Appendable') {
      throw new ServiceError(409, 'ObjectNotAppendable', 'The object is not appendable.', { Key: key });
    }
    const size = previous?.size ?? 0;
    if (position !== size) {
      throw new ServiceError(409, 'PositionNotEqualToLength', 'Position is not equal to file length.', {
        'x-oss-next-append-position': String(size),
      });
    }
  };
  mayAppend(state.object(bucket.name, key));
  const encryption = applyEncryption(call, bucket);
  const received = await receiveBody(call);
  const previous = state.object(bucket.name, key);
  const object: ObjectRecord = {
    // What is not the bytes stays as the first append set it.
    ...(previous ?? { ...attributes, bucket: bucket.name, key, type: 'Appendable', encryption }),
    size: position + received.size,
    etag: createHash('md5')
      .update(`${previous?.etag ?? ''}${received.md5}`)
      .digest('hex')
      .toUpperCase(),
    crc64:
      previous === undefined ? received.crc64 : combineCrc64(previous.crc64, received.crc64, received.size),
    lastModified: platform.clock.now(),
    segments: [...(previous?.segments ?? []), ...received.segments],
  };
  keepOrDiscard(call, object, received.segments, mayAppend);
  return answer(200, {
    etag: `"${object.etag}"`,
    'x-oss-hash-crc64ecma': object.crc64,
    'content-md5': Buffer.from(received.md5, 'hex').toString('base64'),
    'x-oss-next-append-position': String(object.size),
    ...(object.encryption === undefined ? {} : encryptionHeaders(object.encryption)),
  });
};
