import { ServiceError } from '../../http/service-error.ts';
import { addressedBucket, authorize } from '../access.ts';
import { attributeHeaders } from '../attributes.ts';
import { type Answer, answer, type Call, type Operation } from '../call.ts';
import { checkConditions } from '../conditions.ts';
import { openEncryption } from '../encryption.ts';
import { accessDenied, invalidArgument, noSuchKey } from '../errors.ts';
import { parseRange } from '../ranges.ts';
import { headerValue } from '../signature/canonical.ts';
import type { ObjectRecord } from '../storage/records.ts';
import { addressedKey } from './put-object.ts';

/** `GET /key`: the object or a range of it. */
export const getObject: Operation = (call) => {
  const object = readableObject(call);
  const { headers } = call.request;
  const unmodified = checkConditionsOf(call, object);
  if (unmodified !== undefined) return unmodified;
  const standard = headerValue(headers, 'x-oss-range-behavior') === 'standard';
  const range = parseRange(headers.range, object.size, standard);
  if (range === 'unsatisfiable') {
    throw new ServiceError(416, 'InvalidRange', 'The requested range cannot be satisfied.', {
      RangeRequested: headers.range ?? '',
      ActualObjectSize: String(object.size),
    });
  }
  const [start, end] = range === 'whole' ? [0, object.size - 1] : [range.start, range.end];
  return {
    status: range === 'whole' ? 200 : 206,
    headers: {
      ...attributeHeaders(object),
      ...overriddenHeaders(call),
      'accept-ranges': 'bytes',
      'content-length': String(end - start + 1),
      ...(range === 'whole' ? {} : { 'content-range': `bytes ${start}-${end}/${object.size}` }),
    },
    body: { kind: 'object', object, range: { start, end } },
  };
};

/** `HEAD /key`: all but the bytes. */
export const headObject: Operation = (call) => {
  const object = readableObject(call);
  return (
    checkConditionsOf(call, object) ??
    answer(200, {
      ...attributeHeaders(object),
      'accept-ranges': 'bytes',
      'content-length': String(object.size),
    })
  );
};

/** `HEAD /key?objectMeta`: ETag, size and time alone. */
export const getObjectMeta: Operation = (call) => {
  const object = readableObject(call);
  const all = attributeHeaders(object);
  const few = ['etag', 'last-modified', 'x-oss-hash-crc64ecma'].map(
    (name) => [name, all[name] ?? ''] as const,
  );
  return answer(200, { ...Object.fromEntries(few), 'content-length': String(object.size) });
};

function readableObject(call: Call): ObjectRecord {
  const bucket = addressedBucket(call);
  const key = addressedKey(call);
  authorize(call, { action: 'oss:GetObject', bucket, key });
  const object = call.state.object(bucket.name, key);
  if (object === undefined) throw noSuchKey(key);
  openEncryption(call, object.encryption);
  return object;
}

function checkConditionsOf(call: Call, object: ObjectRecord): Answer | undefined {
  const { headers } = call.request;
  const verdict = checkConditions(
    {
      ifMatch: headers['if-match'],
      ifNoneMatch: headers['if-none-match'],
      ifModifiedSince: headers['if-modified-since'],
      ifUnmodifiedSince: headers['if-unmodified-since'],
    },
    object,
  );
  if (verdict === 'proceed') return undefined;
  const { etag = '', 'last-modified': lastModified = '' } = attributeHeaders(object);
  return answer(304, { etag, 'last-modified': lastModified });
}

const overridable = [
  'content-type',
  'content-language',
  'expires',
  'cache-control',
  'content-disposition',
  'content-encoding',
];

/** `response-content-type=…` and its like in the query: a signed request may ask for other headers than the stored. */
function overriddenHeaders(call: Call): Record<string, string> {
  const asked = overridable.flatMap((name) => {
    const value = call.address.query.get(`response-${name}`);
    return value === undefined ? [] : [[name, value] as const];
  });
  if (asked.length > 0 && call.caller === undefined) {
    throw accessDenied('Anonymous requests cannot override response headers.');
  }
  for (const [name, value] of asked) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a header cannot hold
    if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
      throw invalidArgument(`response-${name}`, value, 'A response header cannot hold control characters.');
    }
  }
  return Object.fromEntries(asked);
}
