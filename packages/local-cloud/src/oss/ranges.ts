/** The bytes `start` to `end`, both included, of an object. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * What a Range header asks of an object of `size` bytes ("GetObject", Range). OSS answers the whole object where
 * the header is malformed or lies outside, unless `x-oss-range-behavior: standard` asks for the behaviour of RFC 9110.
 *
 * @returns the range, `whole`, or `unsatisfiable` (status 416)
 */
export function parseRange(
  header: string | undefined,
  size: number,
  standard: boolean,
): ByteRange | 'whole' | 'unsatisfiable' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return 'whole';
  const first = match[1] === '' ? undefined : Number(match[1]);
  const last = match[2] === '' ? undefined : Number(match[2]);
  const outside = standard ? 'unsatisfiable' : 'whole';
  if (first === undefined) {
    if (last === 0 || size === 0) return outside;
    return { start: Math.max(0, size - (last as number)), end: size - 1 };
  }
  if (last !== undefined && last < first) return 'whole';
  if (first >= size) return outside;
  if (last !== undefined && last >= size && !standard) return 'whole';
  return { start: first, end: Math.min(last ?? size - 1, size - 1) };
}
