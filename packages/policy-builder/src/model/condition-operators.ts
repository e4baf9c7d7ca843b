import { cidrContains, parseCidr, parseIpAddress } from './ip-address.ts';
import { matchesWildcard } from './wildcard.ts';

/** What a condition key holds, and so which operators may look at it. */
export type ConditionKind = 'string' | 'numeric' | 'date' | 'boolean' | 'ip';

/**
 * The operators RAM documents ("Conditional operators"), by kind, and `Null`, which asks only whether a key is
 * there. Every operator but `Null` also exists with `IfExists` behind it, and with `ForAnyValue:` or
 * `ForAllValues:` in front.
 */
export const CONDITION_OPERATORS = {
  StringEquals: 'string',
  StringNotEquals: 'string',
  StringEqualsIgnoreCase: 'string',
  StringNotEqualsIgnoreCase: 'string',
  StringLike: 'string',
  StringNotLike: 'string',
  NumericEquals: 'numeric',
  NumericNotEquals: 'numeric',
  NumericLessThan: 'numeric',
  NumericLessThanEquals: 'numeric',
  NumericGreaterThan: 'numeric',
  NumericGreaterThanEquals: 'numeric',
  DateEquals: 'date',
  DateNotEquals: 'date',
  DateLessThan: 'date',
  DateLessThanEquals: 'date',
  DateGreaterThan: 'date',
  DateGreaterThanEquals: 'date',
  Bool: 'boolean',
  IpAddress: 'ip',
  NotIpAddress: 'ip',
  IpAddressIncludeBorder: 'ip',
  NotIpAddressIncludeBorder: 'ip',
  Null: 'boolean',
} as const satisfies Record<string, ConditionKind>;

export type BaseOperator = keyof typeof CONDITION_OPERATORS;
type Suffixed = BaseOperator | `${Exclude<BaseOperator, 'Null'>}IfExists`;
/** Every operator name that a policy may hold. */
export type ConditionOperator = Suffixed | `${'ForAnyValue' | 'ForAllValues'}:${Exclude<Suffixed, 'Null'>}`;

/** An operator name taken apart. */
export interface ParsedOperator {
  readonly base: BaseOperator;
  readonly kind: ConditionKind;
  readonly ifExists: boolean;
  readonly quantifier: 'ForAnyValue' | 'ForAllValues' | undefined;
  /** Whether it asks that no value match (`StringNotEquals`, `NotIpAddress`, …). */
  readonly negated: boolean;
}

/** Takes an operator name apart; undefined when there is no such operator. */
export function parseOperator(name: string): ParsedOperator | undefined {
  let rest = name;
  let quantifier: ParsedOperator['quantifier'];
  const colon = rest.indexOf(':');
  if (colon >= 0) {
    const prefix = rest.slice(0, colon);
    if (prefix !== 'ForAnyValue' && prefix !== 'ForAllValues') return undefined;
    quantifier = prefix;
    rest = rest.slice(colon + 1);
  }
  const ifExists = rest.endsWith('IfExists');
  if (ifExists) rest = rest.slice(0, -'IfExists'.length);
  if (!Object.hasOwn(CONDITION_OPERATORS, rest)) return undefined;
  const base = rest as BaseOperator;
  if (base === 'Null' && (ifExists || quantifier !== undefined)) return undefined;
  return {
    base,
    kind: CONDITION_OPERATORS[base],
    ifExists,
    quantifier,
    negated: base.includes('Not') && base !== 'Null',
  };
}

/** Compares one value of the request with the policy's; the policy's value is prepared once. */
export type ValueTest = (actual: string) => boolean;

const never: ValueTest = () => false;

/**
 * A test for the *positive* form of an operator against one policy value (`StringNotEquals` gives the test of
 * `StringEquals`; the caller negates). A policy value that is not of the operator's kind matches nothing.
 */
export function valueTest(base: BaseOperator, expected: string): ValueTest {
  switch (base) {
    case 'StringEquals':
    case 'StringNotEquals':
      return (actual) => actual === expected;
    case 'StringEqualsIgnoreCase':
    case 'StringNotEqualsIgnoreCase': {
      const folded = expected.toLowerCase();
      return (actual) => actual.toLowerCase() === folded;
    }
    case 'StringLike':
    case 'StringNotLike':
      return (actual) => matchesWildcard(expected, actual);
    case 'Null': // the "value" of Null is whether the key is absent
    case 'Bool': {
      const wanted = parseBoolean(expected);
      return wanted === undefined ? never : (actual) => parseBoolean(actual) === wanted;
    }
    case 'IpAddress':
    case 'NotIpAddress':
    case 'IpAddressIncludeBorder':
    case 'NotIpAddressIncludeBorder': {
      if (expected === '*') return (actual) => parseIpAddress(actual) !== undefined;
      const block = parseCidr(expected);
      if (block === undefined) return never;
      return (actual) => {
        const address = parseIpAddress(actual);
        return address !== undefined && cidrContains(block, address);
      };
    }
    default: {
      const parse = base.startsWith('Date') ? parseDate : parseNumber;
      const bound = parse(expected);
      if (bound === undefined) return never;
      const compare = comparison(base.replace(/^(Date|Numeric)/, ''));
      return (actual) => {
        const value = parse(actual);
        return value !== undefined && compare(value, bound);
      };
    }
  }
}

function comparison(name: string): (a: number, b: number) => boolean {
  switch (name) {
    case 'LessThan':
      return (a, b) => a < b;
    case 'LessThanEquals':
      return (a, b) => a <= b;
    case 'GreaterThan':
      return (a, b) => a > b;
    case 'GreaterThanEquals':
      return (a, b) => a >= b;
    default:
      return (a, b) => a === b;
  }
}

/** `true` or `false` in any case; undefined for anything else. */
export function parseBoolean(text: string): boolean | undefined {
  const folded = text.toLowerCase();
  return folded === 'true' ? true : folded === 'false' ? false : undefined;
}

/** A decimal number; undefined for anything else (hexadecimal, `Infinity`, blanks). */
export function parseNumber(text: string): number | undefined {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

const ISO_8601 =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * Milliseconds since 1970 for an ISO 8601 date (`2019-08-12T17:00:00+08:00`, `2012-11-11T23:59:59Z`,
 * `2019-08-12`); undefined for anything else. Without an offset the time is UTC.
 */
export function parseDate(text: string): number | undefined {
  const match = ISO_8601.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match;
  const milliseconds = Number(`0.${fraction || '0'}`) * 1000;
  // Date.UTC takes the years 0 to 99 for 1900 to 1999; setUTCFullYear does not.
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  const utc = date.getTime();
  const calendarHolds = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (!calendarHolds || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  if (zone === 'Z') return utc + milliseconds;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone)!;
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return utc + milliseconds - (sign === '-' ? -offset : offset);
}

/**
 * Whether the values of one key satisfy one operator.
 *
 * - A positive operator holds when any value of the request matches any value of the policy; a negated one when
 *   no value of the request matches any.
 * - `ForAnyValue:` asks that at least one value of the request satisfy the operator, `ForAllValues:` that every
 *   one does.
 * - `IfExists` holds when the request does not have the key.
 * - Without the key a positive operator fails and a negated one holds; `ForAnyValue:` fails and
 *   `ForAllValues:` holds.
 *
 * @param actual values of the request; undefined when the request does not have the key
 */
export function operatorHolds(
  operator: ParsedOperator,
  tests: readonly ValueTest[],
  actual: readonly string[] | undefined,
): boolean {
  const present = actual !== undefined && actual.length > 0;
  if (operator.base === 'Null') return tests.some((test) => test(present ? 'false' : 'true'));
  if (!present) {
    if (operator.ifExists) return true;
    if (operator.quantifier !== undefined) return operator.quantifier === 'ForAllValues';
    return operator.negated;
  }
  const satisfies = (value: string): boolean => tests.some((test) => test(value)) !== operator.negated;
  switch (operator.quantifier) {
    case 'ForAnyValue':
      return actual.some(satisfies);
    case 'ForAllValues':
      return actual.every(satisfies);
    default:
      return operator.negated ? actual.every(satisfies) : actual.some(satisfies);
  }
}
