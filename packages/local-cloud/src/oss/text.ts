import { percentEncode } from '../signatures/percent-encoding.ts';

/**
 * Header values and paths as the bytes they are on the wire. Node.js hands headers over as ISO-8859-1; OSS reads
 * them as UTF-8.
 */

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The UTF-8 text of a header as Node.js gave it; left as it is where its bytes are no UTF-8. */
export function headerText(value: string): string {
  if (isAscii(value)) return value;
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch {
    return value;
  }
}

/** The form in which Node.js writes `text` as UTF-8 bytes into a header. */
export function headerBytes(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * Decodes the `%XX` of a URL's path or query.
 *
 * @returns undefined where the escapes are broken or the bytes are no UTF-8
 */
export function percentDecode(text: string): string | undefined {
  if (!text.includes('%') && isAscii(text)) return text;
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const bytes = Buffer.from(
    text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Percent-encoding of RFC 3986, with `/` left as it is. */
export function percentEncodePath(path: string): string {
  return percentEncode(path).replaceAll('%2F', '/');
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the whole of ASCII is meant
  return /^[\x00-\x7f]*$/.test(text);
}

/** `2026-11-21T22:24:00.000Z`: OSS tells times by the second, in a form with milliseconds. */
export function wholeSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}.000Z`;
}

/** By UTF-8 bytes, as OSS sorts keys. Differs from JavaScript's own order where surrogates meet U+E000 to U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Surrogates, which stand for U+10000 and up, after all other code units. */
const rank = (unit: number) => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);
