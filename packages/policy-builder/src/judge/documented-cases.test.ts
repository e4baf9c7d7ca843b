import { describe, expect, it } from 'vitest';
import type { Statement } from '../model/policy.ts';
import { bucketPolicy, policy, trustPolicy } from '../write/policy.ts';
import { account, anyone, federated, role, service, uid, user } from '../write/principal.ts';
import { oss, otherAction, ram } from '../write/services.ts';
import { allow, deny } from '../write/statement.ts';
import { compilePolicies } from './compile.ts';
import { type Decision, evaluate, type PolicySet } from './evaluate.ts';
import type { AccessRequest } from './statement.ts';

/**
 * What the public documentation says of decisions, as decisions: each page with the policies it shows (written anew
 * with this package) and what it says of them. Paths are those of the documentation's repositories on GitHub
 * (AlibabaCloudDocs/ram, /oss, /kms, /ecs), folder intl.en-US; the last group cites web pages.
 */
interface Page {
  readonly page: string;
  readonly cases: readonly Case[];
}

type Case = readonly [what: string, policies: PolicySet, request: AccessRequest, decision: Decision];

const ALLOW = 'Allow';
const EXPLICIT = 'ExplicitDeny';
const IMPLICIT = 'ImplicitDeny';

const ask = (
  action: string,
  resource = '*',
  context: Readonly<Record<string, string | readonly string[]>> = {},
): AccessRequest => ({ action, resource, context });

const as = (principal: AccessRequest['principal'], request: AccessRequest): AccessRequest => ({
  ...request,
  principal,
});

/** Identity policies alone. */
const identity = (...statements: Parameters<typeof policy>): PolicySet => ({
  identity: [policy(...statements)],
});

const instance = (id: string, region = 'cn-hangzhou'): string => `acs:ecs:${region}:1001:instance/${id}`;
const object = (key: string, bucket = 'myphotos'): string => `acs:oss:*:1001:${bucket}/${key}`;
const bucketNamed = (bucket = 'myphotos'): string => `acs:oss:*:1001:${bucket}`;

const readDecrypt = allow('kms:Decrypt').on('*');
const denyDecrypt = deny('kms:Decrypt').on('*');
const decrypt = ask('kms:Decrypt', 'acs:kms:cn-hangzhou:1001:key/k');
const nothing = allow('oss:ListBuckets').on('*');
const P = (...statements: Parameters<typeof policy>) => [policy(...statements)];

const evaluationProcess: Page = {
  page: 'ram: Policy Management/Policy language/Policy evaluation process.md',
  cases: [
    ['by default everything is implicitly denied', { identity: [] }, decrypt, IMPLICIT],
    [
      'a policy that does not speak of the request denies it implicitly',
      identity(nothing),
      decrypt,
      IMPLICIT,
    ],
    ['an Allow statement that matches allows', identity(readDecrypt), decrypt, ALLOW],
    ['a Deny statement that matches denies explicitly', identity(denyDecrypt), decrypt, EXPLICIT],
    ['Deny is looked for before Allow', identity(readDecrypt, denyDecrypt), decrypt, EXPLICIT],
    ['wherever it stands', identity(denyDecrypt, readDecrypt), decrypt, EXPLICIT],
    ['in another policy as well', { identity: [...P(readDecrypt), ...P(denyDecrypt)] }, decrypt, EXPLICIT],
    ['policies of the groups count as the user’s', { identity: [], group: P(readDecrypt) }, decrypt, ALLOW],
    [
      'a deny of a group wins over an allow of the user',
      { identity: P(readDecrypt), group: P(denyDecrypt) },
      decrypt,
      EXPLICIT,
    ],
    [
      'a control policy that allows lets the evaluation go on',
      { control: P(readDecrypt), identity: P(readDecrypt) },
      decrypt,
      ALLOW,
    ],
    ['and grants nothing itself', { control: P(readDecrypt), identity: P(nothing) }, decrypt, IMPLICIT],
    [
      'a control policy that is silent ends it: implicit deny',
      { control: P(nothing), identity: P(readDecrypt) },
      decrypt,
      IMPLICIT,
    ],
    [
      'a control policy that denies ends it: explicit deny',
      { control: P(denyDecrypt), identity: P(readDecrypt) },
      decrypt,
      EXPLICIT,
    ],
    ['no control policy: the step is skipped', { control: [], identity: P(readDecrypt) }, decrypt, ALLOW],
    [
      'a session policy that allows lets it go on',
      { session: P(readDecrypt), identity: P(readDecrypt) },
      decrypt,
      ALLOW,
    ],
    [
      'a session policy grants nothing itself',
      { session: P(readDecrypt), identity: P(nothing) },
      decrypt,
      IMPLICIT,
    ],
    [
      'a session policy that is silent ends it',
      { session: P(nothing), identity: P(readDecrypt) },
      decrypt,
      IMPLICIT,
    ],
    [
      'a session policy that denies ends it',
      { session: P(denyDecrypt), identity: P(readDecrypt) },
      decrypt,
      EXPLICIT,
    ],
    [
      'control before session',
      { control: P(nothing), session: P(denyDecrypt), identity: P(readDecrypt) },
      decrypt,
      IMPLICIT,
    ],
    ['session before identity', { session: P(nothing), identity: P(denyDecrypt) }, decrypt, IMPLICIT],
    [
      'all three allow',
      { control: P(readDecrypt), session: P(readDecrypt), identity: P(readDecrypt) },
      decrypt,
      ALLOW,
    ],
    [
      'resource group policies are asked when account policies are silent',
      { identity: P(nothing), resourceGroup: P(readDecrypt) },
      decrypt,
      ALLOW,
    ],
    ['or absent', { identity: [], resourceGroup: P(readDecrypt) }, decrypt, ALLOW],
    [
      'an account policy that allows ends the asking',
      { identity: P(readDecrypt), resourceGroup: P(denyDecrypt) },
      decrypt,
      ALLOW,
    ],
    [
      'an account policy that denies ends it too',
      { identity: P(denyDecrypt), resourceGroup: P(readDecrypt) },
      decrypt,
      EXPLICIT,
    ],
    [
      'a resource group policy can deny',
      { identity: P(nothing), resourceGroup: P(denyDecrypt) },
      decrypt,
      EXPLICIT,
    ],
    ['neither says anything', { identity: P(nothing), resourceGroup: P(nothing) }, decrypt, IMPLICIT],
    ...combination(),
  ],
};

/** Decision A (identity) and Decision B (the bucket's policy). */
function combination(): Case[] {
  const bob = { ram: 'acs:ram::1001:user/bob', id: '2002' };
  const read = as(bob, ask('oss:GetObject', object('a.jpg')));
  const everyObject = oss.object({ bucket: 'myphotos', key: '*' });
  const says = {
    allow: {
      identity: P(allow('oss:GetObject').on('*')),
      resource: [bucketPolicy(allow('oss:GetObject').on(everyObject).to(uid('2002')))],
    },
    deny: {
      identity: P(deny('oss:GetObject').on('*')),
      resource: [bucketPolicy(deny('oss:GetObject').on(everyObject).to(uid('2002')))],
    },
    silent: {
      identity: P(nothing),
      resource: [bucketPolicy(allow('oss:PutObject').on(everyObject).to(uid('2002')))],
    },
  };
  const table: [keyof typeof says, keyof typeof says, Decision][] = [
    ['allow', 'allow', ALLOW],
    ['allow', 'silent', ALLOW],
    ['allow', 'deny', EXPLICIT],
    ['silent', 'allow', ALLOW],
    ['silent', 'silent', IMPLICIT],
    ['silent', 'deny', EXPLICIT],
    ['deny', 'allow', EXPLICIT],
    ['deny', 'silent', EXPLICIT],
    ['deny', 'deny', EXPLICIT],
  ];
  return table.map(([a, b, decision]) => [
    `identity: ${a}, bucket policy: ${b}`,
    { identity: says[a].identity, resource: says[b].resource },
    read,
    decision,
  ]);
}

const assuming: Page = {
  page: 'ram: Policy Management/Policy language/Policy evaluation process of assuming a RAM role.md',
  cases: ((): Case[] => {
    const bob = { ram: 'acs:ram::1001:user/bob' };
    const request = as(bob, ask('sts:AssumeRole', 'acs:ram:*:1001:role/app'));
    const assume = allow('sts:AssumeRole');
    const says = {
      allow: { identity: P(assume.on('*')), resource: [trustPolicy(assume.to(account('1001')))] },
      deny: {
        identity: P(deny('sts:AssumeRole').on('*')),
        resource: [trustPolicy(deny('sts:AssumeRole').to(account('1001')))],
      },
      silent: { identity: P(nothing), resource: [trustPolicy(assume.to(account('9009')))] },
    };
    const table: [keyof typeof says, keyof typeof says, Decision][] = [
      ['allow', 'allow', ALLOW],
      ['allow', 'silent', IMPLICIT],
      ['silent', 'allow', IMPLICIT],
      ['silent', 'silent', IMPLICIT],
      ['allow', 'deny', EXPLICIT],
      ['deny', 'allow', EXPLICIT],
      ['silent', 'deny', EXPLICIT],
      ['deny', 'silent', EXPLICIT],
      ['deny', 'deny', EXPLICIT],
    ];
    return [
      ...table.map(
        ([a, b, decision]): Case => [
          `identity: ${a}, trust: ${b}`,
          { identity: says[a].identity, resource: says[b].resource },
          request,
          decision,
        ],
      ),
      ['no trust policy: implicit deny', { identity: says.allow.identity }, request, IMPLICIT],
      [
        'no identity policy: implicit deny',
        { identity: [], resource: says.allow.resource },
        request,
        IMPLICIT,
      ],
      [
        'a control policy is a ceiling here too',
        { control: P(nothing), identity: says.allow.identity, resource: says.allow.resource },
        request,
        IMPLICIT,
      ],
      [
        'and a session policy',
        { session: P(deny('sts:*').on('*')), identity: says.allow.identity, resource: says.allow.resource },
        request,
        EXPLICIT,
      ],
      [
        'role-based SSO: there is no identity policy, the trust policy alone decides',
        { resource: [trustPolicy(assume.to(federated('acs:ram::1001:saml-provider/idp')))] },
        {
          action: 'sts:AssumeRole',
          resource: 'acs:ram:*:1001:role/app',
          principal: { federated: 'acs:ram::1001:saml-provider/idp' },
        },
        ALLOW,
      ],
    ];
  })(),
};

const elements: Page = {
  page: 'ram: Policy Management/Policy language/Policy elements.md',
  cases: ((): Case[] => {
    const actions = identity(allow('oss:ListBuckets', 'ecs:Describe*', otherAction('rds:Describe*')).on('*'));
    const resources = identity(
      allow('*').on(
        'acs:ecs:*:*:instance/inst-001',
        'acs:ecs:*:*:instance/inst-002',
        'acs:oss:*:*:mybucket',
        'acs:oss:*:*:mybucket/*',
      ),
    );
    const ip = (...values: string[]) =>
      identity(allow('ecs:*').on('*').when('IpAddress', { 'acs:SourceIp': values }));
    const from = (address: string) => ask('ecs:StartInstance', instance('i'), { 'acs:SourceIp': address });
    const several = identity(
      allow('oss:ListObjects')
        .on('*')
        .when('StringEquals', { 'oss:Prefix': ['a', 'b'], 'oss:Delimiter': '/' })
        .when('Bool', { 'acs:SecureTransport': true }),
    );
    const list = (prefix: string, delimiter: string, secure: string) =>
      ask('oss:ListObjects', bucketNamed(), {
        'oss:Prefix': prefix,
        'oss:Delimiter': delimiter,
        'acs:SecureTransport': secure,
      });
    return [
      ['an action by name', actions, ask('oss:ListBuckets'), ALLOW],
      ['an action by its beginning', actions, ask('ecs:DescribeInstances'), ALLOW],
      ['of another service', actions, ask('rds:DescribeDBInstances'), ALLOW],
      ['not one that begins otherwise', actions, ask('ecs:StartInstance'), IMPLICIT],
      ['not that of a service it does not name', actions, ask('oss:ListObjects'), IMPLICIT],
      ['a resource by name', resources, ask('ecs:StartInstance', instance('inst-001')), ALLOW],
      ['another of the list', resources, ask('ecs:StartInstance', instance('inst-002', 'cn-beijing')), ALLOW],
      ['not one that is not listed', resources, ask('ecs:StartInstance', instance('inst-003')), IMPLICIT],
      [
        'not one whose name only begins so',
        resources,
        ask('ecs:StartInstance', instance('inst-0011')),
        IMPLICIT,
      ],
      ['a bucket', resources, ask('oss:GetBucketAcl', 'acs:oss:*:1001:mybucket'), ALLOW],
      [
        'a file path below it',
        resources,
        ask('oss:GetObject', 'acs:oss:*:1001:mybucket/dir1/object1.jpg'),
        ALLOW,
      ],
      [
        'not a bucket whose name begins so',
        resources,
        ask('oss:GetBucketAcl', 'acs:oss:*:1001:mybucket2'),
        IMPLICIT,
      ],
      ['any of the values of a key is enough', several, list('b', '/', 'true'), ALLOW],
      ['the first as well', several, list('a', '/', 'true'), ALLOW],
      ['none of the values', several, list('c', '/', 'true'), IMPLICIT],
      ['every key of an operator must hold', several, list('a', '-', 'true'), IMPLICIT],
      ['every condition of the block must hold', several, list('a', '/', 'false'), IMPLICIT],
      ['an address', ip('10.0.0.1'), from('10.0.0.1'), ALLOW],
      ['another address', ip('10.0.0.1'), from('10.0.0.2'), IMPLICIT],
      ['a block', ip('10.0.0.0/24'), from('10.0.0.200'), ALLOW],
      ['outside the block', ip('10.0.0.0/24'), from('10.0.1.1'), IMPLICIT],
      [
        'NotIpAddress',
        identity(allow('ecs:*').on('*').when('NotIpAddress', { 'acs:SourceIp': '10.0.0.0/8' })),
        from('10.1.1.1'),
        IMPLICIT,
      ],
      [
        'a tag of ECS is a key of its own',
        identity(allow('ecs:*').on('*').when('StringEquals', { 'ecs:tag/team': 'dev' })),
        ask('ecs:StartInstance', instance('i'), { 'ecs:tag/team': 'dev' }),
        ALLOW,
      ],
      [
        'an ISO 8601 time in UTC',
        identity(allow('ecs:*').on('*').when('DateLessThan', { 'acs:CurrentTime': '2012-11-11T23:59:59Z' })),
        ask('ecs:StartInstance', instance('i'), { 'acs:CurrentTime': '2012-11-11T23:59:58Z' }),
        ALLOW,
      ],
    ];
  })(),
};

const operators: Page = {
  page: 'www.alibabacloud.com/help/en/ram/conditional-operator',
  cases: ((): Case[] => {
    const holds = (
      operator: string,
      key: string,
      values: string[],
      actual: string | string[],
      decision: Decision,
    ): Case => {
      const statement = {
        Effect: 'Allow',
        Action: ['x:Y'],
        Resource: ['*'],
        Condition: { [operator]: { [key]: values } },
      } as const;
      return [
        `${operator} ${JSON.stringify(values)} of ${JSON.stringify(actual)}`,
        { identity: [{ Version: '1', Statement: [statement as Statement] }] },
        ask('x:Y', '*', { [key]: actual }),
        decision,
      ];
    };
    return [
      holds('StringEquals', 'k:s', ['dev'], 'dev', ALLOW),
      holds('StringEquals', 'k:s', ['dev'], 'Dev', IMPLICIT),
      holds('StringEquals', 'k:s', ['d*'], 'dev', IMPLICIT),
      holds('StringNotEquals', 'k:s', ['dev'], 'dev', IMPLICIT),
      holds('StringNotEquals', 'k:s', ['dev'], 'Dev', ALLOW),
      holds('StringNotEquals', 'k:s', ['dev', 'ops'], 'ops', IMPLICIT),
      holds('StringEqualsIgnoreCase', 'k:s', ['dev'], 'DEV', ALLOW),
      holds('StringEqualsIgnoreCase', 'k:s', ['dev'], 'deb', IMPLICIT),
      holds('StringNotEqualsIgnoreCase', 'k:s', ['dev'], 'DEV', IMPLICIT),
      holds('StringNotEqualsIgnoreCase', 'k:s', ['dev'], 'ops', ALLOW),
      holds('StringLike', 'k:s', ['hangzhou/2015/*'], 'hangzhou/2015/a', ALLOW),
      holds('StringLike', 'k:s', ['hangzhou/2015/*'], 'hangzhou/2015/', ALLOW),
      holds('StringLike', 'k:s', ['hangzhou/2015/*'], 'Hangzhou/2015/a', IMPLICIT),
      holds('StringLike', 'k:s', ['a?c'], 'abc', ALLOW),
      holds('StringLike', 'k:s', ['a?c'], 'ac', IMPLICIT),
      holds('StringNotLike', 'k:s', ['a*'], 'abc', IMPLICIT),
      holds('StringNotLike', 'k:s', ['a*'], 'bcd', ALLOW),
      holds('NumericEquals', 'k:n', ['5'], '5.0', ALLOW),
      holds('NumericEquals', 'k:n', ['5'], '6', IMPLICIT),
      holds('NumericNotEquals', 'k:n', ['5'], '6', ALLOW),
      holds('NumericLessThan', 'k:n', ['5'], '5', IMPLICIT),
      holds('NumericLessThan', 'k:n', ['5'], '-5', ALLOW),
      holds('NumericLessThanEquals', 'k:n', ['5'], '5', ALLOW),
      holds('NumericGreaterThan', 'k:n', ['5'], '5', IMPLICIT),
      holds('NumericGreaterThan', 'k:n', ['5'], '10', ALLOW),
      holds('NumericGreaterThanEquals', 'k:n', ['5'], '5', ALLOW),
      holds('DateEquals', 'k:d', ['2024-01-01T00:00:00Z'], '2024-01-01T08:00:00+08:00', ALLOW),
      holds('DateNotEquals', 'k:d', ['2024-01-01T00:00:00Z'], '2024-01-01T00:00:01Z', ALLOW),
      holds('DateLessThan', 'k:d', ['2024-01-01T00:00:00Z'], '2023-12-31T23:59:59Z', ALLOW),
      holds('DateLessThan', 'k:d', ['2024-01-01T00:00:00Z'], '2024-01-01T00:00:00Z', IMPLICIT),
      holds('DateLessThanEquals', 'k:d', ['2024-01-01T00:00:00Z'], '2024-01-01T00:00:00Z', ALLOW),
      holds('DateGreaterThan', 'k:d', ['2024-01-01T00:00:00Z'], '2024-01-01T00:00:00Z', IMPLICIT),
      holds('DateGreaterThan', 'k:d', ['2024-01-01T00:00:00Z'], '2024-06-01T00:00:00Z', ALLOW),
      holds('DateGreaterThanEquals', 'k:d', ['2024-01-01T00:00:00Z'], '2024-01-01T00:00:00Z', ALLOW),
      holds('Bool', 'k:b', ['true'], 'true', ALLOW),
      holds('Bool', 'k:b', ['true'], 'false', IMPLICIT),
      holds('Bool', 'k:b', ['false'], 'false', ALLOW),
      holds('IpAddress', 'k:i', ['203.0.113.2'], '203.0.113.2', ALLOW),
      holds('IpAddress', 'k:i', ['192.0.2.0/24', '203.0.113.2'], '192.0.2.255', ALLOW),
      holds('IpAddress', 'k:i', ['192.0.2.0/24'], '192.0.3.0', IMPLICIT),
      holds('IpAddress', 'k:i', ['2001:db8::/32'], '2001:db8:1::1', ALLOW),
      holds('IpAddress', 'k:i', ['2001:db8::/32'], '2001:db9::1', IMPLICIT),
      holds('NotIpAddress', 'k:i', ['192.0.2.0/24', '203.0.113.2'], '203.0.113.2', IMPLICIT),
      holds('NotIpAddress', 'k:i', ['192.0.2.0/24', '203.0.113.2'], '203.0.113.3', ALLOW),
    ];
  })(),
};

const syntax: Page = {
  page: 'ram: Policy Management/Policy language/Policy structure and syntax.md',
  cases: [
    [
      'an asterisk is any number of letters',
      identity(allow('ecs:Describe*').on('*')),
      ask('ecs:DescribeInstances'),
      ALLOW,
    ],
    ['none included', identity(allow('ecs:DescribeInstances*').on('*')), ask('ecs:DescribeInstances'), ALLOW],
    [
      'a question mark is one letter',
      identity(allow('ecs:DescribeDisk?').on('*')),
      ask('ecs:DescribeDisks'),
      ALLOW,
    ],
    ['and not none', identity(allow('ecs:DescribeDisks?').on('*')), ask('ecs:DescribeDisks'), IMPLICIT],
    ['every action', identity(allow('*').on('*')), ask('any:Thing', 'acs:any:x:1:y'), ALLOW],
    [
      'Deny takes precedence over Allow across the policies of a user',
      { identity: [...P(allow('*').on('*')), ...P(deny('ecs:*').on('*'))] },
      ask('ecs:StartInstance'),
      EXPLICIT,
    ],
  ],
};

const ramExamples: readonly Page[] = [
  {
    page: 'ram: Tutorials/Use RAM to limit the period of time in which users are allowed to access Alibaba Cloud resources.md',
    cases: ((): Case[] => {
      const until = identity(
        allow('ecs:*').on('*').when('DateLessThan', { 'acs:CurrentTime': '2019-08-12T17:00:00+08:00' }),
      );
      const at = (time: string) => ask('ecs:StartInstance', instance('i'), { 'acs:CurrentTime': time });
      return [
        ['a second before, in UTC', until, at('2019-08-12T08:59:59Z'), ALLOW],
        ['at the time itself', until, at('2019-08-12T09:00:00Z'), IMPLICIT],
        ['after', until, at('2019-08-12T17:00:00Z'), IMPLICIT],
        ['the same moment in another offset', until, at('2019-08-12T17:00:00+08:00'), IMPLICIT],
      ];
    })(),
  },
  {
    page: 'ram: Tutorials/Use RAM to limit the methods of access to Alibaba Cloud resources.md',
    cases: [
      [
        'HTTPS',
        identity(allow('ecs:*').on('*').when('Bool', { 'acs:SecureTransport': true })),
        ask('ecs:StartInstance', '*', { 'acs:SecureTransport': 'true' }),
        ALLOW,
      ],
      [
        'HTTP',
        identity(allow('ecs:*').on('*').when('Bool', { 'acs:SecureTransport': true })),
        ask('ecs:StartInstance', '*', { 'acs:SecureTransport': 'false' }),
        IMPLICIT,
      ],
    ],
  },
  {
    page: 'ram: Tutorials/Allow only MFA-enabled RAM users to access cloud resources.md',
    cases: [
      [
        'with MFA',
        identity(allow('ecs:*').on('*').when('Bool', { 'acs:MFAPresent': true })),
        ask('ecs:StartInstance', '*', { 'acs:MFAPresent': 'true' }),
        ALLOW,
      ],
      [
        'without',
        identity(allow('ecs:*').on('*').when('Bool', { 'acs:MFAPresent': true })),
        ask('ecs:StartInstance', '*', { 'acs:MFAPresent': 'false' }),
        IMPLICIT,
      ],
    ],
  },
  {
    page: 'ram: Policy Management/Example policies/Access Alibaba Cloud resources by using a specific IP address or CIDR block.md',
    cases: ((): Case[] => {
      const only = identity(
        allow('ecs:*')
          .on('*')
          .when('IpAddress', { 'acs:SourceIp': ['192.168.0.0/16', '172.16.215.218'] }),
      );
      const from = (ip: string) => ask('ecs:StartInstance', instance('i'), { 'acs:SourceIp': ip });
      return [
        ['in the block', only, from('192.168.255.1'), ALLOW],
        ['the single address', only, from('172.16.215.218'), ALLOW],
        ['its neighbour', only, from('172.16.215.219'), IMPLICIT],
        ['elsewhere', only, from('8.8.8.8'), IMPLICIT],
      ];
    })(),
  },
  {
    page: 'ram: Policy Management/Example policies/View ECS instances in a specific region.md',
    cases: ((): Case[] => {
      const view = identity(allow('ecs:Describe*').on('acs:ecs:cn-qingdao:*:instance/*'));
      return [
        ['in the region', view, ask('ecs:DescribeInstances', instance('*', 'cn-qingdao')), ALLOW],
        ['in another', view, ask('ecs:DescribeInstances', instance('*', 'cn-hangzhou')), IMPLICIT],
        [
          'disks are not instances',
          view,
          ask('ecs:DescribeDisks', 'acs:ecs:cn-qingdao:1001:disk/*'),
          IMPLICIT,
        ],
        ['starting is not viewing', view, ask('ecs:StartInstance', instance('i', 'cn-qingdao')), IMPLICIT],
      ];
    })(),
  },
  {
    page: 'ram: Policy Management/Example policies/Manage ECS security groups within an Alibaba Cloud account.md',
    cases: ((): Case[] => {
      const groups = identity(allow('ecs:*SecurityGroup*').on('*'));
      return [
        ['at the end', groups, ask('ecs:CreateSecurityGroup'), ALLOW],
        ['in the middle', groups, ask('ecs:DescribeSecurityGroupAttribute'), ALLOW],
        ['at the beginning there is nothing', groups, ask('ecs:JoinSecurityGroup'), ALLOW],
        ['other operations', groups, ask('ecs:StartInstance'), IMPLICIT],
      ];
    })(),
  },
  {
    page: 'ram: Policy Management/Example policies/Manage information about all resources within an Alibaba Cloud account except billing information.md',
    cases: ((): Case[] => {
      const all = identity(allow('*').on('*'), deny(otherAction('bss:*'), otherAction('efc:*')).on('*'));
      return [
        ['resources', all, ask('ecs:DeleteInstance', instance('i')), ALLOW],
        ['billing', all, ask('bss:PayOrder'), EXPLICIT],
        ['fees', all, ask('efc:DescribeBill'), EXPLICIT],
      ];
    })(),
  },
  {
    page: 'ram: Policy Management/Example policies/View information about all cloud resources within an Alibaba Cloud account except billing information.md',
    cases: ((): Case[] => {
      const view = identity(
        allow(
          '*:Describe*',
          '*:List*',
          '*:Get*',
          '*:BatchGet*',
          '*:Query*',
          '*:BatchQuery*',
          otherAction('actiontrail:LookupEvents'),
        ).on('*'),
        deny(otherAction('bss:*'), otherAction('efc:*')).on('*'),
      );
      return [
        ['a wildcard for the service', view, ask('ecs:DescribeInstances'), ALLOW],
        ['listing', view, ask('kms:ListKeys'), ALLOW],
        ['getting', view, ask('oss:GetObject', object('a')), ALLOW],
        ['an action by name', view, ask('actiontrail:LookupEvents'), ALLOW],
        ['changing', view, ask('kms:CreateKey'), IMPLICIT],
        ['viewing bills', view, ask('bss:DescribeOrderList'), EXPLICIT],
      ];
    })(),
  },
  {
    page: 'ram: Tutorials/Use tags to grant access to ECS instances by group.md',
    cases: ((): Case[] => {
      const dev = identity(
        allow('ecs:*').on('*').when('StringEquals', { 'ecs:tag/team': 'dev' }),
        allow('ecs:DescribeTag*').on('*'),
      );
      return [
        [
          'an instance of the team',
          dev,
          ask('ecs:StopInstance', instance('i'), { 'ecs:tag/team': 'dev' }),
          ALLOW,
        ],
        ['of another team', dev, ask('ecs:StopInstance', instance('i'), { 'ecs:tag/team': 'ops' }), IMPLICIT],
        ['without a tag', dev, ask('ecs:StopInstance', instance('i')), IMPLICIT],
        ['viewing tags needs none', dev, ask('ecs:DescribeTags'), ALLOW],
      ];
    })(),
  },
  {
    page: 'ram: Policy Management/Example policies/Authorize a RAM user to manage AccessKey pairs.md',
    cases: ((): Case[] => {
      const own = identity(
        allow('ram:CreateAccessKey', 'ram:ListAccessKeys', 'ram:UpdateAccessKey', 'ram:DeleteAccessKey').on(
          ram.user({ name: 'alice' }),
        ),
      );
      return [
        ['her own', own, ask('ram:CreateAccessKey', 'acs:ram:*:1001:user/alice'), ALLOW],
        ['somebody else’s', own, ask('ram:CreateAccessKey', 'acs:ram:*:1001:user/bob'), IMPLICIT],
        ['nothing else of hers', own, ask('ram:DeleteUser', 'acs:ram:*:1001:user/alice'), IMPLICIT],
      ];
    })(),
  },
  {
    page: 'ram: Tutorials/Use RAM to manage ECS permissions.md',
    cases: ((): Case[] => {
      const two = identity(
        allow('ecs:*').on('acs:ecs:*:*:instance/i-001', 'acs:ecs:*:*:instance/i-002'),
        allow('ecs:Describe*').on('*'),
      );
      const snapshots = identity(
        allow('ecs:*').on('acs:ecs:*:*:instance/inst-01'),
        allow('ecs:CreateSnapshot').on('acs:ecs:*:*:disk/dist-01', 'acs:ecs:*:*:snapshot/*'),
        allow('ecs:Describe*').on('*'),
      );
      return [
        ['managing the first', two, ask('ecs:StopInstance', instance('i-001')), ALLOW],
        ['managing a third', two, ask('ecs:StopInstance', instance('i-003')), IMPLICIT],
        ['viewing a third', two, ask('ecs:DescribeInstances', instance('i-003')), ALLOW],
        [
          'a snapshot of the disk',
          snapshots,
          ask('ecs:CreateSnapshot', 'acs:ecs:cn-hangzhou:1001:disk/dist-01'),
          ALLOW,
        ],
        [
          'the snapshot that is made',
          snapshots,
          ask('ecs:CreateSnapshot', 'acs:ecs:cn-hangzhou:1001:snapshot/*'),
          ALLOW,
        ],
        [
          'of another disk',
          snapshots,
          ask('ecs:CreateSnapshot', 'acs:ecs:cn-hangzhou:1001:disk/dist-02'),
          IMPLICIT,
        ],
      ];
    })(),
  },
  {
    page: 'ram: Tutorials/Use an STS token for authorizing a mobile app to access Alibaba Cloud resources.md',
    cases: ((): Case[] => {
      const limited = {
        identity: P(allow('oss:Get*', 'oss:List*').on('*')),
        session: P(allow('oss:GetObject').on('acs:oss:*:*:sample-bucket/2015/01/01/*.jpg')),
      };
      const get = (key: string, bucket = 'sample-bucket') => ask('oss:GetObject', object(key, bucket));
      return [
        ['what role and session both allow', limited, get('2015/01/01/grass.jpg'), ALLOW],
        ['what the session leaves out', limited, get('2015/01/01/grass.png'), IMPLICIT],
        ['another day', limited, get('2015/01/02/grass.jpg'), IMPLICIT],
        ['another bucket', limited, get('2015/01/01/grass.jpg', 'other'), IMPLICIT],
        [
          'another action of the role',
          limited,
          ask('oss:ListObjects', bucketNamed('sample-bucket')),
          IMPLICIT,
        ],
      ];
    })(),
  },
];

const trust: readonly Page[] = [
  {
    page: 'ram: RAM Role Management/Edit the trust policy of a RAM role.md',
    cases: ((): Case[] => {
      const assume = allow('sts:AssumeRole');
      const own = P(assume.on('*'));
      const trusting = (...who: Parameters<typeof assume.to>) => [trustPolicy(assume.to(...who))];
      const request = (principal: AccessRequest['principal']) =>
        as(principal, ask('sts:AssumeRole', 'acs:ram::1001:role/r'));
      return [
        [
          'an account: its users',
          { identity: own, resource: trusting(account('1001')) },
          request({ ram: 'acs:ram::1001:user/any' }),
          ALLOW,
        ],
        [
          'its roles',
          { identity: own, resource: trusting(account('1001')) },
          request({ ram: 'acs:ram::1001:assumed-role/other/session' }),
          ALLOW,
        ],
        [
          'not those of another account',
          { identity: own, resource: trusting(account('1001')) },
          request({ ram: 'acs:ram::2002:user/any' }),
          IMPLICIT,
        ],
        [
          'a user',
          { identity: own, resource: trusting(user({ account: '1001', name: 'testuser' })) },
          request({ ram: 'acs:ram::1001:user/testuser' }),
          ALLOW,
        ],
        [
          'another user of the account',
          { identity: own, resource: trusting(user({ account: '1001', name: 'testuser' })) },
          request({ ram: 'acs:ram::1001:user/other' }),
          IMPLICIT,
        ],
        [
          'a role, as its session',
          { identity: own, resource: trusting(role({ account: '1001', name: 'testrole' })) },
          request({ ram: 'acs:ram::1001:assumed-role/testrole/s' }),
          ALLOW,
        ],
        [
          'another role',
          { identity: own, resource: trusting(role({ account: '1001', name: 'testrole' })) },
          request({ ram: 'acs:ram::1001:assumed-role/testrole2/s' }),
          IMPLICIT,
        ],
        [
          'a service',
          { resource: trusting(service('ecs.aliyuncs.com')) },
          request({ service: 'ecs.aliyuncs.com' }),
          ALLOW,
        ],
        [
          'another service',
          { resource: trusting(service('ecs.aliyuncs.com')) },
          request({ service: 'fc.aliyuncs.com' }),
          IMPLICIT,
        ],
        [
          'a user is no service',
          { identity: own, resource: trusting(service('ecs.aliyuncs.com')) },
          request({ ram: 'acs:ram::1001:user/any' }),
          IMPLICIT,
        ],
        [
          'an identity provider',
          { resource: trusting(federated('acs:ram::1001:saml-provider/testprovider')) },
          request({ federated: 'acs:ram::1001:saml-provider/testprovider' }),
          ALLOW,
        ],
        [
          'another one',
          { resource: trusting(federated('acs:ram::1001:saml-provider/testprovider')) },
          request({ federated: 'acs:ram::1001:saml-provider/other' }),
          IMPLICIT,
        ],
        [
          'with the recipient it asks for',
          {
            resource: [
              trustPolicy(
                assume.to(federated('acs:ram::1001:saml-provider/p')).when('StringEquals', {
                  'saml:recipient': 'https://signin.alibabacloud.com/saml-role/sso',
                }),
              ),
            ],
          },
          {
            ...request({ federated: 'acs:ram::1001:saml-provider/p' }),
            context: { 'saml:recipient': 'https://signin.alibabacloud.com/saml-role/sso' },
          },
          ALLOW,
        ],
      ];
    })(),
  },
  {
    page: 'www.alibabacloud.com/help/en/ecs (sharing encrypted snapshots and images; the fifth source document)',
    cases: ((): Case[] => {
      const assume = allow('sts:AssumeRole');
      const by = (name: string, context = {}): AccessRequest => ({
        action: 'sts:AssumeRole',
        resource: 'acs:ram::1001:role/AliyunECSShareEncryptImageDefaultRole',
        principal: { service: name },
        context,
      });
      const accounts = {
        resource: [
          trustPolicy(assume.to(service('2002@ecs.aliyuncs.com'), service('3003@ecs.aliyuncs.com'))),
        ],
      };
      const directory = {
        resource: [
          trustPolicy(
            assume.to(service('*@ecs.aliyuncs.com')).when('StringEquals', { 'sts:ServiceOwnerRDId': 'rd-1' }),
          ),
        ],
      };
      const folder = {
        resource: [
          trustPolicy(
            assume
              .to(service('*@ecs.aliyuncs.com'))
              .when('StringLike', { 'sts:ServiceOwnerRDPath': 'rd-1/r-1/fd-1*' }),
          ),
        ],
      };
      return [
        ['ECS of a named account', accounts, by('2002@ecs.aliyuncs.com'), ALLOW],
        ['of the other one', accounts, by('3003@ecs.aliyuncs.com'), ALLOW],
        ['of a stranger', accounts, by('4004@ecs.aliyuncs.com'), IMPLICIT],
        ['another service of a named account', accounts, by('2002@oss.aliyuncs.com'), IMPLICIT],
        ['the own ECS is not named', accounts, by('ecs.aliyuncs.com'), IMPLICIT],
        [
          'an account of the directory',
          directory,
          by('5005@ecs.aliyuncs.com', { 'sts:ServiceOwnerRDId': 'rd-1' }),
          ALLOW,
        ],
        [
          'of another directory',
          directory,
          by('5005@ecs.aliyuncs.com', { 'sts:ServiceOwnerRDId': 'rd-2' }),
          IMPLICIT,
        ],
        ['of none', directory, by('5005@ecs.aliyuncs.com'), IMPLICIT],
        [
          'in the folder',
          folder,
          by('5005@ecs.aliyuncs.com', { 'sts:ServiceOwnerRDPath': 'rd-1/r-1/fd-1' }),
          ALLOW,
        ],
        [
          'below the folder',
          folder,
          by('5005@ecs.aliyuncs.com', { 'sts:ServiceOwnerRDPath': 'rd-1/r-1/fd-1/fd-9' }),
          ALLOW,
        ],
        [
          'beside it',
          folder,
          by('5005@ecs.aliyuncs.com', { 'sts:ServiceOwnerRDPath': 'rd-1/r-1/fd-2' }),
          IMPLICIT,
        ],
      ];
    })(),
  },
];

const ossPages: readonly Page[] = [
  {
    page: 'oss: Developer Guide/Data security/Access and control/RAM Policy/Common examples of RAM policies.md',
    cases: ((): Case[] => {
      const whole = [
        oss.bucket({ bucket: 'myphotos' }),
        oss.object({ bucket: 'myphotos', key: '*' }),
      ] as const;
      const full = identity(allow('oss:*').on(...whole));
      const read = identity(allow('oss:ListObjects').on(whole[0]), allow('oss:GetObject').on(whole[1]));
      const keepBucket = identity(allow('oss:*').on(...whole), deny('oss:DeleteBucket').on(whole[0]));
      const folders = identity(
        allow('oss:GetObject').on(
          'acs:oss:*:*:myphotos/hangzhou/2014/*',
          'acs:oss:*:*:myphotos/hangzhou/2015/*',
        ),
        allow('oss:ListObjects')
          .on(whole[0])
          .when('StringLike', { 'oss:Prefix': ['hangzhou/2014/*', 'hangzhou/2015/*'] }),
      );
      const console_ = identity(
        allow('oss:ListObjects')
          .on(whole[0])
          .when('StringLike', {
            'oss:Delimiter': '/',
            'oss:Prefix': ['', 'hangzhou/', 'hangzhou/2014/*', 'hangzhou/2015/*'],
          }),
      );
      const tags = identity(
        allow('oss:*').on('*'),
        deny('oss:GetObject').on('acs:oss:*:1746495857602745:examplebucket/*').when('StringEquals', {
          'oss:ExistingObjectTag/status': 'ok',
          'oss:ExistingObjectTag/key1': 'value1',
        }),
      );
      const tagged = (status: string, key1: string) =>
        ask('oss:GetObject', 'acs:oss:*:1746495857602745:examplebucket/a', {
          'oss:ExistingObjectTag/status': status,
          'oss:ExistingObjectTag/key1': key1,
        });
      const allowFrom = identity(
        allow('oss:ListObjects', 'oss:GetObject')
          .on(...whole)
          .when('IpAddress', { 'acs:SourceIp': ['192.168.0.0/16', '172.12.0.0/16'] }),
      );
      const denyFrom = identity(
        allow('oss:ListObjects', 'oss:GetObject').on(...whole),
        deny('oss:*').on('acs:oss:*:*:*').when('NotIpAddress', { 'acs:SourceIp': '192.168.0.0/16' }),
      );
      const from = (ip: string) => ask('oss:GetObject', object('a'), { 'acs:SourceIp': ip });
      const list = (prefix: string, more = {}) =>
        ask('oss:ListObjects', bucketNamed(), { 'oss:Prefix': prefix, ...more });
      const agent = identity(
        allow('oss:GetBucketAcl', 'oss:ListObjects')
          .on('acs:oss:*:1001:mybucket')
          .when('StringEquals', { 'acs:UserAgent': 'java-sdk', 'oss:Prefix': 'foo' })
          .when('IpAddress', { 'acs:SourceIp': '192.168.0.1' }),
        allow('oss:PutObject', 'oss:GetObject', 'oss:DeleteObject')
          .on('acs:oss:*:1001:mybucket/file*')
          .when('StringEquals', { 'acs:UserAgent': 'java-sdk' })
          .when('IpAddress', { 'acs:SourceIp': '192.168.0.1' }),
      );
      const java = { 'acs:UserAgent': 'java-sdk', 'acs:SourceIp': '192.168.0.1' };
      return [
        ['1: full control of the bucket', full, ask('oss:PutBucketAcl', bucketNamed()), ALLOW],
        ['1: and of its objects', full, ask('oss:DeleteObject', object('a/b')), ALLOW],
        ['1: not of another', full, ask('oss:DeleteObject', object('a', 'other')), IMPLICIT],
        ['2: list', read, ask('oss:ListObjects', bucketNamed()), ALLOW],
        ['2: read', read, ask('oss:GetObject', object('a')), ALLOW],
        ['2: not write', read, ask('oss:PutObject', object('a')), IMPLICIT],
        ['3: all but deleting the bucket', keepBucket, ask('oss:DeleteObject', object('a')), ALLOW],
        ['3: deleting the bucket', keepBucket, ask('oss:DeleteBucket', bucketNamed()), EXPLICIT],
        ['4: a folder', folders, ask('oss:GetObject', object('hangzhou/2014/a.jpg')), ALLOW],
        ['4: another year', folders, ask('oss:GetObject', object('hangzhou/2013/a.jpg')), IMPLICIT],
        ['4: another city', folders, ask('oss:GetObject', object('beijing/2014/a.jpg')), IMPLICIT],
        ['4: listing the folder', folders, list('hangzhou/2014/'), ALLOW],
        ['4: listing another', folders, list('beijing/'), IMPLICIT],
        ['4: listing everything', folders, ask('oss:ListObjects', bucketNamed()), IMPLICIT],
        ['4: the console at the root', console_, list('', { 'oss:Delimiter': '/' }), ALLOW],
        ['4: the console in hangzhou/', console_, list('hangzhou/', { 'oss:Delimiter': '/' }), ALLOW],
        ['4: not in beijing/', console_, list('beijing/', { 'oss:Delimiter': '/' }), IMPLICIT],
        ['4: not without the delimiter', console_, list(''), IMPLICIT],
        [
          '5: deleting objects',
          identity(deny('oss:DeleteObject').on(whole[1])),
          ask('oss:DeleteObject', object('a')),
          EXPLICIT,
        ],
        ['6: both tags', tags, tagged('ok', 'value1'), EXPLICIT],
        ['6: one of them', tags, tagged('ok', 'value2'), ALLOW],
        ['7: allowed from the first block', allowFrom, from('192.168.1.1'), ALLOW],
        ['7: from the second', allowFrom, from('172.12.9.9'), ALLOW],
        ['7: from elsewhere', allowFrom, from('10.0.0.1'), IMPLICIT],
        ['7: not denied inside the block', denyFrom, from('192.168.1.1'), ALLOW],
        ['7: denied outside it', denyFrom, from('10.0.0.1'), EXPLICIT],
        [
          '8: listing what begins with foo',
          agent,
          ask('oss:ListObjects', 'acs:oss:*:1001:mybucket', { ...java, 'oss:Prefix': 'foo' }),
          ALLOW,
        ],
        [
          '8: listing something else',
          agent,
          ask('oss:ListObjects', 'acs:oss:*:1001:mybucket', { ...java, 'oss:Prefix': 'fo' }),
          IMPLICIT,
        ],
        [
          '8: an object that begins with file',
          agent,
          ask('oss:PutObject', 'acs:oss:*:1001:mybucket/file1', java),
          ALLOW,
        ],
        [
          '8: with another agent',
          agent,
          ask('oss:PutObject', 'acs:oss:*:1001:mybucket/file1', { ...java, 'acs:UserAgent': 'python-sdk' }),
          IMPLICIT,
        ],
        ['8: of another owner', agent, ask('oss:PutObject', 'acs:oss:*:2002:mybucket/file1', java), IMPLICIT],
      ];
    })(),
  },
  {
    page: 'oss: Developer Guide/Data security/Access and control/Bucket Policy/Examples.md',
    cases: ((): Case[] => {
      const bucket = oss.bucket({ account: '1001', bucket: 'examplebucket' });
      const objects = oss.object({ account: '1001', bucket: 'examplebucket', key: '*' });
      const readWrite = {
        resource: [
          bucketPolicy(
            allow('oss:GetObject', 'oss:PutObject').on(objects).to(uid('2773'), uid('2021')),
            allow('oss:ListObjects').on(bucket).to(uid('2773')).when('StringLike', { 'oss:Prefix': '*' }),
          ),
        ],
      };
      const everybody = {
        resource: [bucketPolicy(allow('oss:ListObjects', 'oss:ListObjectVersions').on(bucket).to(anyone()))],
      };
      const inside = {
        resource: [
          bucketPolicy(
            deny('oss:*').on(bucket).to(anyone()).when('NotIpAddress', { 'acs:SourceIp': '192.168.0.0/16' }),
          ),
        ],
      };
      const who = (id: string) => ({ ram: `acs:ram::1001:user/u${id}`, id });
      const get = ask('oss:GetObject', object('a', 'examplebucket'));
      const list = ask('oss:ListObjects', bucketNamed('examplebucket'), { 'oss:Prefix': '' });
      return [
        ['1: a named user reads', { identity: [], ...readWrite }, as(who('2773'), get), ALLOW],
        ['1: the other named user', { identity: [], ...readWrite }, as(who('2021'), get), ALLOW],
        ['1: a stranger', { identity: [], ...readWrite }, as(who('9'), get), IMPLICIT],
        [
          '1: deleting is not granted',
          { identity: [], ...readWrite },
          as(who('2773'), ask('oss:DeleteObject', object('a', 'examplebucket'))),
          IMPLICIT,
        ],
        ['1: listing with a prefix', { identity: [], ...readWrite }, as(who('2773'), list), ALLOW],
        ['1: an anonymous caller', readWrite, get, IMPLICIT],
        ['3: anonymous callers list', everybody, list, ALLOW],
        ['3: and do not read', everybody, get, IMPLICIT],
        [
          '4: from inside',
          inside,
          ask('oss:ListObjects', bucketNamed('examplebucket'), { 'acs:SourceIp': '192.168.3.4' }),
          IMPLICIT,
        ],
        [
          '4: from outside',
          inside,
          ask('oss:ListObjects', bucketNamed('examplebucket'), { 'acs:SourceIp': '8.8.8.8' }),
          EXPLICIT,
        ],
      ];
    })(),
  },
  {
    page: 'www.alibabacloud.com/help/en/object-storage-service/latest/examples (bucket policies, usage notes)',
    cases: ((): Case[] => {
      const objects = oss.object({ account: '1001', bucket: 'b', key: '*' });
      const owner = { ram: 'acs:ram::1001:root' };
      const get = ask('oss:GetObject', object('a', 'b'), { 'acs:SourceIp': '8.8.8.8' });
      const plain = { resource: [bucketPolicy(deny('oss:GetObject').on(objects).to(anyone()))] };
      const conditional = {
        resource: [
          bucketPolicy(
            deny('oss:GetObject')
              .on(objects)
              .to(anyone())
              .when('NotIpAddress', { 'acs:SourceIp': '10.0.0.0/8' }),
          ),
        ],
      };
      return [
        ['everybody without a condition does not bind the owner', plain, as(owner, get), IMPLICIT],
        ['but all others', plain, as({ ram: 'acs:ram::1001:user/u' }, get), EXPLICIT],
        ['everybody with a condition binds the owner too', conditional, as(owner, get), EXPLICIT],
      ];
    })(),
  },
];

const kmsPage: Page = {
  page: 'kms: Access Control and Audit/Use RAM to control access to KMS resources.md',
  cases: ((): Case[] => {
    const use = identity(
      allow('kms:List*', 'kms:Describe*', 'kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey').on('*'),
    );
    const tagged = identity(
      allow('kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey')
        .on('*')
        .when('StringEqualsIgnoreCase', { 'kms:tag/Project': 'Apollo' }),
    );
    const key = 'acs:kms:cn-hangzhou:1001:key/k';
    return [
      ['full access', identity(allow('kms:*').on('*')), ask('kms:ScheduleKeyDeletion', key), ALLOW],
      ['use: encrypting', use, ask('kms:Encrypt', key), ALLOW],
      ['use: listing aliases', use, ask('kms:ListAliases', 'acs:kms:cn-hangzhou:1001:alias'), ALLOW],
      [
        'use: without plaintext is another action',
        use,
        ask('kms:GenerateDataKeyWithoutPlaintext', key),
        IMPLICIT,
      ],
      ['use: not deleting', use, ask('kms:ScheduleKeyDeletion', key), IMPLICIT],
      ['a key of the project', tagged, ask('kms:Decrypt', key, { 'kms:tag/Project': 'Apollo' }), ALLOW],
      ['in any case', tagged, ask('kms:Decrypt', key, { 'kms:tag/Project': 'apollo' }), ALLOW],
      ['of another project', tagged, ask('kms:Decrypt', key, { 'kms:tag/Project': 'Gemini' }), IMPLICIT],
      ['with another tag', tagged, ask('kms:Decrypt', key, { 'kms:tag/project': 'Apollo' }), IMPLICIT],
      [
        'the container is not the key',
        identity(allow('kms:List*').on('acs:kms:*:*:key')),
        ask('kms:ListAliasesByKeyId', key),
        IMPLICIT,
      ],
      [
        'the container itself',
        identity(allow('kms:List*').on('acs:kms:*:*:key')),
        ask('kms:ListKeys', 'acs:kms:cn-hangzhou:1001:key'),
        ALLOW,
      ],
    ];
  })(),
};

const passRolePage: Page = {
  page: 'ram: Tutorials/Use RAM for authorizing applications to access Alibaba Cloud resources.md',
  cases: ((): Case[] => {
    const one = identity(allow('ram:PassRole').on(ram.role({ name: 'MyApplicationRole' })));
    return [
      ['the role', one, ask('ram:PassRole', 'acs:ram:*:1001:role/MyApplicationRole'), ALLOW],
      [
        'however the account writes its region',
        one,
        ask('ram:PassRole', 'acs:ram::1001:role/MyApplicationRole'),
        ALLOW,
      ],
      ['another role', one, ask('ram:PassRole', 'acs:ram:*:1001:role/Admin'), IMPLICIT],
      ['passing is not creating', one, ask('ecs:CreateInstance', instance('*')), IMPLICIT],
    ];
  })(),
};

const webPage: Page = {
  page: 'www.alibabacloud.com/help/en/ram/policy-elements (NotAction)',
  cases: [
    [
      'all but RAM: something else',
      identity(allow().notActions('ram:*').on('*')),
      ask('ecs:StartInstance'),
      ALLOW,
    ],
    ['all but RAM: RAM', identity(allow().notActions('ram:*').on('*')), ask('ram:CreateUser'), IMPLICIT],
    [
      'actions are mostly not case-sensitive',
      identity(allow('kms:Decrypt').on('*')),
      ask('KMS:DECRYPT'),
      ALLOW,
    ],
  ],
};

const pages: readonly Page[] = [
  evaluationProcess,
  assuming,
  elements,
  operators,
  syntax,
  ...ramExamples,
  ...trust,
  ...ossPages,
  kmsPage,
  passRolePage,
  webPage,
];

describe.each(pages)('$page', ({ cases }) => {
  it.each(cases)('%s', (_, policies, request, decision) => {
    const evaluation = evaluate(policies, request);
    expect(evaluation.decision, evaluation.explain.summary).toBe(decision);
    expect(evaluation.explain.summary).toMatch(decision === ALLOW ? /^allowed: / : /^denied: /);
    expect(compilePolicies(policies)(request)).toBe(decision);
  });
});

it('there are at least 150 cases, no two of a page with the same name', () => {
  const all = pages.flatMap(({ page, cases }) => cases.map(([what]) => `${page}: ${what}`));
  expect(all.length).toBeGreaterThanOrEqual(150);
  expect(new Set(all).size).toBe(all.length);
});
