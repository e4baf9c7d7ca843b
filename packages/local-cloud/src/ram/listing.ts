import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { ramError } from './errors.ts';

/**
 * One page of a list in RAM's way: `MaxItems` (100 unless said, at most 1000) from `Marker` on.
 *
 * @param all in a fixed order
 * @param name what tells one from the others; the marker holds it
 */
export function readList<T>(
  { parameters }: RpcCall,
  all: readonly T[],
  name: (one: T) => string,
): { page: readonly T[]; answer: Answer } {
  const size = parameters.integer('MaxItems', { min: 1, max: 1000, default: 100 });
  const marker = parameters.optional('Marker');
  const start = marker === undefined ? 0 : all.findIndex((one) => name(one) === fromMarker(marker));
  if (start < 0) throw ramError.invalid('Marker', 'it is not one that a list has given');
  const next = all[start + size];
  return {
    page: all.slice(start, start + size),
    answer: next === undefined ? { IsTruncated: false } : { IsTruncated: true, Marker: toMarker(name(next)) },
  };
}

const toMarker = (name: string) => Buffer.from(name, 'utf8').toString('base64url');
const fromMarker = (marker: string) => Buffer.from(marker, 'base64url').toString('utf8');
