import { concat } from '../bytes/concat.ts';
import { MalformedMessageError } from '../errors.ts';
import { type Cursor, enter, take } from './cursor.ts';

/*
 * The four DER types of this format (ITU-T X.690), and no more. An ASN.1 library would be the usual choice, but this
 * reader must work on a message that is still arriving, report byte offsets, refuse what is BER but not DER, and never
 * hold the body: the libraries parse whole buffers, and most are lenient.
 */

export const derTags = { integer: 0x02, octetString: 0x04, sequence: 0x30, set: 0x31 } as const;

type DerTag = keyof typeof derTags;

const typeNames: Record<DerTag, string> = {
  integer: 'an INTEGER',
  octetString: 'an OCTET STRING',
  sequence: 'a SEQUENCE',
  set: 'a SET',
};

/** Identifier and length octets of an element with `length` content bytes. */
export function derPrefix(type: DerTag, length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(derTags[type], length);
  const octets: number[] = [];
  // Division, not shifts: lengths pass 32 bits.
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Uint8Array.of(derTags[type], 0x80 | octets.length, ...octets);
}

export function derElement(type: DerTag, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  return concat(derPrefix(type, length), ...contents);
}

/** An INTEGER from 0 to 127, which is all that the format's version and algorithm need. */
export function derSmallInteger(value: number): Uint8Array {
  return Uint8Array.of(derTags.integer, 1, value);
}

/** Read identifier and length octets; the cursor stands at the content. Gives the content's length in bytes. */
export function takeDerPrefix(cursor: Cursor, type: DerTag, what: string): number {
  const start = cursor.offset;
  const tag = take(cursor, 1, what)[0]!;
  if (tag !== derTags[type]) {
    throw new MalformedMessageError(
      `${what} must be ${typeNames[type]}, not a value of tag ${hex(tag)}`,
      start,
    );
  }
  const first = take(cursor, 1, `the length of ${what}`)[0]!;
  if (first < 0x80) return first;
  if (first === 0x80)
    throw new MalformedMessageError(`${what} has an indefinite length, which DER forbids`, start);
  const count = first & 0x7f;
  // Six octets hold 256 TiB, and stay an exact number.
  if (count > 6)
    throw new MalformedMessageError(`${what} has a length of ${count} octets; at most 6 are read`, start);
  const octets = take(cursor, count, `the length of ${what}`);
  const length = octets.reduce((value, octet) => value * 256 + octet, 0);
  if (octets[0] === 0 || length < 0x80) {
    throw new MalformedMessageError(`the length of ${what} is not in its shortest form`, start);
  }
  return length;
}

/** Enter an element that must lie whole before the cursor's end. The given cursor moves past it. */
export function enterDer(cursor: Cursor, type: DerTag, what: string): Cursor {
  const start = cursor.offset;
  const length = takeDerPrefix(cursor, type, what);
  return enter(cursor, length, what, start);
}

export function takeDerOctets(cursor: Cursor, what: string): Uint8Array {
  const inner = enterDer(cursor, 'octetString', what);
  return take(inner, inner.end - inner.offset, what);
}

export function takeDerInteger(cursor: Cursor, what: string): number {
  const start = cursor.offset;
  const inner = enterDer(cursor, 'integer', what);
  const octets = take(inner, inner.end - inner.offset, what);
  const [first, second] = octets;
  if (first === undefined) throw new MalformedMessageError(`${what} is an INTEGER without content`, start);
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new MalformedMessageError(`${what} is not in its shortest form`, start);
  }
  if (octets.length > 4)
    throw new MalformedMessageError(`${what} is an INTEGER of ${octets.length} bytes`, start);
  return octets.reduce((value, octet) => value * 256 + octet, first >= 0x80 ? -1 : 0);
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
