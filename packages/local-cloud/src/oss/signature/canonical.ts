import type { IncomingHttpHeaders } from 'node:http';
import type { Address } from '../address.ts';
import { headerText } from '../text.ts';

/** The parts of a request that signatures cover. */
export interface SignedRequest {
  readonly method: string;
  readonly address: Address;
  readonly headers: IncomingHttpHeaders;
}

/** The value of a header as text, trimmed; empty where it is absent. */
export function headerValue(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return headerText((Array.isArray(value) ? value.join(',') : (value ?? '')).trim());
}

/** `name:value\n` for each of these headers, in the order of their names. */
export function canonicalHeaders(headers: IncomingHttpHeaders, covers: (name: string) => boolean): string {
  return Object.keys(headers)
    .filter(covers)
    .sort()
    .map((name) => `${name}:${headerValue(headers, name)}\n`)
    .join('');
}

/** By code unit, as the signatures sort; never by locale. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
