import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PolicyError } from '../errors.ts';
import { accessRequest, policySet } from '../test-support/arbitraries.ts';
import { policy, trustPolicy } from '../write/policy.ts';
import { account, service } from '../write/principal.ts';
import { allow, deny } from '../write/statement.ts';
import { compilePolicies } from './compile.ts';
import { evaluate, type PolicySet } from './evaluate.ts';
import type { AccessRequest } from './statement.ts';

const key = 'acs:kms:cn-hangzhou:1001:key/k1';
const say = (policies: PolicySet, request: AccessRequest): string =>
  evaluate(policies, request).explain.summary;

describe('explanations', () => {
  const office = policy(
    allow('oss:GetObject').on('*'),
    allow('kms:Create*').on('*').when('IpAddress', { 'acs:SourceIp': '10.0.0.0/8' }),
  );

  it('name the closest statement and what it lacks', () => {
    const identity = [{ name: 'X', document: office }];
    expect(
      say({ identity }, { action: 'kms:CreateKey', resource: key, context: { 'acs:SourceIp': '8.8.8.8' } }),
    ).toBe(
      `denied: no statement allows kms:CreateKey on ${key}; the closest, statement 2 of X, allows kms:Create* only when acs:SourceIp is in 10.0.0.0/8 (it is 8.8.8.8)`,
    );
    expect(say({ identity }, { action: 'kms:CreateKey', resource: key })).toContain(
      '(the request does not have it)',
    );
  });

  it('show where an evaluation is printed', () => {
    const evaluation = evaluate({ identity: [office] }, { action: 'kms:Decrypt', resource: key });
    const printed = inspect(evaluation);
    expect(printed).toContain("decision: 'ImplicitDeny'");
    expect(printed).toContain(`denied: no statement allows kms:Decrypt on ${key}`);
    expect(printed).not.toContain('Getter');
    expect(Object.keys(evaluation)).toEqual(['decision', 'explain']);
  });

  it('name another resource', () => {
    const identity = [policy(allow('kms:Decrypt').on('acs:kms:*:*:key/other'))];
    expect(say({ identity }, { action: 'kms:Decrypt', resource: key })).toBe(
      `denied: no statement allows kms:Decrypt on ${key}; the closest, statement 1 of identity policy 1, allows kms:Decrypt only on other resources: its resources (acs:kms:*:*:key/other) do not cover ${key}`,
    );
  });

  it('say nothing of a closest statement when none is close', () => {
    const identity = [policy(allow('oss:GetObject').on('acs:oss:*:*:b/*'))];
    expect(say({ identity }, { action: 'kms:Decrypt', resource: key })).toBe(
      `denied: no statement allows kms:Decrypt on ${key}`,
    );
    expect(say({ identity: [] }, { action: 'kms:Decrypt', resource: key })).toBe(
      `denied: no policy applies to kms:Decrypt on ${key}`,
    );
  });

  it('name what allows', () => {
    expect(
      say(
        { identity: [office] },
        { action: 'kms:CreateKey', resource: key, context: { 'acs:SourceIp': '10.9.9.9' } },
      ),
    ).toBe(
      `allowed: statement 2 of identity policy 1 allows kms:CreateKey on ${key} because acs:SourceIp is in 10.0.0.0/8 (it is 10.9.9.9)`,
    );
  });

  it('name what denies', () => {
    expect(
      say(
        { identity: [office], group: [policy(deny('*').on('acs:kms:*:*:key/k1'))] },
        { action: 'kms:CreateKey', resource: key },
      ),
    ).toBe(
      `denied: statement 1 of group policy 1 denies kms:CreateKey on ${key}, and a deny outweighs every allow`,
    );
  });

  it('name a ceiling', () => {
    const session = [policy(allow('oss:*').on('*'))];
    expect(
      say({ identity: [policy(allow('*').on('*'))], session }, { action: 'kms:Decrypt', resource: key }),
    ).toBe(
      `denied: no statement of the session policies, which limit what all others may grant, allows kms:Decrypt on ${key}; the closest, statement 1 of session policy 1, covers the resource, but its actions (oss:*) do not cover kms:Decrypt`,
    );
  });

  it('tell which side refuses a role', () => {
    const request: AccessRequest = {
      action: 'sts:AssumeRole',
      resource: 'acs:ram:*:1001:role/r',
      principal: { ram: 'acs:ram::1001:user/bob' },
    };
    const identity = [policy(allow('sts:AssumeRole').on('*'))];
    const trust = (who: string) => [trustPolicy(allow('sts:AssumeRole').to(account(who)))];
    expect(say({ identity, resource: trust('2002') }, request)).toMatch(
      /^denied: the trust policy of acs:ram:\*:1001:role\/r does not let acs:ram::1001:user\/bob assume it/,
    );
    expect(say({ identity: [], resource: trust('1001') }, request)).toMatch(
      /^denied: the trust policy lets acs:ram::1001:user\/bob in, but no policy of the identity allows/,
    );
    expect(say({ identity, resource: trust('1001') }, request)).toMatch(
      /and statement 1 of resource policy 1 trusts the caller$/,
    );
  });

  it('look at every element of every statement', () => {
    const { explain } = evaluate(
      {
        identity: [
          policy(
            allow('kms:*').on('acs:kms:*:1001:*').when('Bool', { 'acs:MFAPresent': true }),
            deny().notActions('kms:*').notResources('acs:kms:*:*:*'),
          ),
        ],
        resource: [trustPolicy(allow('sts:AssumeRole').to(service('ecs.aliyuncs.com')))],
      },
      {
        action: 'kms:Decrypt',
        resource: key,
        principal: { ram: 'acs:ram::1001:user/bob' },
        context: { 'acs:MFAPresent': 'false' },
      },
    );
    expect(explain.statements).toMatchObject([
      {
        source: 'identity',
        statement: 1,
        effect: 'Allow',
        matched: false,
        action: { fits: true, pattern: 'kms:*' },
        resource: { fits: true, pattern: 'acs:kms:*:1001:*' },
        conditions: [
          { operator: 'Bool', key: 'acs:MFAPresent', expected: ['true'], actual: ['false'], holds: false },
        ],
        because: 'it does not match: Bool acs:MFAPresent true does not hold, acs:MFAPresent is false',
      },
      {
        effect: 'Deny',
        matched: false,
        action: { fits: false, pattern: 'kms:*' },
        resource: { fits: false },
      },
      { source: 'resource', matched: false, action: { fits: false }, principal: { fits: false } },
    ]);
    expect(String(explain)).toBe(explain.summary);
    expect(explain.closest).toBe(explain.statements[0]);
  });
});

describe('every explanation', () => {
  it('agrees with its decision', () => {
    fc.assert(
      fc.property(policySet, accessRequest, (policies, request) => {
        const { decision, explain } = evaluate(policies, request);
        expect(explain.summary).toMatch(decision === 'Allow' ? /^allowed: statement / : /^denied: /);
        const effect = decision === 'Allow' ? 'Allow' : 'Deny';
        if (decision === 'ImplicitDeny') expect(explain.decisive).toEqual([]);
        else expect(explain.decisive.length).toBeGreaterThan(0);
        for (const statement of explain.decisive) expect(statement).toMatchObject({ matched: true, effect });
        for (const statement of explain.statements) {
          const { action, resource, principal, conditions } = statement;
          const everything =
            action.fits && resource.fits && principal.fits && conditions.every(({ holds }) => holds);
          expect(statement.matched).toBe(everything);
          expect(statement.because).toMatch(everything ? /^it matches/ : /^it does not match: ./);
        }
        expect(explain.closest?.matched ?? false).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('evaluate', () => {
  it('takes RAM JSON as it is', () => {
    const document = JSON.parse(
      '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}',
    );
    expect(evaluate({ identity: [document] }, { action: 'kms:Decrypt', resource: key }).decision).toBe(
      'Allow',
    );
  });

  it('takes one policy as well as a list of them', () => {
    const everything = policy(allow('*').on('*'));
    const limit = policy(allow('kms:Decrypt').on('*'));
    const decide = (action: string) =>
      evaluate({ identity: everything, session: limit }, { action, resource: key }).decision;
    expect([decide('kms:Decrypt'), decide('kms:Encrypt')]).toEqual(['Allow', 'ImplicitDeny']);
    expect(
      compilePolicies({ identity: everything, session: limit })({ action: 'kms:Encrypt', resource: key }),
    ).toBe('ImplicitDeny');
  });

  it('refuses text in place of a policy, without repeating it', () => {
    const text = JSON.stringify(policy(allow('kms:Decrypt').on('*')));
    const request = { action: 'kms:Decrypt', resource: key };
    const refused = (place: string) =>
      expect.objectContaining({
        name: 'PolicyError',
        code: 'InvalidPolicy',
        message: `The ${place} is text, and a policy is needed: read it first, with parsePolicy(text).`,
      });
    const one = text as never;
    expect(() => evaluate({ identity: [policy(allow('oss:*').on('*')), one] }, request)).toThrow(
      refused('identity policy 2'),
    );
    expect(() => evaluate({ control: one }, request)).toThrow(refused('control policy 1'));
    expect(() => evaluate({ resource: { name: 'mine', document: one } }, request)).toThrow(
      refused('resource policy 1'),
    );
    expect(() => compilePolicies({ session: [one] })).toThrow(refused('session policy 1'));
    expect(() => evaluate({ identity: [null as never] }, request)).toThrow(PolicyError);
  });

  it('refuses what is no policy', () => {
    expect(() => evaluate({ identity: [{} as never] }, { action: 'a:B', resource: '*' })).toThrow(
      PolicyError,
    );
  });

  it('refuses a request that does not say what it asks for', () => {
    for (const request of [{ action: 'kms:Decrypt' }, { resource: key }, {}]) {
      expect(() => evaluate({ identity: [] }, request as never)).toThrow(PolicyError);
      expect(() => compilePolicies({ identity: [] })(request as never)).toThrow(PolicyError);
    }
  });

  it('does not notice a prototype', () => {
    const identity = [policy(allow('kms:*').on('*').when('StringEquals', { 'acs:UserAgent': 'x' }))];
    const context = Object.create({ 'acs:UserAgent': 'x' }) as Record<string, string>;
    expect(evaluate({ identity }, { action: 'kms:Decrypt', resource: key, context }).decision).toBe(
      'ImplicitDeny',
    );
  });

  it('keeps wildcards inside the service, region and account of a resource', () => {
    const identity = [policy(allow('kms:Decrypt').on('acs:kms:*:1001:key/k1'))];
    const decide = (resource: string) => evaluate({ identity }, { action: 'kms:Decrypt', resource }).decision;
    expect(decide(key)).toBe('Allow');
    expect(decide('acs:kms:cn-hangzhou:9009:key/x:1001:key/k1')).toBe('ImplicitDeny');
  });

  it('treats wildcards of the request as plain characters', () => {
    const identity = [policy(allow('ecs:*').on('acs:ecs:*:*:instance/i-1'))];
    expect(
      evaluate({ identity }, { action: 'ecs:StopInstance', resource: 'acs:ecs:x:1001:instance/*' }).decision,
    ).toBe('ImplicitDeny');
  });

  it('denies an identity statement that names somebody else', () => {
    const document = {
      Version: '1' as const,
      Statement: [{ Effect: 'Allow' as const, Principal: ['2002'], Action: ['kms:*'], Resource: ['*'] }],
    };
    expect(evaluate({ identity: [document] }, { action: 'kms:Decrypt', resource: key }).decision).toBe(
      'ImplicitDeny',
    );
  });

  it('lets NotPrincipal except', () => {
    const resource = [
      {
        Version: '1' as const,
        Statement: [{ Effect: 'Deny' as const, NotPrincipal: ['2002'], Action: ['oss:*'], Resource: ['*'] }],
      },
    ];
    const by = (id: string) =>
      evaluate(
        { resource },
        {
          action: 'oss:GetObject',
          resource: 'acs:oss:*:1001:b/a',
          principal: { ram: `acs:ram::1001:user/u${id}`, id },
        },
      ).decision;
    expect([by('2002'), by('3003')]).toEqual(['ImplicitDeny', 'ExplicitDeny']);
  });
});
