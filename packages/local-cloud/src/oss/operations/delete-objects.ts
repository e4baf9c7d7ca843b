import * as t from 'io-ts';
import { addressedBucket, authorize } from '../access.ts';
import { answer, type Operation, xmlAnswer } from '../call.ts';
import { malformedXml } from '../errors.ts';
import { nameEncoding } from '../listing.ts';
import { checkObjectName } from '../names.ts';
import { receiveText } from '../receive.ts';
import { parseXml } from '../xml.ts';
import { addressedKey } from './put-object.ts';

/** `DELETE /key`: there or not, it is gone. */
export const deleteObject: Operation = (call) => {
  const bucket = addressedBucket(call);
  const key = addressedKey(call);
  authorize(call, { action: 'oss:DeleteObject', bucket, key });
  call.state.deleteObject(bucket.name, key);
  return answer(204);
};

const Delete = t.intersection([
  t.type({ Object: t.array(t.type({ Key: t.string })) }),
  t.partial({ Quiet: t.string }),
]);

/** `POST /?delete`: up to 1,000 objects; nothing is deleted unless all may be. */
export const deleteMultipleObjects: Operation = async (call) => {
  const bucket = addressedBucket(call);
  const request = parseXml(await receiveText(call), 'Delete', Delete, ['Object']);
  const keys = [...new Set(request.Object.map(({ Key }) => Key))];
  if (keys.length === 0 || request.Object.length > 1000)
    throw malformedXml('it must name 1 to 1000 objects.');
  for (const key of keys) {
    checkObjectName(key);
    authorize(call, { action: 'oss:DeleteObject', bucket, key });
  }
  for (const key of keys) call.state.deleteObject(bucket.name, key);
  if (request.Quiet?.trim().toLowerCase() === 'true') return answer(200);
  const encoding = nameEncoding(
    call.address.query.get('encoding-type') ?? String(call.request.headers['encoding-type'] ?? ''),
  );
  return xmlAnswer('DeleteResult', {
    EncodingType: encoding.type,
    Deleted: keys.map((key) => ({ Key: encoding.encode(key) })),
  });
};
