/**
 * Bytes waiting for the rest of a field or frame. Grows with what arrives, never with what a header claims, and keeps
 * its memory from one frame to the next.
 */
export class PendingBytes {
  #buffer = new Uint8Array(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A view of what is waiting; valid until the next call. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(length, this.#buffer.length * 2));
      grown.set(this.bytes);
      this.#buffer.fill(0);
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
  }

  /** Forget the first `count` bytes. */
  drop(count: number): void {
    if (count < this.#length) this.#buffer.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  /** Zero and release everything. */
  clear(): void {
    this.#buffer.fill(0);
    this.#buffer = new Uint8Array(0);
    this.#length = 0;
  }
}
