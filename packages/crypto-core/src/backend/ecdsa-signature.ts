/**
 * The two forms of an ECDSA signature: DER `SEQUENCE { INTEGER r, INTEGER s }` in messages, and r and s at fixed
 * length, one after the other, in WebCrypto.
 */
type Curve = 'P-256' | 'P-384';

const fieldLengths: Readonly<Record<Curve, number>> = { 'P-256': 32, 'P-384': 48 };

export function encodeEcdsaSignature(fixed: Uint8Array, curve: Curve): Uint8Array {
  const length = fieldLengths[curve];
  const content = [...derInteger(fixed.subarray(0, length)), ...derInteger(fixed.subarray(length))];
  return Uint8Array.of(0x30, content.length, ...content);
}

/** Undefined for anything but the one DER encoding of two non-negative numbers that fit the curve. */
export function decodeEcdsaSignature(der: Uint8Array, curve: Curve): Uint8Array | undefined {
  const length = fieldLengths[curve];
  const fixed = new Uint8Array(2 * length);
  // At most 2 * (2 + 49) bytes of content: lengths are always one byte.
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 2 + 2 * (3 + length)) return undefined;
  let at = 2;
  for (const end of [length, 2 * length]) {
    const size = der[at + 1];
    if (der[at] !== 0x02 || size === undefined || size === 0 || at + 2 + size > der.length) return undefined;
    const number = der.subarray(at + 2, at + 2 + size);
    const padded = number[0] === 0;
    if (number[0]! > 0x7f || (padded && size > 1 && number[1]! < 0x80)) return undefined;
    const significant = padded ? number.subarray(1) : number;
    if (significant.length > length) return undefined;
    fixed.set(significant, end - significant.length);
    at += 2 + size;
  }
  return at === der.length ? fixed : undefined;
}

function derInteger(bytes: Uint8Array): number[] {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const significant = [...bytes.subarray(start)];
  if (significant[0]! > 0x7f) significant.unshift(0);
  return [0x02, significant.length, ...significant];
}
