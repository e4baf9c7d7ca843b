/**
 * A JSON reader that keeps positions and goes on after a mistake.
 *
 * JSON.parse stops at the first mistake and forgets where things stood; people copy policies from documents that
 * have several. This reader takes what they meant (a trailing comma, a comment, a brace that is not closed) and
 * reports each as a {@link SyntaxMistake}; only a tree without mistakes is JSON.
 *
 * Depth and length are limited, so recursion is bounded and no text can exhaust memory.
 *
 * Source: RFC 8259.
 */

/** Longest text that is read, in UTF-16 code units. RAM's longest policy has 16,384. */
export const MAX_TEXT_LENGTH = 8 * 1024 * 1024;
/** Deepest nesting that is read. A policy needs five levels. */
export const MAX_DEPTH = 64;
/** Mistakes after which reading stops: more would not help anybody. */
const MAX_MISTAKES = 100;

export interface JsonMember {
  key: string;
  readonly start: number;
  readonly keyEnd: number;
  /** Undefined when the text has a name without a value. */
  value: JsonNode | undefined;
}

export type JsonNode =
  | { readonly kind: 'object'; readonly start: number; end: number; readonly members: JsonMember[] }
  | { readonly kind: 'array'; readonly start: number; end: number; readonly items: JsonNode[] }
  | { readonly kind: 'scalar'; readonly start: number; readonly end: number; readonly value: ScalarValue };

export type ScalarValue = string | number | boolean | null;

export interface SyntaxMistake {
  readonly code: string;
  readonly offset: number;
  readonly message: string;
  readonly expected: string;
  readonly suggestion?: string | undefined;
  /** Whether the reader knew what was meant; when not, no value should be built from the tree. */
  readonly understood: boolean;
}

export interface JsonTree {
  /** Undefined when the text has no value at all. */
  readonly root: JsonNode | undefined;
  readonly mistakes: readonly SyntaxMistake[];
}

/** Unwinds the reader when going on makes no sense; caught in {@link readJson}. */
class Stop extends Error {}

export function readJson(text: string): JsonTree {
  const reader = new Reader(text);
  try {
    return { root: reader.readText(), mistakes: reader.mistakes };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { root: undefined, mistakes: reader.mistakes };
  }
}

/** The value a tree stands for. A repeated name means its last value, as it does for JSON.parse. */
export function treeValue(node: JsonNode | undefined): unknown {
  if (node === undefined) return null;
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'array') return node.items.map(treeValue);
  // fromEntries defines own properties, so a member named __proto__ is only a member.
  return Object.fromEntries(node.members.map((member) => [member.key, treeValue(member.value)]));
}

class Reader {
  readonly mistakes: SyntaxMistake[] = [];
  readonly #text: string;
  #at = 0;
  #foreignBlanks = false;

  constructor(text: string) {
    this.#text = text;
  }

  readText(): JsonNode | undefined {
    if (this.#text.length > MAX_TEXT_LENGTH) {
      this.#stop({
        code: 'too-long',
        offset: 0,
        message: `The text has ${this.#text.length} characters.`,
        expected: `at most ${MAX_TEXT_LENGTH} characters; the longest policy that exists has 16384`,
      });
    }
    if (this.#text.charCodeAt(0) === 0xfeff) this.#at = 1;
    this.#skipBlanks();
    if (this.#at >= this.#text.length)
      this.#stop({
        code: 'no-value',
        offset: 0,
        message: 'The text is empty.',
        expected: 'a policy as JSON',
      });
    const root = this.#readValue(0);
    this.#skipBlanks();
    if (this.#at < this.#text.length)
      this.#report({
        code: 'text-after-end',
        suggestion: 'remove what follows',
        offset: this.#at,
        message: `The policy has ended, but ${this.#quote(this.#at)} follows.`,
        expected: 'the end of the text',
      });
    return root;
  }

  #readValue(depth: number): JsonNode | undefined {
    if (depth > MAX_DEPTH)
      this.#stop({
        code: 'too-deep',
        offset: this.#at,
        message: `Values are nested more than ${MAX_DEPTH} deep.`,
        expected: 'a policy, which is nested five deep',
      });
    const c = this.#text[this.#at];
    if (c === '{') return this.#readObject(depth);
    if (c === '[') return this.#readArray(depth);
    if (c !== undefined && isQuote(c)) return this.#readString();
    if (c === undefined || ',]}:'.includes(c)) return undefined;
    return this.#readWord();
  }

  #readObject(depth: number): JsonNode {
    const node = { kind: 'object' as const, start: this.#at, end: this.#at, members: [] as JsonMember[] };
    const seen = new Set<string>();
    this.#at++;
    let comma: number | undefined;
    for (;;) {
      this.#skipBlanks();
      const c = this.#text[this.#at];
      if (c === '}' || c === ']' || c === undefined) {
        this.#closeAt(node, '}', c, comma);
        return node;
      }
      if (c === ',') {
        this.#extraComma();
        continue;
      }
      if (node.members.length > 0 && comma === undefined) this.#missingComma();
      const member = this.#readMember(depth);
      if (member !== undefined) {
        if (seen.has(member.key))
          this.#report({
            code: 'duplicate-key',
            suggestion: 'remove the one that is not meant',
            offset: member.start,
            message: `The name ${JSON.stringify(member.key)} is written twice; only the last one would count.`,
            expected: 'each name once',
            understood: true,
          });
        seen.add(member.key);
        node.members.push(member);
      }
      comma = this.#readComma();
    }
  }

  #readMember(depth: number): JsonMember | undefined {
    const start = this.#at;
    const c = this.#text[start]!;
    let key: string;
    if (isQuote(c)) {
      const name = this.#readString();
      key = name.kind === 'scalar' ? String(name.value) : '';
    } else {
      const word = /^[A-Za-z_$][\w$-]*/.exec(this.#text.slice(start, start + 200))?.[0];
      if (word === undefined) {
        this.#skipUnknown('a name in quotation marks');
        return undefined;
      }
      this.#at += word.length;
      key = word;
      this.#report({
        code: 'unquoted-name',
        offset: start,
        message: `The name ${word} is not in quotation marks.`,
        expected: 'a name in quotation marks',
        suggestion: JSON.stringify(word),
        understood: true,
      });
    }
    const keyEnd = this.#at;
    this.#skipBlanks();
    if (this.#text[this.#at] !== ':') {
      this.#report({
        code: 'missing-value',
        offset: start,
        message: `${JSON.stringify(key)} stands where a name and a value belong.`,
        expected: 'a name, a colon and a value',
        understood: true,
        ...(/^[a-z][a-z0-9-]*:/.test(key) ? { suggestion: `"Action": ${JSON.stringify(key)}` } : {}),
      });
      return { key, start, keyEnd, value: undefined };
    }
    this.#at++;
    this.#skipBlanks();
    const value = this.#readValue(depth + 1);
    if (value === undefined)
      this.#report({
        code: 'missing-value',
        offset: this.#at,
        message: `${JSON.stringify(key)} has no value.`,
        expected: 'a value',
      });
    return { key, start, keyEnd, value };
  }

  #readArray(depth: number): JsonNode {
    const node = { kind: 'array' as const, start: this.#at, end: this.#at, items: [] as JsonNode[] };
    this.#at++;
    let comma: number | undefined;
    for (;;) {
      this.#skipBlanks();
      const c = this.#text[this.#at];
      if (c === ']' || c === '}' || c === undefined) {
        this.#closeAt(node, ']', c, comma);
        return node;
      }
      if (c === ',') {
        this.#extraComma();
        continue;
      }
      if (node.items.length > 0 && comma === undefined) this.#missingComma();
      const item = this.#readValue(depth + 1);
      if (item === undefined) this.#skipUnknown('a value');
      else node.items.push(item);
      comma = this.#readComma();
    }
  }

  /** Ends an object or list at its own bracket, or before a bracket that closes something around it. */
  #closeAt(
    node: { end: number },
    wanted: '}' | ']',
    found: string | undefined,
    comma: number | undefined,
  ): void {
    if (comma !== undefined)
      this.#report({
        code: 'trailing-comma',
        suggestion: 'remove the comma',
        offset: comma,
        message: 'A comma stands before the end of the list or object.',
        expected: 'no comma after the last element',
        understood: true,
      });
    if (found === wanted) this.#at++;
    else
      this.#report({
        code: wanted === '}' ? 'missing-brace' : 'missing-bracket',
        offset: this.#at,
        message: `${found === undefined ? 'The text ends' : JSON.stringify(found)} where ${JSON.stringify(wanted)} belongs.`,
        expected: JSON.stringify(wanted),
        suggestion: wanted,
        understood: true,
      });
    node.end = this.#at;
  }

  #readComma(): number | undefined {
    this.#skipBlanks();
    if (this.#text[this.#at] !== ',') return undefined;
    return this.#at++;
  }

  #extraComma(): void {
    this.#report({
      code: 'extra-comma',
      suggestion: 'remove the comma',
      offset: this.#at,
      message: 'A comma stands where an element belongs.',
      expected: 'an element',
      understood: true,
    });
    this.#at++;
  }

  #missingComma(): void {
    this.#report({
      code: 'missing-comma',
      offset: this.#at,
      message: 'No comma stands before this element.',
      expected: '","',
      suggestion: ',',
      understood: true,
    });
  }

  #readString(): JsonNode {
    const start = this.#at;
    const quote = this.#text[start]!;
    const closing = quote === '“' || quote === '”' ? '“”' : quote === '‘' || quote === '’' ? '‘’' : quote;
    if (quote !== '"')
      this.#report({
        code: 'wrong-quotes',
        offset: start,
        message: `The string is in ${quote} instead of ".`,
        expected: 'straight double quotation marks',
        understood: true,
      });
    let value = '';
    let plain = start + 1;
    let i = plain;
    for (; ; i++) {
      const c = this.#text[i];
      if (c === undefined || c === '\n') {
        this.#report({
          code: 'unterminated-string',
          offset: start,
          message: 'The string does not end on its line.',
          expected: 'a closing quotation mark',
        });
        break;
      }
      if (closing.includes(c)) break;
      if (c === '\\') {
        value += this.#text.slice(plain, i);
        const [decoded, length] = this.#readEscape(i);
        value += decoded;
        i += length - 1;
        plain = i + 1;
      } else if (c < ' ') {
        this.#report({
          code: 'control-character',
          offset: i,
          message: `The string holds the control character U+${c.charCodeAt(0).toString(16).padStart(4, '0')}.`,
          expected: 'an escape such as \\t',
          understood: true,
        });
      }
    }
    value += this.#text.slice(plain, i);
    this.#at = Math.min(this.#text.length, this.#text[i] === '\n' ? i : i + 1);
    return { kind: 'scalar', start, end: this.#at, value };
  }

  #readEscape(at: number): readonly [text: string, length: number] {
    const letter = this.#text[at + 1] ?? '';
    const simple = ESCAPES[letter];
    if (simple !== undefined) return [simple, 2];
    const code = this.#text.slice(at + 2, at + 6);
    if (letter === 'u' && /^[0-9a-fA-F]{4}$/.test(code))
      return [String.fromCharCode(Number.parseInt(code, 16)), 6];
    // A backslash before punctuation is what Markdown leaves behind; before a letter nobody knows what was meant.
    const understood = /^[^\w\s]$/.test(letter);
    this.#report({
      code: 'wrong-escape',
      offset: at,
      message: `JSON has no escape \\${letter}.`,
      expected: 'one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX',
      ...(understood ? { suggestion: 'remove the backslash' } : {}),
      understood,
    });
    return [letter, 1 + letter.length];
  }

  /** A number, true, false, null, or something else that stands without quotation marks. */
  #readWord(): JsonNode | undefined {
    const start = this.#at;
    while (this.#at < this.#text.length && !/[\s,[\]{}:"]/.test(this.#text[this.#at]!)) {
      if (this.#text.startsWith('//', this.#at) || this.#text.startsWith('/*', this.#at)) break;
      this.#at++;
    }
    const word = this.#text.slice(start, this.#at);
    const node = (value: ScalarValue): JsonNode => ({ kind: 'scalar', start, end: this.#at, value });
    if (word === 'true' || word === 'false') return node(word === 'true');
    if (word === 'null') return node(null);
    if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word)) return node(Number(word));
    this.#report({
      code: 'unquoted-text',
      offset: start,
      message: `${JSON.stringify(shorten(word))} is no JSON value.`,
      expected: 'a string in quotation marks, a list or an object',
      suggestion: JSON.stringify(shorten(word)),
    });
    if (word === '') this.#at++;
    return node(word);
  }

  /** Passes over text that cannot be an element, up to the next comma or bracket. */
  #skipUnknown(expected: string): void {
    this.#report({
      code: 'unexpected-text',
      offset: this.#at,
      message: `${this.#quote(this.#at)} stands where ${expected} belongs.`,
      expected,
    });
    this.#at++;
    while (this.#at < this.#text.length && !/[,[\]{}"]/.test(this.#text[this.#at]!)) this.#at++;
  }

  #skipBlanks(): void {
    for (;;) {
      const c = this.#text.charCodeAt(this.#at);
      if (c === 0x20 || c === 0x09 || c === 0x0a || c === 0x0d) {
        this.#at++;
      } else if (c === 0x2f && (this.#text[this.#at + 1] === '/' || this.#text[this.#at + 1] === '*')) {
        const start = this.#at;
        const block = this.#text[start + 1] === '*';
        const end = this.#text.indexOf(block ? '*/' : '\n', start + 2);
        this.#at = end < 0 ? this.#text.length : end + (block ? 2 : 0);
        this.#report({
          code: 'comment',
          suggestion: 'remove the comment',
          offset: start,
          message: 'JSON has no comments.',
          expected: 'no comment',
          understood: true,
        });
      } else if (c === 0xa0 || c === 0x3000 || c === 0x200b) {
        // A text has them everywhere or nowhere: the first one stands for all.
        if (!this.#foreignBlanks)
          this.#report({
            code: 'wrong-blank',
            offset: this.#at,
            message: `U+${c.toString(16).padStart(4, '0')} is no blank of JSON, here and wherever else it stands.`,
            expected: 'a plain blank',
            understood: true,
          });
        this.#foreignBlanks = true;
        this.#at++;
      } else return;
    }
  }

  #report(mistake: Omit<SyntaxMistake, 'understood'> & { readonly understood?: boolean }): void {
    if (this.mistakes.length >= MAX_MISTAKES) throw new Stop();
    this.mistakes.push({ understood: false, ...mistake });
  }

  #stop(mistake: Omit<SyntaxMistake, 'understood'>): never {
    this.#report(mistake);
    throw new Stop();
  }

  #quote(at: number): string {
    return JSON.stringify(shorten(this.#text.slice(at, at + 21)));
  }
}

function shorten(text: string): string {
  return text.length > 20 ? `${text.slice(0, 20)}…` : text;
}

function isQuote(c: string): boolean {
  return c === '"' || c === "'" || c === '“' || c === '”' || c === '‘' || c === '’';
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
