import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import { isLeft } from 'fp-ts/lib/Either.js';
import type * as t from 'io-ts';
import { PathReporter } from 'io-ts/lib/PathReporter.js';
import { malformedXml } from './errors.ts';

/** An element's content: text, or child elements by name; an array is the element repeated; undefined, its absence. */
export type XmlContent =
  | string
  | number
  | boolean
  | undefined
  | readonly XmlContent[]
  | { readonly [element: string]: XmlContent };

const builder = new XMLBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  suppressEmptyNode: false,
  // The builder's own escaping leaves carriage returns bare, and a parser would read them as line feeds.
  processEntities: false,
  tagValueProcessor: (_, value) => escapeText(String(value)),
});

export function renderXml(root: string, content: XmlContent): string {
  return builder.build({ '?xml': { '@version': '1.0', '@encoding': 'UTF-8' }, [root]: content });
}

const named: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** The parser would drop references to control characters, which object names may have. */
function unescapeText(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]+));/gi, (reference, hex, decimal, name) => {
    if (name !== undefined) return named[name] ?? reference;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : reference;
  });
}

function escapeText(text: string): string {
  // Control characters have no place in XML 1.0 but in object names: they go out as references, which most parsers take.
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
    /[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] ?? `&#${character.charCodeAt(0)};`,
  );
}

/**
 * Reads a request's document.
 *
 * @param root the name its root element must have
 * @param codec of the root's content: text is strings, repeated elements are arrays
 * @param repeated the elements that may come more than once; they are arrays even when they come once
 * @throws ServiceError `MalformedXML`
 */
export function parseXml<A>(
  text: string,
  root: string,
  codec: t.Decoder<unknown, A>,
  repeated: readonly string[] = [],
): A {
  // Declared entities are how small documents grow big ones; no request of OSS has a document type.
  if (/<!DOCTYPE/i.test(text)) throw malformedXml('a document type declaration is not allowed.');
  const parser = new XMLParser({
    parseTagValue: false,
    trimValues: false,
    ignoreDeclaration: true,
    processEntities: false,
    tagValueProcessor: (_, value) => unescapeText(value),
    isArray: (name) => repeated.includes(name),
  });
  let document: unknown;
  try {
    document = parser.parse(text, true);
  } catch (error) {
    throw malformedXml(error instanceof Error ? error.message : String(error));
  }
  const content =
    typeof document === 'object' && document !== null && Object.hasOwn(document, root)
      ? (document as Record<string, unknown>)[root]
      : undefined;
  if (content === undefined) throw malformedXml(`the root element is not ${root}.`);
  const decoded = codec.decode(content);
  if (isLeft(decoded)) throw malformedXml(PathReporter.report(decoded).join('; '));
  return decoded.right;
}
