import { ServiceError } from './service-error.ts';

/** The parameters of an RPC call, by the names the service documents, all of them text on the wire. */
export interface Parameters {
  readonly all: ReadonlyMap<string, string>;
  /** @throws ServiceError `MissingParameter` */
  required(name: string): string;
  /** An empty value counts as absent. */
  optional(name: string): string | undefined;
  /** @throws ServiceError `InvalidParameter` unless a whole number from `min` to `max` */
  integer(name: string, range: { min: number; max: number; default: number }): number;
  optionalInteger(name: string, range: { min: number; max: number }): number | undefined;
  boolean(name: string): boolean | undefined;
  oneOf<const T extends string>(name: string, values: readonly T[]): T | undefined;
  /** `Tag.1.Key=…&Tag.1.Value=…`, or a JSON array of objects with `Key` and `Value` (`TagKey`, `TagValue`). */
  tags(name: string): Record<string, string> | undefined;
  /** `InstanceId.1=…&InstanceId.2=…`, or a JSON array of strings. */
  list(name: string): string[] | undefined;
}

export function readParameters(all: ReadonlyMap<string, string>): Parameters {
  const optional = (name: string) => {
    const value = all.get(name);
    return value === '' ? undefined : value;
  };
  const invalid = (name: string, why: string) =>
    new ServiceError(400, 'InvalidParameter', `The specified parameter ${name} is not valid: ${why}.`);
  const optionalInteger: Parameters['optionalInteger'] = (name, { min, max }) => {
    const text = optional(name);
    if (text === undefined) return undefined;
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
      throw invalid(name, `it must be a whole number from ${min} to ${max}`);
    return value;
  };
  const json = (name: string): unknown => {
    const text = optional(name);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch {
      throw invalid(name, 'it is not JSON');
    }
  };
  const indexed = (name: string, field: string): [number, string][] => {
    const prefix = `${name}.`;
    const suffix = field === '' ? '' : `.${field}`;
    const found: [number, string][] = [];
    for (const [key, value] of all) {
      if (!key.startsWith(prefix) || !key.endsWith(suffix)) continue;
      const index = key.slice(prefix.length, key.length - suffix.length);
      if (/^\d{1,4}$/.test(index)) found.push([Number(index), value]);
    }
    return found.sort(([a], [b]) => a - b);
  };
  return {
    all,
    optional,
    optionalInteger,
    required(name) {
      const value = optional(name);
      if (value === undefined)
        throw new ServiceError(
          400,
          'MissingParameter',
          `The parameter ${name} is needed but was not provided.`,
        );
      return value;
    },
    integer: (name, range) => optionalInteger(name, range) ?? range.default,
    boolean(name) {
      const text = optional(name)?.toLowerCase();
      if (text === undefined) return undefined;
      if (text !== 'true' && text !== 'false') throw invalid(name, 'it must be true or false');
      return text === 'true';
    },
    oneOf(name, values) {
      const value = optional(name);
      if (value === undefined) return undefined;
      const known = values.find((one) => one === value);
      if (known === undefined) throw invalid(name, `it must be one of ${values.join(', ')}`);
      return known;
    },
    tags(name) {
      const tags: Record<string, string> = Object.create(null);
      const add = (key: unknown, value: unknown) => {
        if (typeof key !== 'string' || key === '' || key.length > 128)
          throw invalid(name, 'a tag has a key of 1 to 128 characters');
        if (typeof value !== 'string' || value.length > 128)
          throw invalid(name, 'a tag has a value of at most 128 characters');
        tags[key] = value;
      };
      const keys = indexed(name, 'Key');
      if (keys.length > 0) {
        const values = new Map(indexed(name, 'Value'));
        for (const [index, key] of keys) add(key, values.get(index) ?? '');
        return tags;
      }
      const value = json(name);
      if (value === undefined) return undefined;
      if (!Array.isArray(value)) throw invalid(name, 'it must be a JSON array of tags');
      for (const tag of value as Record<string, unknown>[])
        add(tag?.Key ?? tag?.TagKey, tag?.Value ?? tag?.TagValue ?? '');
      return tags;
    },
    list(name) {
      const found = indexed(name, '');
      if (found.length > 0) return found.map(([, value]) => value);
      const value = json(name);
      if (value === undefined) return undefined;
      if (!Array.isArray(value) || value.some((one) => typeof one !== 'string'))
        throw invalid(name, 'it must be a JSON array of strings');
      return value as string[];
    },
  };
}
