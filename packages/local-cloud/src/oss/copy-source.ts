import { ServiceError } from '../http/service-error.ts';
import { authorize, bucketNamed } from './access.ts';
import type { Call } from './call.ts';
import { checkConditions } from './conditions.ts';
import { openEncryption } from './encryption.ts';
import { invalidArgument, noSuchKey } from './errors.ts';
import { headerValue } from './signature/canonical.ts';
import type { ObjectRecord } from './storage/records.ts';
import { percentDecode } from './text.ts';

/**
 * The object that `x-oss-copy-source: /bucket/key` (key percent-encoded) names, if the caller may read it and it
 * meets the `x-oss-copy-source-if-…` conditions.
 *
 * @throws ServiceError `InvalidArgument`, `NoSuchBucket`, `AccessDenied`, `NoSuchKey`, `PreconditionFailed`, `NotModified`
 */
export function copySource(call: Call): ObjectRecord {
  const { headers } = call.request;
  const header = headerValue(headers, 'x-oss-copy-source');
  const [path = '', version] = header.split('?versionId=', 2);
  const match = /^\/?([^/]+)\/(.+)$/s.exec(percentDecode(path) ?? '');
  if (match === null || version !== undefined) {
    throw invalidArgument(
      'x-oss-copy-source',
      header,
      'Copy source must be of the form /bucket/key, percent-encoded, without a version.',
    );
  }
  const [, name = '', key = ''] = match;
  const bucket = bucketNamed(call, name);
  authorize(call, { action: 'oss:GetObject', bucket, key });
  const source = call.state.object(name, key);
  if (source === undefined) throw noSuchKey(key);
  openEncryption(call, source.encryption);
  const condition = (suffix: string) => headerValue(headers, `x-oss-copy-source-if-${suffix}`) || undefined;
  const verdict = checkConditions(
    {
      ifMatch: condition('match'),
      ifNoneMatch: condition('none-match'),
      ifModifiedSince: condition('modified-since'),
      ifUnmodifiedSince: condition('unmodified-since'),
    },
    source,
  );
  if (verdict === 'not-modified')
    throw new ServiceError(304, 'NotModified', 'The source is as the condition excludes.');
  return source;
}
