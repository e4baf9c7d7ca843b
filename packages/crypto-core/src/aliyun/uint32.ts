import { concat } from '../bytes/concat.ts';

/** A 32-bit unsigned integer, big-endian: how this format writes lengths, counts and ids. */
export function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** A byte string after its length. */
export function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  return concat(uint32(bytes.length), bytes);
}
