import { TruncatedMessageError } from '../errors.ts';

/** Big-endian reading with bounds checks: a field that is not all there is a TruncatedMessageError, never a short read. */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #base: number;
  /** Where the next field starts in `bytes`. */
  offset: number;

  /** @param base where `bytes` start in the message: errors count from the message's start */
  constructor(bytes: Uint8Array, offset = 0, base = 0) {
    this.bytes = bytes;
    this.#base = base;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.offset = offset;
  }

  /** Where the next field starts in the message. */
  get position(): number {
    return this.#base + this.offset;
  }

  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  /** A view (no copy) of the next `length` bytes. */
  take(length: number, what: string): Uint8Array {
    const start = this.#advance(length, what);
    return this.bytes.subarray(start, start + length);
  }

  u8(what: string): number {
    return this.#view.getUint8(this.#advance(1, what));
  }

  u16(what: string): number {
    return this.#view.getUint16(this.#advance(2, what));
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#advance(4, what));
  }

  u64(what: string): bigint {
    return this.#view.getBigUint64(this.#advance(8, what));
  }

  #advance(length: number, what: string): number {
    const start = this.offset;
    if (length > this.bytes.length - start) {
      throw new TruncatedMessageError(what, this.#base + start, this.#base + start + length);
    }
    this.offset = start + length;
    return start;
  }
}
