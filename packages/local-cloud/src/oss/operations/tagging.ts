import * as t from 'io-ts';
import { addressedBucket, authorize } from '../access.ts';
import { checkTags } from '../attributes.ts';
import { answer, type Call, type Operation, xmlAnswer } from '../call.ts';
import { receiveText } from '../receive.ts';
import { parseXml, type XmlContent } from '../xml.ts';
import { existingObject } from './permissions.ts';

const Tag = t.type({ Key: t.string, Value: t.string });
const Tagging = t.type({ TagSet: t.union([t.type({ Tag: t.array(Tag) }), t.string]) });

async function requestedTags(call: Call): Promise<Record<string, string>> {
  const { TagSet } = parseXml(await receiveText(call), 'Tagging', Tagging, ['Tag']);
  return checkTags(
    typeof TagSet === 'string' ? [] : TagSet.Tag.map(({ Key, Value }) => [Key, Value] as const),
  );
}

function taggingElement(tags: Readonly<Record<string, string>>): XmlContent {
  return { TagSet: { Tag: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) } };
}

/** `GET /key?tagging` */
export const getObjectTagging: Operation = (call) =>
  xmlAnswer('Tagging', taggingElement(existingObject(call, 'oss:GetObjectTagging').tags));

/** `PUT /key?tagging` */
export const putObjectTagging: Operation = async (call) => {
  existingObject(call, 'oss:PutObjectTagging');
  const tags = await requestedTags(call);
  call.state.putObject({ ...existingObject(call, 'oss:PutObjectTagging'), tags });
  return answer(200);
};

/** `DELETE /key?tagging` */
export const deleteObjectTagging: Operation = (call) => {
  call.state.putObject({ ...existingObject(call, 'oss:DeleteObjectTagging'), tags: {} });
  return answer(204);
};

/** `GET /?tagging` */
export const getBucketTags: Operation = (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:GetBucketTagging', bucket });
  return xmlAnswer('Tagging', taggingElement(bucket.tags ?? {}));
};

/** `PUT /?tagging` */
export const putBucketTags: Operation = async (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:PutBucketTagging', bucket });
  const tags = await requestedTags(call);
  call.state.buckets.put(bucket.name, { ...addressedBucket(call), tags });
  return answer(200);
};

/** `DELETE /?tagging` */
export const deleteBucketTags: Operation = (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:DeleteBucketTagging', bucket });
  call.state.buckets.put(bucket.name, { ...bucket, tags: undefined });
  return answer(204);
};
