import { addressedBucket, authorize } from '../access.ts';
import { encryptionHeaders, parseTagging, readAttributes } from '../attributes.ts';
import { type Operation, xmlAnswer } from '../call.ts';
import { copySource } from '../copy-source.ts';
import { applyEncryption } from '../encryption.ts';
import { entityTooLarge, invalidArgument } from '../errors.ts';
import { headerValue } from '../signature/canonical.ts';
import type { ObjectRecord } from '../storage/records.ts';
import { wholeSeconds } from '../text.ts';
import { aclContext, addressedKey, keepOrDiscard, overwriteCheck } from './put-object.ts';

const maxCopySize = 5 * 1024 ** 3;

/** `PUT /key` with `x-oss-copy-source`. */
export const copyObject: Operation = async (call) => {
  const { state, request, platform } = call;
  const bucket = addressedBucket(call);
  const key = addressedKey(call);
  authorize(call, { action: 'oss:PutObject', bucket, key, context: aclContext(call) });
  const source = copySource(call);
  if (source.size > maxCopySize) throw entityTooLarge(maxCopySize, source.size);
  const given = readAttributes(request.headers, bucket);
  const replaces = directive(
    headerValue(request.headers, 'x-oss-metadata-directive'),
    'x-oss-metadata-directive',
  );
  const replacesTags = directive(
    headerValue(request.headers, 'x-oss-tagging-directive'),
    'x-oss-tagging-directive',
  );
  const mayOverwrite = overwriteCheck(call);
  mayOverwrite(state.object(bucket.name, key));
  const encryption = applyEncryption(call, bucket);
  const segments = await state.blobs.copy(source.segments, 0, source.size - 1);
  const object: ObjectRecord = {
    headers: replaces ? given.headers : source.headers,
    userMetadata: replaces ? given.userMetadata : source.userMetadata,
    tags: replacesTags ? parseTagging(headerValue(request.headers, 'x-oss-tagging')) : source.tags,
    acl: given.acl,
    storageClass: given.storageClass,
    bucket: bucket.name,
    key,
    type: source.type === 'Appendable' ? 'Normal' : source.type,
    size: source.size,
    etag: source.etag,
    crc64: source.crc64,
    lastModified: platform.clock.now(),
    segments,
    encryption,
  };
  keepOrDiscard(call, object, segments, mayOverwrite);
  return xmlAnswer(
    'CopyObjectResult',
    { LastModified: wholeSeconds(object.lastModified), ETag: `"${object.etag}"` },
    {
      etag: `"${object.etag}"`,
      'x-oss-hash-crc64ecma': object.crc64,
      ...(object.encryption === undefined ? {} : encryptionHeaders(object.encryption)),
    },
  );
};

/** @returns whether what the request gives takes the place of what the source has */
function directive(value: string, header: string): boolean {
  const known = value.toUpperCase();
  if (known === '' || known === 'COPY') return false;
  if (known === 'REPLACE') return true;
  throw invalidArgument(header, value, 'The directive is neither COPY nor REPLACE.');
}
