const encoder = new TextEncoder();
/** The lone surrogate for byte 0. */
const escaped = 0xdc00;
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 of a string that has no lone surrogates (check with `isWellFormed` where it comes from outside). */
export function encodeUtf8(text: string): Uint8Array {
  return encodeCharacters(text, false) ?? encoder.encode(text);
}

/** The text of these bytes, or undefined when they are not valid UTF-8. A byte order mark is kept. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const ascii = decodeAscii(bytes);
  if (ascii !== undefined) return ascii;
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Text for a provider info that may be binary: valid UTF-8 becomes its text, any other byte `b` the lone surrogate
 * U+DC00 + b. The mapping is one to one (it is Python's `surrogateescape`, PEP 383), so encoding gives the same bytes.
 */
export function decodeProviderInfo(bytes: Uint8Array): string {
  const ascii = decodeAscii(bytes);
  if (ascii !== undefined) return ascii;
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    text += length === 0 ? String.fromCharCode(escaped + bytes[at]!) : decodeSequence(bytes, at, length);
    at += Math.max(length, 1);
  }
  return text;
}

/** The bytes of a provider info, as {@link decodeProviderInfo} reads them. */
export function encodeProviderInfo(text: string): Uint8Array {
  const simple = encodeCharacters(text, true);
  if (simple !== undefined) return simple;
  if (text.isWellFormed()) return encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x80) bytes.push(code);
    else if (isEscaped(code)) bytes.push(code - escaped);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}

/**
 * The bytes of a short text in which every character is one byte: ASCII, and escaped bytes where they may be. Undefined
 * for any other. Header strings are nearly always so, and a TextEncoder call costs more than reading them.
 */
function encodeCharacters(text: string, mayBeEscaped: boolean): Uint8Array | undefined {
  if (text.length > 256) return undefined;
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x80) bytes[i] = code;
    else if (mayBeEscaped && isEscaped(code)) bytes[i] = code - escaped;
    else return undefined;
  }
  return bytes;
}

function isEscaped(code: number): boolean {
  return code >= escaped + 0x80 && code <= escaped + 0xff;
}

/** The counterpart for reading. */
function decodeAscii(bytes: Uint8Array): string | undefined {
  if (bytes.length > 256) return undefined;
  for (let i = 0; i < bytes.length; i += 1) if (bytes[i]! > 0x7f) return undefined;
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

/** Length of the well-formed UTF-8 sequence that starts here (Unicode standard, table 3-7), or 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const second = bytes[at + 1] ?? 0;
  if (first >= 0xc2 && first <= 0xdf) return isContinuation(second) ? 2 : 0;
  const third = bytes[at + 2] ?? 0;
  if (first >= 0xe0 && first <= 0xef) {
    const low = first === 0xe0 ? 0xa0 : 0x80;
    const high = first === 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && isContinuation(third) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const low = first === 0xf0 ? 0x90 : 0x80;
    const high = first === 0xf4 ? 0x8f : 0xbf;
    const fourth = bytes[at + 3] ?? 0;
    return second >= low && second <= high && isContinuation(third) && isContinuation(fourth) ? 4 : 0;
  }
  return 0;
}

/** The character of a sequence that was found well-formed. */
function decodeSequence(bytes: Uint8Array, at: number, length: number): string {
  const first = bytes[at]!;
  if (length === 1) return String.fromCharCode(first);
  let code = first & (0xff >> (length + 1));
  for (let i = 1; i < length; i += 1) code = (code << 6) | (bytes[at + i]! & 0x3f);
  return String.fromCodePoint(code);
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte <= 0xbf;
}
