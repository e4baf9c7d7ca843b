import { randomBytes } from '../random.ts';

const inspectSymbol = Symbol.for('nodejs.util.inspect.custom');

const concealing: PropertyDescriptorMap & ThisType<Uint8Array> = {
  [inspectSymbol]: { value: describeLength },
  toJSON: { value: describeLength },
};

function describeLength(this: Uint8Array): string {
  return `[${this.length} secret bytes]`;
}

/**
 * Make sure that printing these bytes does not show them: `util.inspect`, `console.log` and `JSON.stringify` give their
 * length only. The array stays an ordinary Uint8Array otherwise, and the same one.
 */
export function concealBytes<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
  if (Object.hasOwn(bytes, inspectSymbol) || !Object.isExtensible(bytes)) return bytes;
  return Object.defineProperties(bytes, concealing);
}

/** A fresh data key from the platform's CSPRNG. */
export function generateDataKey(length: number): Uint8Array {
  return concealBytes(randomBytes(length));
}

/** A copy that can be zeroed on its own. */
export function copyDataKey(key: Uint8Array): Uint8Array {
  return concealBytes(Uint8Array.from(key));
}
