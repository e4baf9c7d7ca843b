import * as t from 'io-ts';
import { ServiceError } from '../../http/service-error.ts';
import { addressedBucket, authorize, authorizeInAccount } from '../access.ts';
import { answer, type Operation, xmlAnswer } from '../call.ts';
import { readLimit } from '../listing.ts';
import { type Acl, checkBucketName, parseAcl, parseStorageClass } from '../names.ts';
import { receiveText } from '../receive.ts';
import { headerValue } from '../signature/canonical.ts';
import type { BucketRecord } from '../storage/records.ts';
import { compareUtf8, wholeSeconds } from '../text.ts';
import { parseXml, type XmlContent } from '../xml.ts';

/** `GET /` without a bucket: the buckets of the caller's account. */
export const listBuckets: Operation = (call) => {
  const { query } = call.address;
  const owner = authorizeInAccount(call, 'oss:ListBuckets');
  const prefix = query.get('prefix') ?? '';
  const marker = query.get('marker') ?? '';
  const limit = readLimit(query, 'max-keys', 100, 1000);
  const all = Array.from(call.state.buckets.values())
    .filter(
      ({ accountId, name }) => accountId === owner.accountId && name.startsWith(prefix) && name > marker,
    )
    .sort((a, b) => compareUtf8(a.name, b.name));
  const page = all.slice(0, limit);
  const truncated = all.length > limit;
  const paged = prefix !== '' || marker !== '' || query.has('max-keys') || truncated;
  return xmlAnswer('ListAllMyBucketsResult', {
    ...(paged
      ? {
          Prefix: prefix,
          Marker: marker,
          MaxKeys: limit,
          IsTruncated: truncated,
          NextMarker: truncated ? page.at(-1)?.name : undefined,
        }
      : {}),
    Owner: ownerElement(owner),
    Buckets: {
      Bucket: page.map((bucket) => bucketElements(bucket)),
    },
  });
};

/** Of one account ("Limits"). */
const maxBuckets = 100;

const CreateBucketConfiguration = t.partial({ StorageClass: t.string, DataRedundancyType: t.string });

/** `PUT /`: a new bucket. The owner of one may repeat it, and so set its ACL. */
export const putBucket: Operation = async (call) => {
  const { state, platform, request } = call;
  const name = call.address.bucket ?? '';
  checkBucketName(name);
  const acl = headerValue(request.headers, 'x-oss-acl');
  const owner = authorizeInAccount(call, 'oss:PutBucket', name);
  const existing = state.buckets.get(name);
  if (existing !== undefined && existing.accountId !== owner.accountId) {
    throw new ServiceError(
      409,
      'BucketAlreadyExists',
      'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
      { BucketName: name },
    );
  }
  const owned = Array.from(state.buckets.values()).filter(({ accountId }) => accountId === owner.accountId);
  if (existing === undefined && owned.length >= maxBuckets) {
    throw new ServiceError(400, 'TooManyBuckets', 'You have attempted to create more buckets than allowed.');
  }
  const text = await receiveText(call);
  const configuration =
    text.trim() === '' ? {} : parseXml(text, 'CreateBucketConfiguration', emptyOr(CreateBucketConfiguration));
  const requestedAcl: Acl | undefined = acl === '' ? undefined : parseAcl(acl);
  const storageClass = configuration.StorageClass?.trim();
  state.buckets.put(name, {
    name,
    accountId: owner.accountId,
    region: call.region,
    acl: 'private',
    storageClass:
      storageClass === undefined || storageClass === '' ? 'Standard' : parseStorageClass(storageClass),
    creationDate: platform.clock.now(),
    ...existing,
    ...(requestedAcl === undefined ? {} : { acl: requestedAcl }),
  });
  return answer(200, { location: `/${name}` });
};

/** `DELETE /`: an empty bucket. */
export const deleteBucket: Operation = (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:DeleteBucket', bucket });
  const occupied = call.state.objectsFrom(bucket.name, '').next().done !== true;
  if (occupied || call.state.uploadsOf(bucket.name).length > 0) {
    throw new ServiceError(409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty.', {
      BucketName: bucket.name,
    });
  }
  call.state.buckets.delete(bucket.name);
  return answer(204);
};

/** `GET /?bucketInfo` */
export const getBucketInfo: Operation = (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:GetBucketInfo', bucket });
  return xmlAnswer('BucketInfo', {
    Bucket: {
      ...bucketElements(bucket),
      Owner: ownerElement(bucket),
      AccessControlList: { Grant: bucket.acl },
      DataRedundancyType: 'LRS',
      Versioning: '',
      ServerSideEncryptionRule: {
        SSEAlgorithm: bucket.encryption?.algorithm ?? 'None',
        KMSMasterKeyID: bucket.encryption?.keyId ?? '',
      },
    },
  });
};

/** `GET /?location` */
export const getBucketLocation: Operation = (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:GetBucketLocation', bucket });
  return xmlAnswer('LocationConstraint', `oss-${bucket.region}`);
};

/** `GET /?stat` */
export const getBucketStat: Operation = (call) => {
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:GetBucketStat', bucket });
  let objects = 0;
  let bytes = 0;
  for (const { size } of call.state.objectsFrom(bucket.name, '')) {
    objects++;
    bytes += size;
  }
  return xmlAnswer('BucketStat', {
    Storage: bytes,
    ObjectCount: objects,
    MultipartUploadCount: call.state.uploadsOf(bucket.name).length,
    LiveChannelCount: 0,
    LastModifiedTime: Math.floor(call.platform.clock.now() / 1000),
  });
};

/** `GET /?versioning`: never switched on here. */
export const getBucketVersioning: Operation = (call) => {
  authorize(call, { action: 'oss:GetBucketVersioning', bucket: addressedBucket(call) });
  return xmlAnswer('VersioningConfiguration', '');
};

export function ownerElement({ accountId }: { readonly accountId: string }): XmlContent {
  return { ID: accountId, DisplayName: accountId };
}

/** A codec for an element that may have no children, which the parser gives as text. */
export function emptyOr<P extends t.Props>(codec: t.PartialC<P>): t.Type<t.TypeOf<t.PartialC<P>>, unknown> {
  return new t.Type(
    codec.name,
    codec.is,
    (value, context) =>
      codec.validate(typeof value === 'string' && value.trim() === '' ? {} : value, context),
    codec.encode,
  );
}

function bucketElements(bucket: BucketRecord): { [element: string]: XmlContent } {
  return {
    CreationDate: wholeSeconds(bucket.creationDate),
    ExtranetEndpoint: `oss-${bucket.region}.aliyuncs.com`,
    IntranetEndpoint: `oss-${bucket.region}-internal.aliyuncs.com`,
    Location: `oss-${bucket.region}`,
    Name: bucket.name,
    Region: bucket.region,
    StorageClass: bucket.storageClass,
  };
}
