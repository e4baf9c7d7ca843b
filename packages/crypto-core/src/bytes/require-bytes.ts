import { InvalidArgumentError } from '../errors.ts';

/**
 * Bytes from a caller as a plain Uint8Array over the same memory. A subclass does not do what its class does: `slice` of
 * a Buffer gives a view, where a copy is meant, and the caller may use the memory again.
 *
 * @throws {InvalidArgumentError} when it is no Uint8Array
 */
export function requireBytes(argument: string, value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new InvalidArgumentError(
      `${argument} must be a Uint8Array, not ${value === null ? 'null' : typeof value}`,
    );
  }
  return Object.getPrototypeOf(value) === Uint8Array.prototype
    ? value
    : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}
