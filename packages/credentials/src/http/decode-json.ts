import * as t from 'io-ts';
import { MalformedResponseError } from '../errors.ts';

/** A UTC time in ISO 8601 notation, such as `2026-11-21T08:00:00Z`. */
export const UtcTime = new t.Type<Date, string, unknown>(
  'a UTC time in ISO 8601 notation',
  (value): value is Date => value instanceof Date,
  (value, context) => {
    if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value)) {
      return t.failure(value, context);
    }
    const date = new Date(value);
    return Number.isNaN(date.getTime()) ? t.failure(value, context) : t.success(date);
  },
  (date) => date.toISOString(),
);

/** A string of at least one character. */
export const NonEmptyString = new t.Type<string, string, unknown>(
  'a non-empty string',
  (value): value is string => typeof value === 'string' && value !== '',
  (value, context) =>
    typeof value === 'string' && value !== '' ? t.success(value) : t.failure(value, context),
  t.identity,
);

/**
 * Parse JSON and decode it. An error tells the path and what was expected there, and never what was found: it may be a secret.
 * @param what names the document in the error, such as `The metadata service's answer`
 * @param options.retryable whether the next try may bring a better document; false for a file
 * @throws MalformedResponseError
 */
export function decodeJson<A>(
  codec: t.Type<A, unknown, unknown>,
  text: string,
  what: string,
  options: { readonly retryable: boolean } = { retryable: true },
): A {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MalformedResponseError(what, '$', 'JSON', options);
  }
  return decodeValue(codec, value, what, options);
}

/** {@link decodeJson} for a value that is parsed already. */
export function decodeValue<A>(
  codec: t.Type<A, unknown, unknown>,
  value: unknown,
  what: string,
  options: { readonly retryable: boolean } = { retryable: true },
): A {
  const decoded = codec.decode(value);
  if (decoded._tag === 'Left') {
    const context = decoded.left[0]?.context ?? [];
    // io-ts also counts the members of an intersection or a union as steps; the document has no such step.
    const isStep = (index: number) => {
      const parent = context[index - 1]?.type;
      return index > 0 && !(parent instanceof t.IntersectionType) && !(parent instanceof t.UnionType);
    };
    const path = context
      .filter((_, index) => isStep(index))
      .map((entry) => (/^\d+$/.test(entry.key) ? `[${entry.key}]` : `.${entry.key}`));
    throw new MalformedResponseError(
      what,
      `$${path.join('')}`,
      context.at(-1)?.type.name ?? codec.name,
      options,
    );
  }
  return decoded.right;
}
