import { distance } from 'fastest-levenshtein';
import type * as t from 'io-ts';

/** The kinds of io-ts type a seed is made of, as far as they have members. */
type Composite =
  | t.InterfaceType<t.Props>
  | t.PartialType<t.Props>
  | t.IntersectionType<t.Any[]>
  | t.ReadonlyType<t.Any>
  | t.ExactType<t.HasProps>
  | t.ArrayType<t.Any>
  | t.ReadonlyArrayType<t.Any>
  | t.DictionaryType<t.Any, t.Any>;

/**
 * One sentence for each field of `given` that means nothing: its path, and the known field that comes nearest. Decoding
 * leaves such fields out, so that they are those which `decoded` lacks.
 *
 * @param type what `given` was decoded as; absent where any field will do
 */
export function unknownFields(
  given: unknown,
  decoded: unknown,
  type: t.Any | undefined,
  path: readonly (string | number)[] = [],
): string[] {
  if (typeof given !== 'object' || given === null || typeof decoded !== 'object' || decoded === null)
    return [];
  return Object.entries(given).flatMap(([name, value]) => {
    const here = [...path, name];
    if (Object.hasOwn(decoded, name))
      return unknownFields(value, (decoded as Record<string, unknown>)[name], memberOf(type, name), here);
    if (value === undefined) return [];
    return [`${here.join('.')}: there is no such field${suggestion(name, fieldsOf(type))}`];
  });
}

function suggestion(name: string, fields: readonly string[]): string {
  if (fields.length === 0) return '';
  const far = (field: string) => distance(name.slice(0, 64).toLowerCase(), field.toLowerCase());
  const nearest = fields.reduce((best, field) => (far(field) < far(best) ? field : best));
  // A name of which more than a third is wrong was not meant to be that one.
  return far(nearest) <= Math.max(1, name.length / 3)
    ? `; did you mean ${nearest}?`
    : `; there are ${fields.join(', ')}`;
}

function memberOf(type: t.Any | undefined, name: string): t.Any | undefined {
  const composite = type as Composite | undefined;
  switch (composite?._tag) {
    case 'InterfaceType':
    case 'PartialType':
      return Object.hasOwn(composite.props, name) ? composite.props[name] : undefined;
    case 'IntersectionType':
      return composite.types.map((part) => memberOf(part, name)).find((member) => member !== undefined);
    case 'ReadonlyType':
    case 'ExactType':
      return memberOf(composite.type, name);
    case 'ArrayType':
    case 'ReadonlyArrayType':
      return composite.type;
    case 'DictionaryType':
      return composite.codomain;
    default:
      return undefined;
  }
}

function fieldsOf(type: t.Any | undefined): readonly string[] {
  const composite = type as Composite | undefined;
  switch (composite?._tag) {
    case 'InterfaceType':
    case 'PartialType':
      return Object.keys(composite.props);
    case 'IntersectionType':
      return composite.types.flatMap(fieldsOf);
    case 'ReadonlyType':
    case 'ExactType':
      return fieldsOf(composite.type);
    default:
      return [];
  }
}
