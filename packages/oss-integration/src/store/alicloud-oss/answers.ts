import * as t from 'io-ts';

/** The client gives missing text as `''`, and text as text: numbers and booleans too. */
const count = new t.Type<number, string, unknown>(
  'count',
  t.number.is,
  (input, context) =>
    typeof input === 'string' && /^\d{1,15}$/.test(input)
      ? t.success(Number(input))
      : t.failure(input, context),
  String,
);

/** GetBucket (ListObjects), as `@alicloud/oss-client` hands it over. */
export const ListObjectsAnswer = t.type({
  listBucketResult: t.type({
    isTruncated: t.string,
    contents: t.array(
      t.type({ key: t.string, eTag: t.string, size: count, lastModified: t.string, storageClass: t.string }),
    ),
  }),
});

/** ListParts. */
export const ListPartsAnswer = t.type({
  listPartsResult: t.type({
    isTruncated: t.string,
    nextPartNumberMarker: t.string,
    part: t.array(t.type({ partNumber: count, eTag: t.string, size: count })),
  }),
});

/** InitiateMultipartUpload. */
export const InitiateAnswer = t.type({
  initiateMultipartUploadResult: t.type({ uploadId: t.string }),
});

/** CopyObject. */
export const CopyAnswer = t.type({ copyObjectResult: t.type({ eTag: t.string }) });
