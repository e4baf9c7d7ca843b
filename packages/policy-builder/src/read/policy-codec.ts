import * as t from 'io-ts';
import { CONDITION_OPERATORS, parseOperator } from '../model/condition-operators.ts';
import {
  type ConditionBlock,
  type Effect,
  isPolicy,
  makePolicy,
  type Policy,
  type PolicyJson,
  PRINCIPAL_KINDS,
  type PrincipalMap,
  policyToJson,
  STATEMENT_ELEMENTS,
  type Statement,
  type StatementPrincipal,
} from '../model/policy.ts';
import { awsArnInRam, awsConditionKeyInRam, awsOperatorInRam, awsServiceInRam } from './aws-names.ts';
import { nearestName } from './suggest.ts';

/** What the codec says about a mistake, beside io-ts's own value, context and message. */
export interface PolicyValidationError extends t.ValidationError {
  readonly code: string;
  readonly expected: string;
  /** What to write instead, as JSON. */
  readonly suggestion?: string | undefined;
  /** Whether the mistake is in the name of the last element of the context rather than in its value. */
  readonly inKey?: boolean | undefined;
}

interface Mistake {
  readonly code: string;
  readonly message: string;
  readonly expected: string;
  readonly suggestion?: string | undefined;
  readonly inKey?: boolean | undefined;
}

function codec<A>(
  name: string,
  decode: (value: unknown, context: t.Context) => t.Validation<A>,
): t.Type<A, unknown> {
  const type: t.Type<A, unknown> = new t.Type<A, unknown>(
    name,
    (value): value is A => !isLeft(decode(value, [{ key: '', type, actual: value }])),
    decode,
    (value) => value,
  );
  return type;
}

function isLeft<A>(result: t.Validation<A>): result is Extract<t.Validation<A>, { _tag: 'Left' }> {
  return result._tag === 'Left';
}

function mistake(value: unknown, context: t.Context, detail: Mistake): PolicyValidationError {
  return { value, context, ...detail };
}

function fail<A>(value: unknown, context: t.Context, detail: Mistake): t.Validation<A> {
  return t.failures([mistake(value, context, detail)]);
}

/** Longest name for which a correction is looked for: no operator or action comes near it. */
const MAX_NAME = 128;

/** Mistakes of one list or object after which looking for more helps nobody. */
const MAX_ERRORS = 100;

/** Decodes one part, keeps its errors and goes on: every mistake is reported at once. */
function collect<A>(errors: t.ValidationError[], result: t.Validation<A>): A | undefined {
  if (isLeft(result)) {
    errors.push(...result.left);
    return undefined;
  }
  return result.right;
}

function finish<A>(errors: t.ValidationError[], value: A): t.Validation<A> {
  return errors.length > 0 ? t.failures(errors) : t.success(value);
}

/** A string that can be written to a policy: not empty, no half of a surrogate pair, no stray blanks. */
function checkString(value: unknown, context: t.Context, expected: string): t.Validation<string> {
  if (typeof value !== 'string')
    return fail(value, context, {
      code: 'not-a-string',
      message: `${describe(value)} stands where a string belongs.`,
      expected,
      suggestion:
        typeof value === 'number' || typeof value === 'boolean' ? JSON.stringify(String(value)) : undefined,
    });
  // With the u flag this matches only surrogates that are not part of a pair.
  if (/[\uD800-\uDFFF]/u.test(value))
    return fail(value, context, {
      code: 'lone-surrogate',
      message: 'The string holds half of a surrogate pair and is no Unicode text.',
      expected: 'well-formed Unicode text',
    });
  return t.success(value);
}

function checkName(value: unknown, context: t.Context, expected: string): t.Validation<string> {
  const text = checkString(value, context, expected);
  if (isLeft(text)) return text;
  const trimmed = text.right.trim();
  if (trimmed === '')
    return fail(value, context, { code: 'empty-string', message: 'The string is empty.', expected });
  if (trimmed !== text.right)
    return fail(value, context, {
      code: 'stray-blank',
      message: `${JSON.stringify(value)} has blanks around it.`,
      expected,
      suggestion: JSON.stringify(trimmed),
    });
  return text;
}

/** One value or a list of them, decoded to a list. */
function oneOrMany(name: string, item: t.Type<string, unknown>): t.Type<readonly string[], unknown> {
  return codec(name, (value, context) => {
    if (!Array.isArray(value)) {
      if (typeof value === 'object' && value !== null)
        return fail(value, context, {
          code: 'not-a-list',
          message: `An object stands where a string or a list of strings belongs.`,
          expected: `${item.name}, or a list of them`,
        });
      const single = item.validate(value, context);
      return isLeft(single) ? single : t.success([single.right]);
    }
    if (value.length === 0)
      return fail(value, context, {
        code: 'empty-list',
        message: 'The list is empty.',
        expected: `at least one ${item.name}`,
      });
    const errors: t.ValidationError[] = [];
    const items: string[] = [];
    for (const [index, element] of value.entries() as Iterable<[number, unknown]>) {
      if (errors.length >= MAX_ERRORS) break;
      const inner = t.appendContext(context, String(index), item, element);
      const decoded = collect(errors, item.validate(element, inner));
      if (decoded !== undefined) items.push(decoded);
    }
    return finish(errors, [...new Set(items)]);
  });
}

interface Field {
  /** The key as it is written, which is where its errors are. */
  readonly key: string;
  readonly value: unknown;
}

/**
 * Reads an object whose element names are known. A misspelt name is reported once, and its value is then read
 * under the right name, so that what is inside it is checked too.
 */
function readFields(
  value: unknown,
  context: t.Context,
  names: readonly string[],
  what: string,
  renamed: (key: string) => Partial<Mistake> | undefined = () => undefined,
): { readonly errors: t.ValidationError[]; readonly fields: ReadonlyMap<string, Field> | undefined } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const error = mistake(value, context, {
      code: 'not-an-object',
      message: `${describe(value)} stands where ${what} belongs.`,
      expected: `an object with ${names.join(', ')}`,
    });
    return { errors: [error], fields: undefined };
  }
  const errors: t.ValidationError[] = [];
  const fields = new Map<string, Field>();
  const entries = Object.entries(value);
  for (const [key, inner] of entries) if (names.includes(key)) fields.set(key, { key, value: inner });
  for (const [key, inner] of entries) {
    if (names.includes(key)) continue;
    if (errors.length >= MAX_ERRORS) break;
    const nearest = renamed(key)?.suggestion ?? nearestName(key, names);
    errors.push(
      mistake(inner, t.appendContext(context, key, t.unknown, inner), {
        code: 'unknown-element',
        message: `${what} has no element ${JSON.stringify(key)}.`,
        expected: names.join(', '),
        ...(nearest === undefined ? {} : { suggestion: JSON.stringify(nearest) }),
        inKey: true,
        ...withoutSuggestion(renamed(key)),
        ...(renamed(key)?.code === 'aws-element' ? { suggestion: `remove ${key}` } : {}),
      }),
    );
    if (nearest !== undefined && !fields.has(nearest)) fields.set(nearest, { key, value: inner });
  }
  return { errors, fields };
}

function withoutSuggestion(detail: Partial<Mistake> | undefined): Partial<Mistake> {
  if (detail === undefined) return {};
  const { suggestion: _, ...rest } = detail;
  return rest;
}

const EffectCodec: t.Type<Effect, unknown> = codec('Allow or Deny', (value, context) => {
  if (value === 'Allow' || value === 'Deny') return t.success(value);
  const nearest = typeof value === 'string' ? nearestName(value, ['Allow', 'Deny']) : undefined;
  return fail(value, context, {
    code: 'wrong-effect',
    message: `${describe(value)} is no effect.`,
    expected: '"Allow" or "Deny"',
    suggestion: nearest === undefined ? undefined : JSON.stringify(nearest),
  });
});

/** A placeholder of the documents for a whole action or resource. */
const PLACEHOLDER = /^(\[[^[\]]+\]|<[^<>]+>|\$\{[^{}]+\})$/;

/**
 * `<service>:<operation>`. A placeholder of the documents (`<action>`, `[ECS RAM Action]`) may stand in it: it
 * matches nothing, and linting finds it.
 */
const ACTION = /^[A-Za-z0-9*?-]+:(?:[A-Za-z0-9_*?/.-]|<[^<>]+>|\[[^[\]]+\])+$/;

const ActionCodec = codec<string>('action', (value, context) => {
  const text = checkName(value, context, 'an action such as "kms:Decrypt", "kms:*" or "*"');
  if (isLeft(text)) return text;
  if (/^[*?]+$/.test(text.right) || ACTION.test(text.right) || PLACEHOLDER.test(text.right)) return text;
  const tight = text.right.length > MAX_NAME ? text.right : text.right.replace(/\s*:\s*/, ':');
  if (tight !== text.right && ACTION.test(tight))
    return fail(value, context, {
      code: 'stray-blank',
      message: `${JSON.stringify(value)} has a blank beside its colon.`,
      expected: 'an action such as "kms:Decrypt", "kms:*" or "*"',
      suggestion: JSON.stringify(tight),
    });
  const aws = awsServiceInRam(text.right);
  return fail(value, context, {
    code: 'wrong-action',
    message: `${JSON.stringify(value)} is not of the form <service>:<operation>.`,
    expected: 'an action such as "kms:Decrypt", "kms:*" or "*"',
    suggestion: aws === undefined ? undefined : JSON.stringify(aws),
  });
});

const ResourceCodec = codec<string>('resource', (value, context) => {
  const expected = 'a resource such as "acs:kms:cn-hangzhou:1234567890123456:key/<id>" or "*"';
  const text = checkName(value, context, expected);
  if (isLeft(text)) return text;
  if (/^\*+$/.test(text.right) || /^acs:[^\s:]+(:|$)/.test(text.right) || PLACEHOLDER.test(text.right))
    return text;
  const ram = awsArnInRam(text.right);
  return fail(value, context, {
    code: ram === undefined ? 'wrong-resource' : 'aws-arn',
    message:
      ram === undefined
        ? `${JSON.stringify(value)} is not of the form acs:<service>:<region>:<account>:<relative-id>.`
        : `${JSON.stringify(value)} is an AWS resource name.`,
    expected,
    suggestion: ram === undefined ? undefined : JSON.stringify(ram),
  });
});

const RamPrincipalCodec = codec<string>('RAM principal', (value, context) => {
  const expected = 'an account, user or role such as "acs:ram::1234567890123456:root"';
  const text = checkName(value, context, expected);
  if (isLeft(text)) return text;
  if (text.right === '*' || /^acs:(ram|sts):[^:]*:[^:]+:.+$/.test(text.right)) return text;
  const suggestion = /^\d+$/.test(text.right) ? `acs:ram::${text.right}:root` : awsArnInRam(text.right);
  return fail(value, context, {
    code: 'wrong-principal',
    message: `${JSON.stringify(value)} names no account, user or role.`,
    expected,
    suggestion: suggestion === undefined ? undefined : JSON.stringify(suggestion),
  });
});

const ServicePrincipalCodec = codec<string>('service principal', (value, context) => {
  const expected = 'a service such as "ecs.aliyuncs.com"';
  const text = checkName(value, context, expected);
  if (isLeft(text)) return text;
  if (!text.right.includes(':') && !text.right.endsWith('.amazonaws.com')) return text;
  return fail(value, context, {
    code: 'wrong-principal',
    message: `${JSON.stringify(value)} names no Alibaba Cloud service.`,
    expected,
    suggestion: text.right === 'ec2.amazonaws.com' ? '"ecs.aliyuncs.com"' : undefined,
  });
});

const FederatedPrincipalCodec = codec<string>('identity provider', (value, context) => {
  const expected = 'an identity provider such as "acs:ram::1234567890123456:saml-provider/<name>"';
  const text = checkName(value, context, expected);
  if (isLeft(text) || /^acs:ram:/.test(text.right)) return text;
  return fail(value, context, {
    code: 'wrong-principal',
    message: `${JSON.stringify(value)} names no identity provider.`,
    expected,
  });
});

const ListedPrincipalCodec = codec<string>('principal', (value, context) =>
  checkName(
    value,
    context,
    'a UID, a role session such as "arn:sts::<account>:assumed-role/<role>/<session>" or "*"',
  ),
);

const PRINCIPAL_CODECS: Readonly<Record<keyof PrincipalMap, t.Type<readonly string[], unknown>>> = {
  RAM: oneOrMany('RAM principals', RamPrincipalCodec),
  Service: oneOrMany('service principals', ServicePrincipalCodec),
  Federated: oneOrMany('identity providers', FederatedPrincipalCodec),
};

const ListedPrincipalsCodec = oneOrMany('principals', ListedPrincipalCodec);

/** A trust policy's map of principals, or a bucket policy's list. */
const PrincipalCodec: t.Type<StatementPrincipal, unknown> = codec<StatementPrincipal>(
  'Principal',
  (value, context) => {
    if (Array.isArray(value) || typeof value === 'string')
      return ListedPrincipalsCodec.validate(value, context);
    const { errors, fields } = readFields(value, context, PRINCIPAL_KINDS, 'Principal', (key) =>
      key === 'AWS'
        ? { suggestion: 'RAM', message: 'AWS is a kind of principal that RAM does not have.' }
        : undefined,
    );
    if (fields === undefined) return t.failures(errors);
    const principal: Record<string, readonly string[]> = {};
    for (const kind of PRINCIPAL_KINDS) {
      const field = fields.get(kind);
      if (field === undefined) continue;
      const type = PRINCIPAL_CODECS[kind];
      const names = collect(
        errors,
        type.validate(field.value, t.appendContext(context, field.key, type, field.value)),
      );
      if (names !== undefined) principal[kind] = names;
    }
    if (errors.length === 0 && Object.keys(principal).length === 0)
      return fail(value, context, {
        code: 'empty-principal',
        message: 'Principal names nobody.',
        expected: 'RAM, Service or Federated',
      });
    return finish<StatementPrincipal>(errors, principal);
  },
);

const ConditionValueCodec = codec<string>('condition value', (value, context) =>
  checkString(value, context, 'a string; numbers, dates and booleans are written in quotation marks'),
);
const ConditionValuesCodec = oneOrMany('condition values', ConditionValueCodec);

const ConditionKeysCodec: t.Type<Readonly<Record<string, readonly string[]>>, unknown> = codec(
  'condition keys',
  (value, context) => {
    const expected = 'an object from condition keys such as "acs:SourceIp" to values';
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return fail(value, context, {
        code: 'not-an-object',
        message: `${describe(value)} stands where condition keys belong.`,
        expected,
      });
    const errors: t.ValidationError[] = [];
    const keys: [string, readonly string[]][] = [];
    for (const [key, values] of Object.entries(value)) {
      if (errors.length >= MAX_ERRORS) break;
      const inner = t.appendContext(context, key, ConditionValuesCodec, values);
      if (!/^[A-Za-z0-9-]+:[^\s].*$/.test(key) || key !== key.trim() || key.startsWith('aws:')) {
        const suggestion = key === key.trim() ? awsConditionKeyInRam(key) : key.trim();
        errors.push(
          mistake(values, inner, {
            code: 'wrong-condition-key',
            message: `${JSON.stringify(key)} is no condition key of RAM.`,
            expected: 'a key such as "acs:SourceIp" or "kms:tag/<tag-key>"',
            suggestion: suggestion === undefined ? undefined : JSON.stringify(suggestion),
            inKey: true,
          }),
        );
      }
      const decoded = collect(errors, ConditionValuesCodec.validate(values, inner));
      if (decoded !== undefined) keys.push([key, decoded]);
    }
    if (errors.length === 0 && keys.length === 0)
      return fail(value, context, {
        code: 'empty-condition',
        message: 'The operator has no condition key.',
        expected,
      });
    return finish(errors, Object.fromEntries(keys));
  },
);

const ConditionCodec: t.Type<ConditionBlock, unknown> = codec('Condition', (value, context) => {
  const expected = 'an object from operators such as "StringEquals" to condition keys';
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fail(value, context, {
      code: 'not-an-object',
      message: `${describe(value)} stands where a condition block belongs.`,
      expected,
    });
  const errors: t.ValidationError[] = [];
  const block: [string, Readonly<Record<string, readonly string[]>>][] = [];
  for (const [operator, keys] of Object.entries(value)) {
    if (errors.length >= MAX_ERRORS) break;
    const inner = t.appendContext(context, operator, ConditionKeysCodec, keys);
    if (parseOperator(operator) === undefined) {
      const suggestion = awsOperatorInRam(operator) ?? nearestOperator(operator);
      errors.push(
        mistake(keys, inner, {
          code: 'unknown-operator',
          message: `${JSON.stringify(operator)} is no condition operator of RAM.`,
          expected: 'an operator such as StringEquals, IpAddress or DateLessThan',
          suggestion: suggestion === undefined ? undefined : JSON.stringify(suggestion),
          inKey: true,
        }),
      );
    }
    const decoded = collect(errors, ConditionKeysCodec.validate(keys, inner));
    if (decoded !== undefined) block.push([operator, decoded]);
  }
  return finish(errors, Object.fromEntries(block));
});

/** The nearest operator, its `ForAnyValue:` and `IfExists` kept. */
function nearestOperator(name: string): string | undefined {
  if (name.length > MAX_NAME) return undefined;
  const [, prefix = '', base = '', suffix = ''] = /^\s*(\w+:)?(\w*?)(IfExists)?\s*$/i.exec(name) ?? [];
  const nearest = nearestName(base, Object.keys(CONDITION_OPERATORS));
  const quantifier = prefix === '' ? '' : nearestName(prefix.slice(0, -1), ['ForAnyValue', 'ForAllValues']);
  if (nearest === undefined || quantifier === undefined) return undefined;
  const whole = `${quantifier === '' ? '' : `${quantifier}:`}${nearest}${suffix === '' ? '' : 'IfExists'}`;
  return parseOperator(whole) === undefined ? undefined : whole;
}

const ELEMENT_CODECS = {
  Effect: EffectCodec,
  Principal: PrincipalCodec,
  NotPrincipal: PrincipalCodec,
  Action: oneOrMany('actions', ActionCodec),
  NotAction: oneOrMany('actions', ActionCodec),
  Resource: oneOrMany('resources', ResourceCodec),
  NotResource: oneOrMany('resources', ResourceCodec),
  Condition: ConditionCodec,
} as const;

const StatementCodec: t.Type<Statement, unknown> = codec('statement', (value, context) => {
  const { errors, fields } = readFields(value, context, STATEMENT_ELEMENTS, 'A statement', (key) =>
    key === 'Sid' || key === 'Id'
      ? { message: `RAM statements have no ${key}.`, code: 'aws-element' }
      : looksLikeAction(key)
        ? {
            message: `${JSON.stringify(key)} is an action written as an element.`,
            code: 'action-as-element',
            suggestion: 'Action',
            expected: `"Action": ${JSON.stringify(key)}`,
          }
        : undefined,
  );
  if (fields === undefined) return t.failures(errors);
  const statement: Record<string, unknown> = {};
  for (const element of STATEMENT_ELEMENTS) {
    const field = fields.get(element);
    if (field === undefined) continue;
    const type = ELEMENT_CODECS[element] as t.Type<unknown, unknown>;
    const actionName = element === 'Action' && looksLikeAction(field.key);
    const source = actionName ? field.key : field.value;
    const decoded = collect(errors, type.validate(source, t.appendContext(context, field.key, type, source)));
    if (decoded !== undefined) statement[element] = decoded;
  }
  const missing = (expected: string, suggestion?: string): void => {
    errors.push(
      mistake(value, context, {
        code: 'missing-element',
        message: `The statement has no ${expected}.`,
        expected,
        suggestion,
      }),
    );
  };
  const both = (one: string, other: string): void => {
    const field = fields.get(other);
    if (!fields.has(one) || field === undefined) return;
    errors.push(
      mistake(field.value, t.appendContext(context, field.key, t.unknown, field.value), {
        code: 'contradicting-elements',
        message: `The statement has both ${one} and ${other}.`,
        expected: `${one} or ${other}`,
        inKey: true,
      }),
    );
  };
  both('Action', 'NotAction');
  both('Resource', 'NotResource');
  both('Principal', 'NotPrincipal');
  if (!fields.has('Effect')) missing('Effect');
  if (!fields.has('Action') && !fields.has('NotAction')) missing('Action');
  const hasPrincipal = fields.has('Principal') || fields.has('NotPrincipal');
  if (!fields.has('Resource') && !fields.has('NotResource') && !hasPrincipal) missing('Resource');
  return finish(errors, statement as unknown as Statement);
});

function looksLikeAction(key: string): boolean {
  return /^[a-z][a-z0-9-]*:/.test(key);
}

const VersionCodec: t.Type<'1', unknown> = codec('Version', (value, context) =>
  value === '1'
    ? t.success('1' as const)
    : fail(value, context, {
        code: 'wrong-version',
        message: `${describe(value)} is no version of the RAM policy language.`,
        expected: '"1"',
        suggestion: '"1"',
      }),
);

const StatementsCodec: t.Type<readonly Statement[], unknown> = codec('Statement', (value, context) => {
  if (!Array.isArray(value)) {
    if (typeof value !== 'object' || value === null)
      return fail(value, context, {
        code: 'not-a-list',
        message: `${describe(value)} stands where the list of statements belongs.`,
        expected: 'a list of statements',
      });
    const inner = StatementCodec.validate(value, context);
    const errors: t.ValidationError[] = [
      mistake(value, context, {
        code: 'statement-not-a-list',
        message: 'Statement is one object; RAM wants a list, even of one.',
        expected: 'a list of statements',
        suggestion: '[ { … } ]',
      }),
    ];
    if (isLeft(inner)) errors.push(...inner.left);
    return t.failures(errors);
  }
  if (value.length === 0)
    return fail(value, context, {
      code: 'empty-list',
      message: 'The policy has no statement.',
      expected: 'at least one statement',
    });
  const errors: t.ValidationError[] = [];
  const statements: Statement[] = [];
  for (const [index, element] of value.entries() as Iterable<[number, unknown]>) {
    if (errors.length >= MAX_ERRORS) break;
    const inner = t.appendContext(context, String(index), StatementCodec, element);
    const decoded = collect(errors, StatementCodec.validate(element, inner));
    if (decoded !== undefined) statements.push(decoded);
  }
  return finish(errors, statements);
});

/**
 * The io-ts codec of a RAM policy. Decoding reports every mistake, each as a {@link PolicyValidationError};
 * encoding gives canonical RAM JSON.
 *
 * Source: "Policy structure and syntax" and "Policy elements", RAM documentation.
 */
export const PolicyCodec: t.Type<Policy, PolicyJson, unknown> = new t.Type<Policy, PolicyJson, unknown>(
  'Policy',
  isPolicy,
  (value, context) => {
    const { errors, fields } = readFields(value, context, ['Version', 'Statement'], 'A policy', (key) =>
      key === 'Id' ? { message: 'RAM policies have no Id.', code: 'aws-element' } : undefined,
    );
    if (fields === undefined) return t.failures(errors);
    const part = <A>(name: string, type: t.Type<A, unknown>, suggestion?: string): A | undefined => {
      const field = fields.get(name);
      if (field !== undefined)
        return collect(
          errors,
          type.validate(field.value, t.appendContext(context, field.key, type, field.value)),
        );
      errors.push(
        mistake(value, context, {
          code: 'missing-element',
          message: `The policy has no ${name}.`,
          expected: name,
          suggestion,
        }),
      );
      return undefined;
    };
    part('Version', VersionCodec, '"Version": "1"');
    const statements = part('Statement', StatementsCodec);
    return errors.length > 0 || statements === undefined
      ? t.failures(errors)
      : t.success(makePolicy(statements));
  },
  policyToJson,
);

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'A list';
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
    case 'object':
      return 'An object';
    case 'undefined':
      return 'Nothing';
    default:
      return String(value);
  }
}
