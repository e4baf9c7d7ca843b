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
 * power, by repeated squaring (the method of zlib's crc32_combine).
 */
export function combineCrc64(first: bigint, second: bigint, secondLength: number): bigint {
  let advanced = first;
  let power: readonly bigint[] = square(square(square(oneBit())));
  for (let remaining = secondLength; remaining > 0; remaining = Math.floor(remaining / 2)) {
    if (remaining % 2 === 1) advanced = multiply(power, advanced);
    power = square(power);
  }
  return advanced ^ second;
}

function oneBit(): readonly bigint[] {
  return [POLYNOMIAL, ...Array.from({ length: 63 }, (_, bit) => 1n << BigInt(bit))];
}

function multiply(matrix: readonly bigint[], vector: bigint): bigint {
  let sum = 0n;
  for (let bit = 0, rest = vector; rest !== 0n; bit++, rest >>= 1n) {
    if (rest & 1n) sum ^= matrix[bit] ?? 0n;
  }
  return sum;
}

function square(matrix: readonly bigint[]): readonly bigint[] {
  return matrix.map((column) => multiply(matrix, column));
}
