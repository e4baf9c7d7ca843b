import { createCRC64, type IHasher } from 'hash-wasm';

/** CRC-64/XZ (ECMA-182, reflected), as OSS returns it in `x-oss-hash-crc64ecma`. */
export interface Crc64 {
  update(chunk: Uint8Array): void;
  /** The checksum in decimal, as the header has it. */
  digest(): string;
}

let hasher: Promise<IHasher> | undefined;

/** One WebAssembly instance serves all checksums under way: its state is 12 bytes and is swapped for each chunk. */
export async function createCrc64(): Promise<Crc64> {
  hasher ??= createCRC64();
  const shared = await hasher;
  let state = shared.init().save();
  return {
    update(chunk) {
      state = shared.load(state).update(chunk).save();
    },
    digest: () => BigInt(`0x${shared.load(state).digest('hex')}`).toString(),
  };
}

/**
 * The checksum of two byte strings put together, from the checksums of each and the second one's length. Appending
 * n zero bytes is a linear map over GF(2); it is applied here by squaring (the method of zlib's crc32_combine).
 *
 * @param length of the second, in bytes
 */
export function combineCrc64(first: string, second: string, length: number): string {
  let checksum = BigInt(first);
  let power = oneZeroByte;
  for (let rest = length; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) checksum = apply(power, checksum);
    power = square(power);
  }
  return (checksum ^ BigInt(second)).toString();
}

/** A 64x64 matrix over GF(2) as its columns. */
type Matrix = readonly bigint[];

const polynomial = 0xc96c5795d7870f42n;

const oneZeroByte: Matrix = (() => {
  const oneZeroBit = Array.from({ length: 64 }, (_, bit) => (bit === 0 ? polynomial : 1n << BigInt(bit - 1)));
  return square(square(square(oneZeroBit)));
})();

function apply(matrix: Matrix, vector: bigint): bigint {
  let sum = 0n;
  for (let bit = 0, rest = vector; rest > 0n; bit++, rest >>= 1n) {
    if ((rest & 1n) === 1n) sum ^= matrix[bit] as bigint;
  }
  return sum;
}

function square(matrix: Matrix): Matrix {
  return matrix.map((column) => apply(matrix, column));
}
