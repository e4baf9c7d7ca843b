import { splitArn, splitRequestedArn } from '../model/arn.ts';

/** Patterns made ready for many comparisons; equal to `matchesWildcard` and `resourceMatches` in what they match. */
export type TextTest = (text: string) => boolean;

const anything: TextTest = () => true;

/**
 * Compiles a wildcard pattern. The literal pieces between the stars are looked for from left to right, each at its
 * first place: an earlier place leaves more room for the rest, so there is never a reason to go back.
 */
export function compileWildcard(pattern: string): TextTest {
  if (!pattern.includes('*') && !pattern.includes('?')) return (text) => text === pattern;
  if (/^\*+$/.test(pattern)) return anything;
  const pieces = pattern.split(/\*+/);
  const first = pieces[0]!;
  const last = pieces.at(-1)!;
  if (pieces.length === 1) return (text) => text.length === first.length && pieceAt(first, text, 0);
  const middle = pieces.slice(1, -1);
  const shortest = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (middle.length === 0 && last === '' && !first.includes('?')) return (text) => text.startsWith(first);
  return (text) => {
    if (text.length < shortest) return false;
    if (!pieceAt(first, text, 0)) return false;
    const end = text.length - last.length;
    if (!pieceAt(last, text, end)) return false;
    let at = first.length;
    for (const piece of middle) {
      at = findPiece(piece, text, at, end);
      if (at < 0) return false;
      at += piece.length;
    }
    return true;
  };
}

/** Whether a piece, `?` standing for any character, is at a place of the text. */
function pieceAt(piece: string, text: string, at: number): boolean {
  for (let i = 0; i < piece.length; i++) {
    const c = piece.charCodeAt(i);
    if (c !== 63 /* ? */ && c !== text.charCodeAt(at + i)) return false;
  }
  return true;
}

/** The first place of a piece between two places of the text, or -1. */
function findPiece(piece: string, text: string, from: number, end: number): number {
  if (!piece.includes('?')) {
    const at = text.indexOf(piece, from);
    return at >= 0 && at + piece.length <= end ? at : -1;
  }
  for (let at = from; at + piece.length <= end; at++) if (pieceAt(piece, text, at)) return at;
  return -1;
}

/** A resource name taken apart once for all patterns. */
export interface SplitResource {
  readonly text: string;
  readonly parts: readonly string[];
}

export function splitResource(text: string): SplitResource {
  return { text, parts: splitRequestedArn(text) };
}

/** Compiles a resource pattern; see `resourceMatches` for what it means. */
export function compileResource(pattern: string): (resource: SplitResource) => boolean {
  if (/^\*+$/.test(pattern)) return () => true;
  const parts = splitArn(pattern);
  const last = parts.length - 1;
  const rest = compileWildcard(parts[last]!);
  const tests: { readonly index: number; readonly test: TextTest }[] = [];
  for (let index = 0; index < last; index++) {
    // An empty region or account stands for "none", which a request writes as `*`.
    const part = parts[index] === '' && (index === 2 || index === 3) ? undefined : parts[index]!;
    const test = part === undefined ? (text: string) => text === '*' : compileWildcard(part);
    if (test !== anything) tests.push({ index, test });
  }
  return ({ text, parts: actual }) => {
    if (actual.length <= last) return false;
    for (const { index, test } of tests) if (!test(actual[index]!)) return false;
    return rest(last === 4 ? actual[4]! : last === 0 ? text : actual.slice(last).join(':'));
  };
}
