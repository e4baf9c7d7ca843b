import fc from 'fast-check';
import * as t from 'io-ts';
import { describe, expect, it } from 'vitest';
import { parseXml, renderXml } from './xml.ts';

const List = t.type({ Key: t.array(t.string) });
const malformed = expect.objectContaining({ code: 'MalformedXML', status: 400 });

describe('XML', () => {
  it('gives back every text, control characters and white space included', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 3 }), (keys) => {
        // A NUL cannot be told in XML at all, and object names have none.
        const texts = keys.map((key) => key.replaceAll('\0', ''));
        expect(parseXml(renderXml('List', { Key: texts }), 'List', List, ['Key'])).toMatchObject({
          Key: texts,
        });
      }),
    );
  });

  it('reads references to characters', () => {
    expect(parseXml('<List><Key>&#x41;&#66;&amp;lt;</Key></List>', 'List', List, ['Key'])).toMatchObject({
      Key: ['AB&lt;'],
    });
  });

  it.each([
    '',
    'text',
    '<List>',
    '<List><Key></List>',
    '<Other><Key>a</Key></Other>',
    '<List/>',
    '<!DOCTYPE List [<!ENTITY a "aaaa">]><List><Key>&a;</Key></List>',
  ])('refuses %j', (text) => {
    expect(() => parseXml(text, 'List', List, ['Key'])).toThrow(malformed);
  });
});
