import { ServiceError } from '../http/service-error.ts';

/** The four conditions of a read or a copy, as header values. */
export interface Conditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
}

/**
 * Whether an object may be answered under these conditions ("GetObject", request headers; precedence as in RFC 9110
 * section 13.2.2: ETags outrank dates).
 *
 * @param lastModified ms since the epoch
 * @returns `not-modified` where the client's copy is still right
 * @throws ServiceError `PreconditionFailed`; a date that does not parse is passed over
 */
export function checkConditions(
  conditions: Conditions,
  { etag, lastModified }: { readonly etag: string; readonly lastModified: number },
): 'proceed' | 'not-modified' {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  const modified = Math.floor(lastModified / 1000) * 1000;
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, etag)) throw failed('If-Match');
  } else if (ifUnmodifiedSince !== undefined && modified > Date.parse(ifUnmodifiedSince)) {
    throw failed('If-Unmodified-Since');
  }
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, etag) ? 'not-modified' : 'proceed';
  return ifModifiedSince !== undefined && modified <= Date.parse(ifModifiedSince)
    ? 'not-modified'
    : 'proceed';
}

function matches(header: string, etag: string): boolean {
  return header.split(',').some((item) => {
    const tag = item
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
    return tag === '*' || tag.toUpperCase() === etag;
  });
}

const failed = (condition: string) =>
  new ServiceError(
    412,
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold.',
    {
      Condition: condition,
    },
  );
