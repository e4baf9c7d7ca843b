import * as t from 'io-ts';
import { ServiceError } from '../../http/service-error.ts';
import { addressedBucket, authorize } from '../access.ts';
import { answer, type Operation, xmlAnswer } from '../call.ts';
import { parseAlgorithm } from '../encryption.ts';
import { receiveText } from '../receive.ts';
import { parseXml } from '../xml.ts';

const ServerSideEncryptionRule = t.type({
  ApplyServerSideEncryptionByDefault: t.intersection([
    t.type({ SSEAlgorithm: t.string }),
    t.partial({ KMSMasterKeyID: t.string }),
  ]),
});

/** `GET /?encryption` */
export const getBucketEncryption: Operation = (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:GetBucketEncryption', bucket });
  if (bucket.encryption === undefined) {
    throw new ServiceError(
      404,
      'NoSuchServerSideEncryptionRule',
      'The server side encryption configuration does not exist.',
      { BucketName: bucket.name },
    );
  }
  const { algorithm, keyId } = bucket.encryption;
  return xmlAnswer('ServerSideEncryptionRule', {
    ApplyServerSideEncryptionByDefault: { SSEAlgorithm: algorithm, KMSMasterKeyID: keyId ?? '' },
  });
};

/** `PUT /?encryption`: for objects written from now on. */
export const putBucketEncryption: Operation = async (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:PutBucketEncryption', bucket });
  const { ApplyServerSideEncryptionByDefault: rule } = parseXml(
    await receiveText(call),
    'ServerSideEncryptionRule',
    ServerSideEncryptionRule,
  );
  const algorithm = parseAlgorithm(rule.SSEAlgorithm.trim());
  const keyId = algorithm === 'KMS' ? rule.KMSMasterKeyID?.trim() || undefined : undefined;
  call.state.buckets.put(bucket.name, { ...addressedBucket(call), encryption: { algorithm, keyId } });
  return answer(200);
};

/** `DELETE /?encryption` */
export const deleteBucketEncryption: Operation = (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:DeleteBucketEncryption', bucket });
  call.state.buckets.put(bucket.name, { ...bucket, encryption: undefined });
  return answer(204);
};
