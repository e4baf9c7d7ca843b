import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalPolicies } from '../analyse/canonical.ts';
import { PolicyError, type PolicyIssue } from '../errors.ts';
import { lintPolicy } from '../lint/lint-policy.ts';
import { policyDocument } from '../test-support/arbitraries.ts';
import { printedPolicies, sourceDocumentsPresent } from '../test-support/source-documents.ts';
import { parsePolicy } from './parse-policy.ts';
import { PolicyCodec } from './policy-codec.ts';

function issuesOf(source: unknown): readonly PolicyIssue[] {
  try {
    parsePolicy(source);
  } catch (error) {
    expect(error).toBeInstanceOf(PolicyError);
    return (error as PolicyError).issues;
  }
  throw new Error('was accepted');
}

const codes = (source: unknown): string[] => issuesOf(source).map((issue) => issue.code);

/** A policy around one statement. */
const around = (statement: string): string => `{"Version": "1", "Statement": [${statement}]}`;
const GOOD = '{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}';

describe('parsePolicy', () => {
  it('gives lists for single values', () => {
    expect(parsePolicy(around(GOOD))).toEqual({
      Version: '1',
      Statement: [{ Effect: 'Allow', Action: ['kms:Decrypt'], Resource: ['*'] }],
    });
  });

  it('takes a value as well as a text', () => {
    expect(parsePolicy(JSON.parse(around(GOOD)))).toEqual(parsePolicy(around(GOOD)));
  });

  it('gives frozen data', () => {
    const policy = parsePolicy(around(GOOD));
    expect(Object.isFrozen(policy.Statement[0]!.Action)).toBe(true);
    expect(() => (policy.Statement as unknown[]).push(1)).toThrow(TypeError);
  });

  it('reports every mistake at once, each in its place', () => {
    const text = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "allow",
      "Action ": ["kms:Decrypt", "Decrypt"],
      "Resource": "arn:aws:s3:::bucket/*",
      "Condition": { "ArnLike": { "aws:SourceIp": true } }
    }
  ]
}`;
    expect(
      issuesOf(text).map(({ code, path, line, column, suggestion }) => [
        code,
        path,
        `${line}:${column}`,
        suggestion,
      ]),
    ).toEqual([
      ['wrong-version', '$.Version', '2:14', '"1"'],
      ['wrong-effect', '$.Statement[0].Effect', '5:17', '"Allow"'],
      ['unknown-element', '$.Statement[0]["Action "]', '6:7', '"Action"'],
      ['wrong-action', '$.Statement[0]["Action "][1]', '6:34', undefined],
      ['aws-arn', '$.Statement[0].Resource', '7:19', '"acs:oss:*:*:bucket/*"'],
      ['unknown-operator', '$.Statement[0].Condition.ArnLike', '8:22', '"StringLike"'],
      ['wrong-condition-key', '$.Statement[0].Condition.ArnLike["aws:SourceIp"]', '8:35', '"acs:SourceIp"'],
      ['not-a-string', '$.Statement[0].Condition.ArnLike["aws:SourceIp"]', '8:51', '"true"'],
    ]);
  });

  it.each([
    ['Statement as one object', `{"Version": "1", "Statement": ${GOOD}}`, 'statement-not-a-list'],
    ['no Version', `{"Statement": [${GOOD}]}`, 'missing-element'],
    ['no Statement', '{"Version": "1"}', 'missing-element'],
    ['no statement', '{"Version": "1", "Statement": []}', 'empty-list'],
    ['version as a number', `{"Version": 1, "Statement": [${GOOD}]}`, 'wrong-version'],
    ['an AWS Sid', around('{"Sid": "x", "Effect": "Allow", "Action": "*", "Resource": "*"}'), 'aws-element'],
    ['no Effect', around('{"Action": "*", "Resource": "*"}'), 'missing-element'],
    ['no Action', around('{"Effect": "Deny", "Resource": "*"}'), 'missing-element'],
    ['no Resource', around('{"Effect": "Deny", "Action": "*"}'), 'missing-element'],
    [
      'Action and NotAction',
      around('{"Effect": "Deny", "Action": "*", "NotAction": "*", "Resource": "*"}'),
      'contradicting-elements',
    ],
    ['an empty list', around('{"Effect": "Deny", "Action": [], "Resource": "*"}'), 'empty-list'],
    ['a blank name', around('{"Effect": "Deny", "Action": " kms:*", "Resource": "*"}'), 'stray-blank'],
    ['an AWS action', around('{"Effect": "Deny", "Action": {"a": 1}, "Resource": "*"}'), 'not-a-list'],
    [
      'a resource that is none',
      around('{"Effect": "Deny", "Action": "*", "Resource": "bucket"}'),
      'wrong-resource',
    ],
    [
      'an AWS principal',
      around('{"Effect": "Allow", "Action": "*", "Principal": {"AWS": "acs:ram::1:root"}}'),
      'unknown-element',
    ],
    [
      'an account id as principal',
      around('{"Effect": "Allow", "Action": "*", "Principal": {"RAM": "1234"}}'),
      'wrong-principal',
    ],
    ['nobody', around('{"Effect": "Allow", "Action": "*", "Principal": {}}'), 'empty-principal'],
    [
      'an ARN as a service',
      around('{"Effect": "Allow", "Action": "*", "Principal": {"Service": "acs:ram::1:root"}}'),
      'wrong-principal',
    ],
    [
      'an operator misspelt',
      around(
        '{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringEqual": {"acs:UserAgent": "x"}}}',
      ),
      'unknown-operator',
    ],
    [
      'an operator without keys',
      around('{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {}}}'),
      'empty-condition',
    ],
    ['a null', around('{"Effect": null, "Action": "*", "Resource": "*"}'), 'wrong-effect'],
    ['no object', '[]', 'not-an-object'],
  ])('refuses %s', (_, text, code) => {
    expect(codes(text)).toEqual([code]);
  });

  it.each([
    ['nothing', '', 'no-value'],
    ['prose', 'not json', 'unquoted-text'],
    ['a trailing comma', around(`${GOOD},`), 'trailing-comma'],
    ['a line comment', `${around(GOOD)} // done`, 'comment'],
    ['a block comment', `/* hm */ ${around(GOOD)}`, 'comment'],
    ['a missing comma', around(GOOD.replace('"Allow",', '"Allow"')), 'missing-comma'],
    ['a missing brace', around(GOOD.replace('}', '')), 'missing-brace'],
    ['curly quotation marks', around(GOOD.replace('"Allow"', '“Allow”')), 'wrong-quotes'],
    ['single quotation marks', around(GOOD.replaceAll('"', "'")), 'wrong-quotes'],
    ['an unquoted name', around(GOOD.replace('"Effect"', 'Effect')), 'unquoted-name'],
    ['a string without end', around('{"Effect": "Allow'), 'unterminated-string'],
    ['a wrong escape', around(GOOD.replace('Allow', 'All\\ow')), 'wrong-escape'],
    ['text after the end', `${around(GOOD)} and more`, 'text-after-end'],
    ['a repeated name', around(GOOD.replace('}', ', "Effect": "Deny"}')), 'duplicate-key'],
  ])('finds %s not to be JSON', (_, text, code) => {
    expect(codes(text)).toContain(code);
    expect(() => parsePolicy(text)).toThrow(expect.objectContaining({ code: 'InvalidJson' }));
  });

  it('names foreign blanks once, however many there are', () => {
    const text = around(GOOD).replaceAll(' ', '\u00a0'.repeat(200));
    expect(codes(text)).toEqual(['wrong-blank']);
  });

  it('accepts placeholders of documents, which linting then finds', () => {
    const text = around(
      '{"Effect": "Allow", "Action": ["ecs:[ECS RAM Action]", "<action>"], "Resource": ["[ECS RAM Action Resource]", "<serial number>"]}',
    );
    expect(parsePolicy(text).Statement[0]!.Resource).toHaveLength(2);
    expect(lintPolicy(parsePolicy(text)).map(({ code }) => code)).toEqual(Array(4).fill('placeholder'));
  });

  it('accepts what JSON.parse accepts around a policy: a byte order mark, CRLF, escapes', () => {
    const text = `\ufeff${around(GOOD).replaceAll(' ', '\r\n').replace('Decrypt', '\\u0044ecrypt')}`;
    expect(parsePolicy(text)).toEqual(parsePolicy(around(GOOD)));
  });

  it('counts lines by LF, CRLF and CR', () => {
    const issue = issuesOf('{\r\n"Version": "1",\r"Statement":\n"x"}')[0]!;
    expect([issue.line, issue.column, issue.offset]).toEqual([4, 1, 32]);
  });

  describe('of hostile input', () => {
    it('stops at 10 MB', () => {
      const text = `{"Version": "1", "Statement": [${'{},'.repeat(3_500_000)}]}`;
      expect(text.length).toBeGreaterThan(10_000_000);
      expect(codes(text)).toEqual(['too-long']);
    });

    it('survives megabytes of garbage', () => {
      for (const unit of ['{', '[', '"', '\\', ',', '{"a":', '/*', 'x '])
        expect(codes(unit.repeat(1_000_000 / unit.length)).length).toBeGreaterThan(0);
    });

    it('stops counting mistakes at some point, in text and in values', () => {
      const many = `{"Version": "1", "Statement": [${'{},'.repeat(2_000_000)}{}]}`;
      expect(codes(many).length).toBeLessThan(110);
      const names = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`x${i}`, 1]));
      expect(codes({ Version: '1', Statement: [names] }).length).toBeLessThan(110);
      expect(
        codes({
          Version: '1',
          Statement: [{ Effect: 'Deny', Action: Array(1_000_000).fill(1), Resource: '*' }],
        }).length,
      ).toBeLessThan(110);
    });

    it('is not slowed down by long names', () => {
      const blanks = ' '.repeat(1_000_000);
      const start = (statement: object) => codes({ Version: '1', Statement: [statement] });
      const base = { Effect: 'Deny', Action: '*', Resource: '*' };
      expect(start({ ...base, Action: `a${blanks}!` })).toEqual(['wrong-action']);
      expect(start({ ...base, Condition: { [`${blanks}!`]: { 'acs:SourceIp': 'x' } } })).toEqual([
        'unknown-operator',
      ]);
      expect(start({ ...base, [`Action${blanks}!`]: '*' })).toEqual(['unknown-element']);
      expect(start({ ...base, Resource: `arn:aws:${':'.repeat(1_000_000)}` })).toEqual(['aws-arn']);
    });

    it('stops at nesting 10,000 deep, as text and as a value', () => {
      expect(codes('['.repeat(10_000) + ']'.repeat(10_000))).toEqual(['too-deep']);
      expect(codes(`${'{"Statement":'.repeat(10_000)}1${'}'.repeat(10_000)}`)).toEqual(['too-deep']);
      let value: unknown = 1;
      for (let i = 0; i < 10_000; i++) value = { Version: '1', Statement: [value] };
      expect(codes(value)).toContain('missing-element');
    });

    it('takes __proto__ for a name like any other', () => {
      const text = around(
        '{"Effect": "Allow", "Action": "*", "Resource": "*", "__proto__": {"Principal": ["*"]}}',
      );
      expect(codes(text)).toEqual(['unknown-element']);
      expect(codes(JSON.parse(text))).toEqual(['unknown-element']);
      expect(codes(around('{"__proto__": {"Effect": "Allow"}, "Action": "*", "Resource": "*"}'))).toContain(
        'missing-element',
      );
      const tag = parsePolicy(
        around(
          '{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"acs:ResourceTag/__proto__": "x"}}}',
        ),
      );
      expect(JSON.stringify(tag)).toContain('acs:ResourceTag/__proto__');
      expect(({} as Record<string, unknown>).Effect).toBeUndefined();
    });

    it('refuses half of a surrogate pair', () => {
      expect(codes(around(GOOD.replace('Decrypt', '\\ud800')))).toEqual(['lone-surrogate']);
      expect(codes(around(GOOD.replace('Decrypt', '\udc00')))).toEqual(['lone-surrogate']);
      expect(
        parsePolicy(around('{"Effect": "Allow", "Action": "*", "Resource": "acs:oss:*:*:b/\\ud83d\\ude00"}'))
          .Statement[0]!.Resource,
      ).toEqual(['acs:oss:*:*:b/😀']);
    });

    it('answers every text and every value with a policy or a PolicyError', () => {
      const text = fc.oneof(
        fc.string(),
        fc.string({
          unit: fc.constantFrom('{', '}', '[', ']', '"', ',', ':', ' ', 'a', '\\', '/', '*', '\n', '1'),
        }),
        fc.json(),
      );
      const attempt = (source: unknown): void => {
        try {
          parsePolicy(source);
        } catch (error) {
          if (!(error instanceof PolicyError)) throw error;
          expect(error.issues.length).toBeGreaterThan(0);
        }
      };
      fc.assert(fc.property(text, attempt), { numRuns: 3000 });
      fc.assert(
        fc.property(fc.anything(), (value) => attempt(typeof value === 'string' ? 0 : value)),
        { numRuns: 3000 },
      );
    });

    it('agrees with JSON.parse on what is JSON', () => {
      fc.assert(
        fc.property(fc.json({ maxDepth: 4 }), (text) => {
          const syntax = [
            'wrong-quotes',
            'trailing-comma',
            'missing-comma',
            'unquoted-text',
            'missing-brace',
            'unexpected-text',
          ];
          let found: string[] = [];
          try {
            parsePolicy(text);
          } catch (error) {
            found = (error as PolicyError).issues.map((issue) => issue.code);
          }
          expect(found.filter((code) => syntax.includes(code))).toEqual([]);
        }),
      );
    });
  });

  it('parse, JSON, parse is the identity', () => {
    fc.assert(
      fc.property(fc.boolean().chain(policyDocument), (document) => {
        const once = parsePolicy(document);
        const text = JSON.stringify(once);
        const twice = parsePolicy(text);
        expect(twice).toEqual(once);
        expect(JSON.stringify(twice)).toBe(text);
        expect(parsePolicy(once.toString())).toEqual(once);
        expect(equalPolicies(once, twice)).toBe(true);
      }),
    );
  });
});

describe('PolicyCodec', () => {
  it('is an io-ts codec', () => {
    const decoded = PolicyCodec.decode(JSON.parse(around(GOOD)));
    expect(decoded._tag).toBe('Right');
    if (decoded._tag === 'Right') {
      expect(PolicyCodec.is(decoded.right)).toBe(true);
      expect(PolicyCodec.encode(decoded.right)).toEqual(JSON.parse(around(GOOD)));
    }
    expect(PolicyCodec.decode({})).toMatchObject({
      _tag: 'Left',
      left: [{ code: 'missing-element' }, { code: 'missing-element' }],
    });
  });
});

describe.skipIf(!sourceDocumentsPresent)(
  'the policies that the source documents print (skipped where ../shared is absent)',
  () => {
    const printed = printedPolicies();
    const name = (index: number): string =>
      `${printed[index]!.document.slice(0, 3)} #${printed[index]!.place}`;

    it('are ten', () => {
      expect(printed.map((_, index) => name(index))).toEqual([
        '000 #1',
        '001 #1',
        '002 #1',
        '003 #1',
        '003 #2',
        '003 #3',
        '004 #1',
        '004 #2',
        '004 #3',
        '004 #4',
      ]);
    });

    it('are diagnosed to the character', () => {
      const found = printed.flatMap(({ text }, index) => {
        try {
          parsePolicy(text);
          return [];
        } catch (error) {
          return (error as PolicyError).issues.map(
            ({ code, line, column, offset, suggestion }) =>
              [
                name(index),
                code,
                `${line}:${column}`,
                text.slice(offset, offset! + 10).split('\n')[0],
                suggestion,
              ] as const,
          );
        }
      });
      expect(found).toEqual([
        ['000 #1', 'trailing-comma', '5:28', ', ', 'remove the comma'],
        ['002 #1', 'comment', '6:64', '//Replace ', 'remove the comment'],
        ['003 #1', 'unknown-element', '7:9', '"Service "', '"Service"'],
        ['003 #2', 'unknown-element', '9:9', '"Resource ', '"Resource"'],
        ['003 #3', 'missing-value', '4:11', '"ecs: [ECS', '"Action": "ecs: [ECS RAM Action]"'],
        ['003 #3', 'action-as-element', '4:11', '"ecs: [ECS', '"Action"'],
        ['003 #3', 'stray-blank', '4:11', '"ecs: [ECS', '"ecs:[ECS RAM Action]"'],
        ['003 #3', 'missing-brace', '12:7', '],', '}'],
      ]);
    });
  },
);
