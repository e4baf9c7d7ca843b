import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../judge/evaluate.ts';
import { actionMatches, resourceMatches } from '../judge/match.ts';
import { actionCovers, patternCovers, resourceCovers } from '../model/pattern-cover.ts';
import type { Statement } from '../model/policy.ts';
import { matchesWildcard } from '../model/wildcard.ts';
import { parsePolicy } from '../read/parse-policy.ts';
import { repairPolicy } from '../read/repair-policy.ts';
import { accessRequest, policyDocument } from '../test-support/arbitraries.ts';
import { printedPolicies, sourceDocumentsPresent } from '../test-support/source-documents.ts';
import { RULES } from './finding.ts';
import { lintPolicy, lintPolicyText } from './lint-policy.ts';
import { toSarif } from './sarif.ts';

/** Findings of statements written as RAM JSON, as `severity code path`. */
function lint(...statements: object[]): string[] {
  return lintPolicy(parsePolicy({ Version: '1', Statement: statements })).map(
    ({ severity, code, path }) => `${severity} ${code} ${path.replace('$.Statement', '')}`,
  );
}

const allow = (Action: string | string[], Resource: string | string[] = '*', more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const deny = (Action: string | string[], Resource: string | string[] = '*', more: object = {}) => ({
  ...allow(Action, Resource, more),
  Effect: 'Deny',
});
const when = (Condition: object) => ({ Condition });
const trust = (Principal: object | string, more: object = {}) => ({
  Effect: 'Allow',
  Action: 'sts:AssumeRole',
  Principal,
  ...more,
});
const KEY = 'acs:kms:cn-hangzhou:1001:key/k';

/** What is found, for each rule at least one policy that has it and one that just does not. */
const CASES: readonly (readonly [string, object[], string[]])[] = [
  ['a narrow policy', [allow(['kms:Decrypt', 'kms:GenerateDataKey'], KEY)], []],
  ['full administration', [allow('*')], ['error full-administration [0].Action[0]']],
  ['denying everything is no grant', [deny('*')], []],
  ['everything on one resource', [allow('*', 'acs:oss:*:*:b')], []],
  ['a whole service', [allow('kms:*')], ['warning broad-service-grant [0].Action[0]']],
  [
    'a whole service, spelt out',
    [allow('kms:*', 'acs:kms:*:*:*')],
    ['warning broad-service-grant [0].Action[0]'],
  ],
  ['a whole service on one key', [allow('kms:*', KEY)], []],
  [
    'all but',
    [{ Effect: 'Allow', NotAction: 'ram:*', Resource: 'acs:oss:*:*:b' }],
    ['warning allow-not-action [0].NotAction'],
  ],
  [
    'all resources but',
    [{ Effect: 'Allow', Action: 'kms:Decrypt', NotResource: KEY }],
    ['warning allow-not-resource [0].NotResource'],
  ],
  ['denying all but', [{ Effect: 'Deny', NotAction: 'ram:*', NotResource: KEY }], []],
  ['passing any role', [allow('ram:PassRole')], ['error pass-role-on-everything [0]']],
  [
    'passing any role of an account',
    [allow('ram:PassRole', 'acs:ram:*:1001:role/*')],
    ['error pass-role-on-everything [0]'],
  ],
  [
    'passing any role to one service',
    [allow('ram:PassRole', '*', when({ StringEquals: { 'acs:Service': 'ecs.aliyuncs.com' } }))],
    ['warning pass-role-on-everything [0]'],
  ],
  ['passing one role', [allow('ram:PassRole', 'acs:ram:*:1001:role/app')], []],
  [
    'passing one role to instances that one makes',
    [allow('ecs:RunInstances'), allow('ram:PassRole', 'acs:ram:*:1001:role/app')],
    ['warning escalation-pass-role [1]'],
  ],
  ['attaching policies', [allow('ram:AttachPolicyToUser')], ['error escalation-permissions [0]']],
  [
    'attaching policies to one group',
    [allow('ram:AttachPolicyToGroup', ['acs:ram:*:1001:group/g', 'acs:ram:*:1001:policy/p'])],
    ['warning escalation-permissions [0]'],
  ],
  [
    'making keys for anybody',
    [allow('ram:CreateAccessKey', 'acs:ram:*:1001:user/*')],
    ['error escalation-permissions [0]'],
  ],
  [
    'an old version of a policy',
    [allow('ram:SetDefaultPolicyVersion', 'acs:ram:*:1001:policy/p')],
    ['warning escalation-permissions [0]'],
  ],
  ['assuming any role', [allow('sts:AssumeRole')], ['error escalation-permissions [0]']],
  ['assuming one role', [allow('sts:AssumeRole', 'acs:ram:*:1001:role/app')], []],
  ['trusting anybody', [trust({ RAM: '*' })], ['error open-trust [0].Principal.RAM[0]']],
  [
    'trusting a service of any account',
    [trust({ Service: '*@ecs.aliyuncs.com' })],
    ['error open-trust [0].Principal.Service[0]'],
  ],
  [
    'of one directory',
    [trust({ Service: '*@ecs.aliyuncs.com' }, when({ StringEquals: { 'sts:ServiceOwnerRDId': 'rd-1' } }))],
    ['note open-trust [0].Principal.Service[0]'],
  ],
  ['trusting one account', [trust({ RAM: 'acs:ram::1001:root', Service: 'ecs.aliyuncs.com' })], []],
  [
    'a public bucket',
    [allow('oss:GetObject', 'acs:oss:*:1001:b/*', { Principal: ['*'] })],
    ['error public-bucket [0].Principal'],
  ],
  [
    'a bucket for an office',
    [
      allow('oss:GetObject', 'acs:oss:*:1001:b/*', {
        Principal: ['*'],
        ...when({ IpAddress: { 'acs:SourceIp': '10.0.0.0/8' } }),
      }),
    ],
    ['note public-bucket [0].Principal'],
  ],
  [
    'everybody but',
    [{ ...allow('oss:GetObject', 'acs:oss:*:1001:b/*'), NotPrincipal: ['1'] }],
    ['error allow-not-principal [0].NotPrincipal'],
  ],
  ['a misspelt action', [allow('kms:Decript', KEY)], ['error unknown-action [0].Action[0]']],
  ['in another case it is the action', [allow('kms:decrypt', KEY)], []],
  [
    'a misspelt action among the excepted',
    [{ Effect: 'Deny', NotAction: ['kms:Decript'], Resource: '*' }],
    ['error unknown-action [0].NotAction[0]'],
  ],
  ['a pattern of no action', [allow('kms:Decript*', KEY)], ['warning action-matches-nothing [0].Action[0]']],
  ['an unknown service', [allow('rds:DescribeDBInstances')], []],
  ['a service misspelt', [allow('ksm:Decrypt')], ['warning unknown-action [0].Action[0]']],
  [
    'a secret cannot decrypt',
    [allow('kms:Decrypt', 'acs:kms:*:*:secret/s')],
    ['warning unsupported-resource [0].Resource[0]'],
  ],
  [
    'an object is read, not a bucket',
    [allow('oss:GetObject', 'acs:oss:*:*:b')],
    ['warning unsupported-resource [0].Resource[0]'],
  ],
  [
    'a bucket beside its objects',
    [allow('oss:GetObject', ['acs:oss:*:*:b', 'acs:oss:*:*:b/*'])],
    ['note unsupported-resource [0].Resource[0]'],
  ],
  [
    'one of the actions is enough',
    [allow(['oss:GetObject', 'oss:ListObjects'], ['acs:oss:*:*:b', 'acs:oss:*:*:b/*'])],
    [],
  ],
  [
    'a resource of no form',
    [allow('kms:Decrypt', 'acs:kms:*:*:keys/k')],
    ['warning resource-matches-nothing [0].Resource[0]'],
  ],
  [
    'an action without resources',
    [allow('kms:GetRandomPassword', 'acs:kms:*:*:key/k')],
    ['warning unsupported-resource [0].Resource[0]'],
  ],
  ['an action whose resources are not documented', [allow('ecs:CreateHaVip', 'acs:ecs:*:*:havip/*')], []],
  [
    'the same twice',
    [allow('kms:Decrypt', KEY), allow('kms:Decrypt', KEY)],
    ['note redundant-statement [1]'],
  ],
  [
    'what a wider statement says',
    [allow('kms:Decrypt', KEY), allow(['kms:D*', 'kms:E*'], 'acs:kms:*:*:key/*')],
    ['note redundant-statement [0]'],
  ],
  [
    'a wider one under a condition is another',
    [allow('kms:Decrypt', KEY), allow('kms:D*', KEY, when({ Bool: { 'acs:MFAPresent': 'true' } }))],
    [],
  ],
  [
    'taken back',
    [allow('oss:GetObject', 'acs:oss:*:*:b/*'), deny('oss:*')],
    ['warning shadowed-statement [0]'],
  ],
  [
    'taken back in part',
    [allow('oss:GetObject', 'acs:oss:*:*:b/*'), deny('oss:*', 'acs:oss:*:*:b/secret/*')],
    [],
  ],
  [
    'a value that another covers',
    [allow(['kms:Decrypt', 'kms:De*'], KEY)],
    ['note redundant-value [0].Action[0]'],
  ],
  [
    'a misspelt key',
    [allow('kms:Decrypt', KEY, when({ IpAddress: { 'acs:SourceIP4': '10.0.0.0/8' } }))],
    ['warning unknown-condition-key [0].Condition.IpAddress["acs:SourceIP4"]'],
  ],
  [
    'a key of an unknown service',
    [allow('kms:Decrypt', KEY, when({ StringEquals: { 'rds:ResourceTag/x': 'y' } }))],
    [],
  ],
  [
    'a key that the action does not supply',
    [allow('kms:DescribeKey', KEY, when({ StringEquals: { 'kms:tag/x': 'y' } }))],
    ['note unsupported-condition-key [0].Condition.StringEquals["kms:tag/x"]'],
  ],
  ['a key that it supplies', [allow('kms:Decrypt', KEY, when({ StringEquals: { 'kms:tag/x': 'y' } }))], []],
  [
    'an address compared as a string',
    [allow('kms:Decrypt', KEY, when({ StringEquals: { 'acs:SourceIp': '10.0.0.1' } }))],
    ['error wrong-key-kind [0].Condition.StringEquals["acs:SourceIp"]'],
  ],
  ['any key for Null', [allow('kms:Decrypt', KEY, when({ Null: { 'acs:SourceIp': 'true' } }))], []],
  [
    'a CIDR that is not one',
    [allow('kms:Decrypt', KEY, when({ IpAddress: { 'acs:SourceIp': ['10.0.0.0/8', '10.0.0.0/33'] } }))],
    ['error invalid-cidr [0].Condition.IpAddress["acs:SourceIp"][1]'],
  ],
  [
    'a CIDR with host bits',
    [allow('kms:Decrypt', KEY, when({ IpAddress: { 'acs:SourceIp': '10.0.0.1/8' } }))],
    ['note cidr-host-bits [0].Condition.IpAddress["acs:SourceIp"][0]'],
  ],
  [
    'a date that is not one',
    [deny('kms:Decrypt', KEY, when({ DateLessThan: { 'acs:CurrentTime': ['2024-01-01', 'tomorrow'] } }))],
    ['error invalid-date [0].Condition.DateLessThan["acs:CurrentTime"][1]'],
  ],
  [
    'a number that is not one',
    [deny('x:Y', '*', when({ NumericLessThan: { 'x:n': ['1', 'many'] } }))],
    ['error invalid-number [0].Condition.NumericLessThan["x:n"][1]'],
  ],
  [
    'a boolean that is not one',
    [deny('x:Y', '*', when({ Bool: { 'acs:MFAPresent': ['true', 'yes'] } }))],
    ['error invalid-boolean [0].Condition.Bool["acs:MFAPresent"][1]'],
  ],
  [
    'a wildcard for an operator that has none',
    [allow('oss:ListObjects', 'acs:oss:*:*:b', when({ StringEquals: { 'oss:Prefix': 'a/*' } }))],
    ['warning wildcard-not-interpreted [0].Condition.StringEquals["oss:Prefix"][0]'],
  ],
  [
    'two values at once',
    [
      allow(
        'kms:Decrypt',
        KEY,
        when({ StringEquals: { 'kms:tag/x': 'a' }, StringLike: { 'kms:tag/x': 'b*' } }),
      ),
    ],
    ['error condition-never-holds [0].Condition.StringEquals["kms:tag/x"]'],
  ],
  [
    'two that agree',
    [
      allow(
        'kms:Decrypt',
        KEY,
        when({ StringEquals: { 'kms:tag/x': 'ba' }, StringLike: { 'kms:tag/x': 'b*' } }),
      ),
    ],
    [],
  ],
  [
    'a value that is excluded',
    [
      deny(
        'kms:Decrypt',
        KEY,
        when({ StringEquals: { 'kms:tag/x': 'a' }, StringNotEquals: { 'kms:tag/x': ['a', 'b'] } }),
      ),
    ],
    ['error condition-never-holds [0].Condition.StringEquals["kms:tag/x"]'],
  ],
  [
    'a time before it begins',
    [
      allow(
        'kms:Decrypt',
        KEY,
        when({
          DateGreaterThan: { 'acs:CurrentTime': '2025-01-01' },
          DateLessThan: { 'acs:CurrentTime': '2024-01-01' },
        }),
      ),
    ],
    ['error condition-never-holds [0].Condition.DateGreaterThan["acs:CurrentTime"]'],
  ],
  [
    'a moment',
    [
      allow(
        'kms:Decrypt',
        KEY,
        when({
          DateGreaterThanEquals: { 'acs:CurrentTime': '2024-01-01' },
          DateLessThanEquals: { 'acs:CurrentTime': '2024-01-01' },
        }),
      ),
    ],
    [],
  ],
  [
    'an absent key with a value',
    [
      allow(
        'kms:Decrypt',
        KEY,
        when({ Null: { 'acs:SourceVpc': 'true' }, StringEquals: { 'acs:SourceVpc': 'v' } }),
      ),
    ],
    ['error condition-never-holds [0].Condition.Null["acs:SourceVpc"]'],
  ],
  [
    'inside and outside',
    [
      allow(
        'kms:Decrypt',
        KEY,
        when({ IpAddress: { 'acs:SourceIp': '10.0.0.0/8' }, NotIpAddress: { 'acs:SourceIp': '10.0.0.0/8' } }),
      ),
    ],
    [
      'error condition-never-holds [0].Condition.IpAddress["acs:SourceIp"]',
      'note absent-key-allows [0].Condition.NotIpAddress["acs:SourceIp"]',
    ],
  ],
  [
    'allowing whoever has no tag',
    [allow('kms:Decrypt', KEY, when({ StringNotEquals: { 'kms:tag/x': 'a' } }))],
    ['note absent-key-allows [0].Condition.StringNotEquals["kms:tag/x"]'],
  ],
  [
    'but not when the tag must be there',
    [
      allow(
        'kms:Decrypt',
        KEY,
        when({ StringNotEquals: { 'kms:tag/x': 'a' }, Null: { 'kms:tag/x': 'false' } }),
      ),
    ],
    [],
  ],
  [
    'a placeholder',
    [allow('kms:Decrypt', 'acs:kms:<region>:1001:key/k')],
    ['error placeholder [0].Resource[0]'],
  ],
  [
    'stars that hide digits',
    [trust({ RAM: 'acs:ram::123456789012****:root' })],
    ['error placeholder [0].Principal.RAM[0]'],
  ],
  [
    'reading a secret without its key',
    [allow('kms:GetSecretValue', 'acs:kms:*:*:secret/s')],
    ['note missing-dependent-action [0]'],
  ],
  [
    'a policy that is too long',
    [
      allow(
        'kms:Decrypt',
        Array.from({ length: 100 }, (_, i) => `acs:kms:*:*:key/${'x'.repeat(60)}${i}`),
      ),
    ],
    ['error policy-too-long '],
  ],
];

describe('lintPolicy', () => {
  it.each(CASES)('%s', (_, statements, expected) => {
    expect(
      lint(...statements)
        .map((line) => line.replace(' $', ' '))
        .sort(),
    ).toEqual([...expected].sort());
  });

  it('has a case for every rule', () => {
    const found = new Set(CASES.flatMap(([, , lines]) => lines.map((line) => line.split(' ')[1])));
    found.add('invalid-policy'); // the next test
    expect([...found].sort()).toEqual(Object.keys(RULES).sort());
  });

  it('reports a text that is no policy, issue by issue', () => {
    const text = '{"Version": "1", "Statement": [{"Effect": "allow", "Action": "*", "Resource": "*",}]}';
    expect(
      lintPolicyText(text).map(({ code, severity, path, line, column, fix }) => [
        code,
        severity,
        path,
        line,
        column,
        fix,
      ]),
    ).toEqual([
      ['invalid-policy', 'error', '$.Statement[0].Effect', 1, 43, 'Write "Allow".'],
      ['invalid-policy', 'error', '$.Statement[0]', 1, 82, 'Remove the comma.'],
    ]);
  });

  it('puts the gravest first', () => {
    const severities = lintPolicy(
      parsePolicy({
        Version: '1',
        Statement: [allow('kms:De*', KEY), allow('kms:Decrypt', KEY), allow('ram:PassRole')],
      }),
    ).map(({ severity }) => severity);
    expect(severities).toEqual(['error', 'note']);
  });

  it('says how to mend a misspelt action', () => {
    const [finding] = lintPolicy(
      parsePolicy({ Version: '1', Statement: [allow('kms:GenrateDataKey', KEY)] }),
    );
    expect(finding).toMatchObject({ code: 'unknown-action', fix: 'Did you mean kms:GenerateDataKey?' });
  });

  it('finds the place in a text, single values included', () => {
    const text =
      '{\n  "Version": "1",\n  "Statement": [{\n    "Effect": "Allow",\n    "Action": "kms:*",\n    "Resource": "*"\n  }]\n}';
    expect(lintPolicyText(text)).toMatchObject([{ code: 'broad-service-grant', line: 5, column: 15 }]);
  });

  it('never calls a statement redundant or shadowed that makes a difference', () => {
    fc.assert(
      fc.property(
        policyDocument(),
        fc.array(accessRequest, { minLength: 8, maxLength: 8 }),
        (document, requests) => {
          const policy = parsePolicy(document);
          for (const { code, path } of lintPolicy(policy)) {
            if (code !== 'redundant-statement' && code !== 'shadowed-statement') continue;
            const index = Number(/\[(\d+)\]/.exec(path)![1]);
            const rest = policy.Statement.filter((_: Statement, place) => place !== index);
            for (const request of requests)
              expect(evaluate({ identity: [{ Version: '1', Statement: rest }] }, request).decision).toBe(
                evaluate({ identity: [policy] }, request).decision,
              );
          }
        },
      ),
      { numRuns: 1500 },
    );
  });
});

describe('covering', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', ':', '*', '?'), maxLength: 7 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 8 });

  it('a pattern that covers another matches all that the other matches', () => {
    fc.assert(
      fc.property(pattern, pattern, text, (wide, narrow, name) => {
        if (patternCovers(wide, narrow) && matchesWildcard(narrow, name))
          expect(matchesWildcard(wide, name)).toBe(true);
        if (actionCovers(wide, narrow) && actionMatches(narrow, name))
          expect(actionMatches(wide, name)).toBe(true);
        if (resourceCovers(wide, narrow) && resourceMatches(narrow, name))
          expect(resourceMatches(wide, name)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it('covers itself, and * covers all', () => {
    fc.assert(
      fc.property(pattern, (one) => {
        expect(patternCovers(one, one)).toBe(true);
        expect(patternCovers('*', one)).toBe(true);
        expect(resourceCovers('*', one)).toBe(true);
      }),
    );
  });
});

describe('toSarif', () => {
  it('is a SARIF 2.1.0 log', () => {
    const findings = lintPolicyText(
      '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}',
    );
    const log = toSarif([{ file: 'policies/my app.json', findings }]);
    expect(log.version).toBe('2.1.0');
    const [run] = log.runs;
    expect(run!.tool.driver.rules.map(({ id }) => id)).toEqual(Object.keys(RULES));
    expect(run!.results).toEqual([
      {
        ruleId: 'broad-service-grant',
        ruleIndex: Object.keys(RULES).indexOf('broad-service-grant'),
        level: 'warning',
        message: { text: `${findings[0]!.explanation} ${findings[0]!.fix}` },
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: 'policies/my%20app.json' },
              region: { startLine: 1, startColumn: 62 },
            },
            logicalLocations: [{ fullyQualifiedName: '$.Statement[0].Action[0]', kind: 'member' }],
          },
        ],
      },
    ]);
  });

  it('leaves out places that are not known', () => {
    const log = toSarif([
      { file: 'p.json', findings: [{ code: 'placeholder', severity: 'error', path: '$', explanation: 'm' }] },
    ]);
    expect(log.runs[0]!.results[0]!.locations[0]!.physicalLocation).toEqual({
      artifactLocation: { uri: 'p.json' },
    });
  });
});

describe.skipIf(!sourceDocumentsPresent)(
  'findings about the printed policies (skipped where ../shared is absent)',
  () => {
    it('are what a careful reader would say', () => {
      const found = printedPolicies().map(({ document, place, text }) => {
        const codes = lintPolicy(repairPolicy(text).policy).map(
          ({ severity, code }) => `${severity} ${code}`,
        );
        return [`${document.slice(0, 3)} #${place}`, [...new Set(codes)]];
      });
      expect(found).toEqual([
        ['000 #1', ['warning broad-service-grant']],
        ['001 #1', []],
        ['002 #1', []],
        ['003 #1', []],
        ['003 #2', []],
        ['003 #3', ['error pass-role-on-everything', 'error placeholder']],
        ['004 #1', ['error placeholder']],
        ['004 #2', ['error placeholder', 'note open-trust']],
        ['004 #3', ['error placeholder', 'note open-trust']],
        ['004 #4', ['error placeholder']],
      ]);
    });
  },
);
