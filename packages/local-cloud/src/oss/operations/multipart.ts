import { createHash, randomBytes } from 'node:crypto';
import * as t from 'io-ts';
import { ServiceError } from '../../http/service-error.ts';
import { addressedBucket, authorize, bucketNamed } from '../access.ts';
import { encryptionHeaders, readAttributes } from '../attributes.ts';
import { answer, type Call, type Operation, xmlAnswer } from '../call.ts';
import { combineCrc64 } from '../checksums/crc64.ts';
import { copySource } from '../copy-source.ts';
import { applyEncryption } from '../encryption.ts';
import { invalidArgument, malformedXml, noSuchUpload } from '../errors.ts';
import { listPage, nameEncoding, readLimit } from '../listing.ts';
import { receive, receiveBody, receiveText } from '../receive.ts';
import { headerValue } from '../signature/canonical.ts';
import type { Written } from '../storage/blobs.ts';
import type { ObjectRecord, PartRecord, UploadRecord } from '../storage/records.ts';
import { compareUtf8, wholeSeconds } from '../text.ts';
import { parseXml } from '../xml.ts';
import { aclContext, addressedKey, overwriteCheck } from './put-object.ts';

const maxParts = 10_000;
/** Every part but the last has at least this many bytes. */
const minPartSize = 100 * 1024;

/** `POST /key?uploads` */
export const initiateMultipartUpload: Operation = (call) => {
  const { state, request, platform, address } = call;
  const bucket = addressedBucket(call);
  const key = addressedKey(call);
  authorize(call, { action: 'oss:PutObject', bucket, key, context: aclContext(call) });
  overwriteCheck(call)(state.object(bucket.name, key));
  const encoding = nameEncoding(address.query.get('encoding-type'));
  const upload: UploadRecord = {
    ...readAttributes(request.headers, bucket),
    uploadId: randomBytes(16).toString('hex').toUpperCase(),
    bucket: bucket.name,
    key,
    initiated: platform.clock.now(),
    encryption: applyEncryption(call, bucket),
  };
  state.startUpload(upload);
  return xmlAnswer(
    'InitiateMultipartUploadResult',
    {
      EncodingType: encoding.type,
      Bucket: bucket.name,
      Key: encoding.encode(key),
      UploadId: upload.uploadId,
    },
    upload.encryption === undefined ? {} : encryptionHeaders(upload.encryption),
  );
};

/** `PUT /key?partNumber=n&uploadId=…` */
export const uploadPart: Operation = async (call) => {
  const upload = addressedUpload(call, 'oss:PutObject');
  const partNumber = readPartNumber(call);
  const part = keepPart(call, upload, partNumber, await receiveBody(call));
  return answer(200, {
    etag: `"${part.etag}"`,
    'x-oss-hash-crc64ecma': part.crc64,
    'content-md5': Buffer.from(part.etag, 'hex').toString('base64'),
  });
};

/** `PUT /key?partNumber=n&uploadId=…` with `x-oss-copy-source` and perhaps `x-oss-copy-source-range`. */
export const uploadPartCopy: Operation = async (call) => {
  const upload = addressedUpload(call, 'oss:PutObject');
  const partNumber = readPartNumber(call);
  const source = copySource(call);
  const header = headerValue(call.request.headers, 'x-oss-copy-source-range');
  const match = header === '' ? undefined : /^bytes=(\d+)-(\d+)$/.exec(header);
  const [start, end] = match == null ? [0, source.size - 1] : [Number(match[1]), Number(match[2])];
  if (match === null || (match !== undefined && (start > end || end >= source.size))) {
    throw new ServiceError(416, 'InvalidRange', 'The requested range cannot be satisfied.', {
      RangeRequested: header,
      ActualObjectSize: String(source.size),
    });
  }
  const { blobs } = call.state;
  const part = keepPart(
    call,
    upload,
    partNumber,
    await receive(blobs, blobs.read(source.segments, start, end), end - start + 1),
  );
  return xmlAnswer(
    'CopyPartResult',
    { LastModified: wholeSeconds(part.lastModified), ETag: `"${part.etag}"` },
    { etag: `"${part.etag}"`, 'x-oss-hash-crc64ecma': part.crc64 },
  );
};

const CompleteMultipartUpload = t.partial({
  Part: t.array(t.type({ PartNumber: t.string, ETag: t.string })),
});

/** `POST /key?uploadId=…`: makes the object of the listed parts, or with `x-oss-complete-all: yes` of all there are. */
export const completeMultipartUpload: Operation = async (call) => {
  const { state, request, platform, address } = call;
  const upload = addressedUpload(call, 'oss:PutObject');
  const text = await receiveText(call);
  const parts =
    headerValue(request.headers, 'x-oss-complete-all').toLowerCase() === 'yes'
      ? allParts(state.partsOf(upload.uploadId), text)
      : listedParts(call, upload, text);
  for (const part of parts.slice(0, -1)) {
    if (part.size >= minPartSize) continue;
    throw new ServiceError(
      400,
      'EntityTooSmall',
      'Your proposed upload smaller than the minimum allowed size.',
      {
        MinSizeAllowed: String(minPartSize),
        ProposedSize: String(part.size),
        PartNumber: String(part.partNumber),
        ETag: part.etag,
      },
    );
  }
  const { headers, userMetadata, acl, storageClass, tags, bucket, key, encryption } = upload;
  const digest = createHash('md5')
    .update(parts.map((part) => part.etag).join(''))
    .digest('hex')
    .toUpperCase();
  const object: ObjectRecord = {
    headers,
    userMetadata,
    acl,
    storageClass,
    tags,
    bucket,
    key,
    encryption,
    type: 'Multipart',
    size: parts.reduce((size, part) => size + part.size, 0),
    etag: `${digest}-${parts.length}`,
    crc64: parts.reduce((crc64, part) => combineCrc64(crc64, part.crc64, part.size), '0'),
    lastModified: platform.clock.now(),
    segments: parts.flatMap((part) => part.segments),
  };
  // While the document was read, the upload may have ended otherwise.
  addressedUpload(call, 'oss:PutObject');
  state.completeUpload(upload.uploadId, object, overwriteCheck(call));
  const encoding = nameEncoding(address.query.get('encoding-type'));
  return xmlAnswer(
    'CompleteMultipartUploadResult',
    {
      EncodingType: encoding.type,
      Location: `http://${bucket}.oss-${call.region}.aliyuncs.com/${encoding.encode(key)}`,
      Bucket: bucket,
      Key: encoding.encode(key),
      ETag: `"${object.etag}"`,
    },
    {
      etag: `"${object.etag}"`,
      'x-oss-hash-crc64ecma': object.crc64,
      ...(encryption === undefined ? {} : encryptionHeaders(encryption)),
    },
  );
};

/** `DELETE /key?uploadId=…` */
export const abortMultipartUpload: Operation = (call) => {
  const upload = addressedUpload(call, 'oss:AbortMultipartUpload');
  call.state.abortUpload(upload.uploadId);
  return answer(204);
};

/** `GET /key?uploadId=…` */
export const listParts: Operation = (call) => {
  const { query } = call.address;
  const upload = addressedUpload(call, 'oss:ListParts');
  const limit = readLimit(query, 'max-parts', 1000, 1000);
  const markerText = query.get('part-number-marker') ?? '';
  const marker = markerText === '' ? 0 : Number(markerText);
  if (!Number.isInteger(marker) || marker < 0) {
    throw invalidArgument('part-number-marker', markerText, 'The marker must be a whole number.');
  }
  const encoding = nameEncoding(query.get('encoding-type'));
  const rest = call.state.partsOf(upload.uploadId).filter(({ partNumber }) => partNumber > marker);
  const page = rest.slice(0, limit);
  return xmlAnswer('ListPartsResult', {
    EncodingType: encoding.type,
    Bucket: upload.bucket,
    Key: encoding.encode(upload.key),
    UploadId: upload.uploadId,
    StorageClass: upload.storageClass,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.partNumber ?? marker,
    MaxParts: limit,
    IsTruncated: rest.length > limit,
    Part: page.map((part) => ({
      PartNumber: part.partNumber,
      LastModified: wholeSeconds(part.lastModified),
      ETag: `"${part.etag}"`,
      HashCrc64ecma: part.crc64,
      Size: part.size,
    })),
  });
};

/** `GET /?uploads`: in the order of keys, and of upload ids where keys are the same. */
export const listMultipartUploads: Operation = (call) => {
  const { query } = call.address;
  const bucket = addressedBucket(call);
  authorize(call, { action: 'oss:ListMultipartUploads', bucket });
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const uploadIdMarker = query.get('upload-id-marker') ?? '';
  const limit = readLimit(query, 'max-uploads', 1000, 1000);
  const encoding = nameEncoding(query.get('encoding-type'));
  // With an upload id, the marker stands inside the uploads of its key, and without one behind them.
  const isAfterMarker = ({ key, uploadId }: UploadRecord) => {
    const order = compareUtf8(key, keyMarker);
    return order > 0 || (order === 0 && uploadIdMarker !== '' && uploadId > uploadIdMarker);
  };
  const uploads = call.state
    .uploadsOf(bucket.name)
    .filter((upload) => keyMarker === '' || isAfterMarker(upload));
  const page = listPage((name) => uploads.filter(({ key }) => compareUtf8(key, name) >= 0).values(), {
    prefix,
    delimiter,
    after: uploadIdMarker === '' ? keyMarker : '',
    limit,
  });
  const last = page.items.at(-1);
  return xmlAnswer('ListMultipartUploadsResult', {
    EncodingType: encoding.type,
    Bucket: bucket.name,
    KeyMarker: encoding.encode(keyMarker),
    UploadIdMarker: uploadIdMarker,
    NextKeyMarker: page.next === undefined ? '' : encoding.encode(page.next),
    NextUploadIdMarker: page.next !== undefined && last?.key === page.next ? last.uploadId : '',
    Delimiter: encoding.encode(delimiter),
    Prefix: encoding.encode(prefix),
    MaxUploads: limit,
    IsTruncated: page.next !== undefined,
    Upload: page.items.map((upload) => ({
      Key: encoding.encode(upload.key),
      UploadId: upload.uploadId,
      StorageClass: upload.storageClass,
      Initiated: wholeSeconds(upload.initiated),
    })),
    CommonPrefixes: page.commonPrefixes.map((group) => ({ Prefix: encoding.encode(group) })),
  });
};

/** The upload under way that the call addresses, if the caller may `action` its object. */
function addressedUpload(call: Call, action: string): UploadRecord {
  const bucket = addressedBucket(call);
  const key = addressedKey(call);
  authorize(call, { action, bucket, key });
  const uploadId = call.address.query.get('uploadId') ?? '';
  const upload = call.state.upload(uploadId);
  if (upload === undefined || upload.bucket !== bucket.name || upload.key !== key)
    throw noSuchUpload(uploadId);
  return upload;
}

function readPartNumber(call: Call): number {
  const text = call.address.query.get('partNumber') ?? '';
  const partNumber = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (partNumber >= 1 && partNumber <= maxParts) return partNumber;
  throw invalidArgument('partNumber', text, `Part number must be an integer between 1 and ${maxParts}.`);
}

function keepPart(call: Call, upload: UploadRecord, partNumber: number, received: Written): PartRecord {
  const { state, platform } = call;
  const part: PartRecord = {
    uploadId: upload.uploadId,
    partNumber,
    size: received.size,
    etag: received.md5,
    crc64: received.crc64,
    lastModified: platform.clock.now(),
    segments: received.segments,
  };
  try {
    bucketNamed(call, upload.bucket);
    // While the part was received, the upload may have ended.
    if (state.upload(upload.uploadId) === undefined) throw noSuchUpload(upload.uploadId);
    state.putPart(part);
  } catch (error) {
    state.blobs.discard(received.segments);
    throw error;
  }
  return part;
}

function allParts(parts: readonly PartRecord[], text: string): readonly PartRecord[] {
  if (text.trim() !== '')
    throw invalidArgument('x-oss-complete-all', 'yes', 'With x-oss-complete-all the body must be empty.');
  if (parts.length === 0) throw malformedXml('the upload has no parts.');
  return parts;
}

function listedParts(call: Call, upload: UploadRecord, text: string): readonly PartRecord[] {
  const { Part: listed = [] } = parseXml(text, 'CompleteMultipartUpload', CompleteMultipartUpload, ['Part']);
  if (listed.length === 0 || listed.length > maxParts)
    throw malformedXml(`it must list 1 to ${maxParts} parts.`);
  let previous = 0;
  return listed.map(({ PartNumber, ETag }) => {
    const partNumber = Number(PartNumber.trim());
    if (!Number.isInteger(partNumber)) throw malformedXml(`${PartNumber} is no part number.`);
    if (partNumber <= previous) {
      throw new ServiceError(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.', {
        PartNumber: String(partNumber),
      });
    }
    previous = partNumber;
    const part = call.state.part(upload.uploadId, partNumber);
    const etag = ETag.trim().replace(/^"(.*)"$/, '$1');
    if (part !== undefined && part.etag === etag.toUpperCase()) return part;
    throw new ServiceError(
      400,
      'InvalidPart',
      'One or more of the specified parts could not be found or the specified entity tag might not have matched the part’s entity tag.',
      { PartNumber: String(partNumber), ETag: etag, UploadId: upload.uploadId },
    );
  });
}
