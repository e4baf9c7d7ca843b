/** A 32-bit unsigned integer, big-endian: how this format writes lengths, counts and ids. */
export function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** A byte string after its length. */
export function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  const prefixed = new Uint8Array(4 + bytes.length);
  prefixed.set(uint32(bytes.length));
  prefixed.set(bytes, 4);
  return prefixed;
}
