/** Compressed and uncompressed points of the NIST curves (SEC 1, section 2.3). Public keys only: nothing here is secret. */
interface Curve {
  /** The field's prime, which is 3 modulo 4 for both curves. */
  readonly p: bigint;
  readonly b: bigint;
  readonly length: number;
}

/** Parameters of FIPS 186-4, appendix D.1.2. */
const curves: Readonly<Record<'P-256' | 'P-384', Curve>> = {
  'P-256': {
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    length: 32,
  },
  'P-384': {
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    length: 48,
  },
};

/** The compressed form of an uncompressed point (0x04, x, y). */
export function compressPoint(uncompressed: Uint8Array): Uint8Array {
  const length = (uncompressed.length - 1) / 2;
  return Uint8Array.of(2 + (uncompressed.at(-1)! & 1), ...uncompressed.subarray(1, 1 + length));
}

/** @throws {RangeError} when no point of the curve has this form */
export function decompressPoint(compressed: Uint8Array, name: 'P-256' | 'P-384'): Uint8Array {
  const { p, b, length } = curves[name];
  const x = toNumber(compressed.subarray(1));
  const ySquared = (x ** 3n - 3n * x + b) % p;
  const root = power(ySquared < 0n ? ySquared + p : ySquared, (p + 1n) / 4n, p);
  if (compressed.length !== 1 + length || x >= p || (root * root - ySquared) % p !== 0n) {
    throw new RangeError(`not a compressed point of ${name}`);
  }
  const isOdd = (root & 1n) === 1n;
  const y = isOdd === (compressed[0] === 3) ? root : p - root;
  return Uint8Array.of(4, ...compressed.subarray(1), ...toBytes(y, length));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let bits = exponent; bits > 0n; bits >>= 1n) {
    if ((bits & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function toBytes(number: bigint, length: number): number[] {
  return Array.from({ length }, (_, index) => Number((number >> BigInt(8 * (length - 1 - index))) & 0xffn));
}
