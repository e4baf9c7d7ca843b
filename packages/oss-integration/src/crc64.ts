import { createCRC64, type IHasher } from 'hash-wasm';

/** CRC-64/XZ (reflected ECMA-182), which OSS returns in `x-oss-hash-crc64ecma`, over any number of chunks. */
export interface Crc64 {
  update(chunk: Uint8Array): void;
  /** The checksum; the counter cannot be used afterwards. */
  digest(): bigint;
}

// A counter is a WebAssembly instance with its own memory: small reads would spend their time making them.
const idle: IHasher[] = [];
const MAX_IDLE = 32;

export async function newCrc64(): Promise<Crc64> {
  const hasher = idle.pop() ?? (await createCRC64());
  hasher.init();
  return {
    update: (chunk) => void hasher.update(chunk),
    digest() {
      const value = BigInt(`0x${hasher.digest('hex')}`);
      if (idle.length < MAX_IDLE) idle.push(hasher);
      return value;
    },
  };
}

/** CRC-64/XZ of bytes at hand. */
export async function crc64Of(bytes: Uint8Array): Promise<bigint> {
  const crc = await newCrc64();
  crc.update(bytes);
  return crc.digest();
}

const POLYNOMIAL = 0xc96c5795d7870f42n;

/**
 * The checksum of two pieces put together, from theirs: `first` is advanced by as many zero bytes as the second piece
 * has. A CRC is linear, so advancing by one bit is a 64 x 64 matrix over GF(2), and by n bits that matrix to the nth
 * power, made of its powers of two (the method of zlib's crc32_combine).
 */
export function combineCrc64(first: bigint, second: bigint, secondLength: number): bigint {
  let advanced = first;
  for (let power = 0, rest = secondLength; rest > 0; power++, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) advanced = multiply(zeroBytes(power), advanced);
  }
  return advanced ^ second;
}

type Matrix = readonly bigint[];

const powers: Matrix[] = [];

/** What 2^power zero bytes do to a checksum. */
function zeroBytes(power: number): Matrix {
  const known = powers[power];
  if (known !== undefined) return known;
  const matrix = power === 0 ? square(square(square(zeroBit()))) : square(zeroBytes(power - 1));
  powers[power] = matrix;
  return matrix;
}

function zeroBit(): Matrix {
  return [POLYNOMIAL, ...Array.from({ length: 63 }, (_, bit) => 1n << BigInt(bit))];
}

function multiply(matrix: Matrix, vector: bigint): bigint {
  let sum = 0n;
  for (let bit = 0, rest = vector; rest !== 0n; bit++, rest >>= 1n) {
    if (rest & 1n) sum ^= matrix[bit] ?? 0n;
  }
  return sum;
}

function square(matrix: Matrix): Matrix {
  return matrix.map((column) => multiply(matrix, column));
}
