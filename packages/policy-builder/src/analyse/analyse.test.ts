import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PolicyError } from '../errors.ts';
import { evaluate } from '../judge/evaluate.ts';
import { parsePolicy } from '../read/parse-policy.ts';
import { accessRequest, policyDocument } from '../test-support/arbitraries.ts';
import { policy, trustPolicy } from '../write/policy.ts';
import { account } from '../write/principal.ts';
import { allow, deny } from '../write/statement.ts';
import { canonicalPolicy, equalPolicies } from './canonical.ts';
import { diffPolicies } from './diff.ts';
import { leastPrivilege } from './least-privilege.ts';
import { formatPermissions, whoCan } from './who-can.ts';

const key = 'acs:kms:cn-hangzhou:1001:key/k1';

describe('canonicalPolicy', () => {
  it('forgets order and repetition', () => {
    const a = policy(allow('kms:Decrypt', 'kms:Encrypt').on('*'), deny('oss:*').on('*'));
    const b = policy(
      deny('oss:*').on('*'),
      allow('kms:Encrypt', 'kms:Decrypt').on('*'),
      deny('oss:*').on('*'),
    );
    expect(equalPolicies(a, b)).toBe(true);
    expect(equalPolicies(a, policy(allow('kms:Decrypt').on('*'), deny('oss:*').on('*')))).toBe(false);
  });

  it('keeps the meaning', () => {
    fc.assert(
      fc.property(
        policyDocument(),
        fc.array(accessRequest, { minLength: 5, maxLength: 5 }),
        (document, requests) => {
          const original = parsePolicy(document);
          const canonical = canonicalPolicy(original);
          expect(canonicalPolicy(canonical)).toEqual(canonical);
          for (const request of requests)
            expect(evaluate({ identity: [canonical] }, request).decision).toBe(
              evaluate({ identity: [original] }, request).decision,
            );
        },
      ),
    );
  });
});

describe('diffPolicies', () => {
  const before = policy(
    allow('kms:Decrypt', 'kms:Encrypt').on(key),
    allow('oss:GetObject').on('acs:oss:*:*:b/*'),
    deny('ram:*').on('*'),
  );

  it('refuses text, and says what to do with it', () => {
    const text = '{"Version":"1","Statement":[]}' as never;
    expect(() => diffPolicies(text, text)).toThrow(
      expect.objectContaining({
        code: 'InvalidPolicy',
        message: expect.stringContaining('parsePolicy(text)'),
      }),
    );
  });

  it('says nothing of what only moved', () => {
    const moved = policy(
      deny('ram:*').on('*'),
      allow('oss:GetObject').on('acs:oss:*:*:b/*'),
      allow('kms:Encrypt', 'kms:Decrypt').on(key),
    );
    expect(diffPolicies(before, moved)).toEqual([]);
  });

  it('finds values that came and went, and statements', () => {
    const after = policy(
      allow('kms:Decrypt', 'kms:GenerateDataKey').on(key).when('Bool', { 'acs:MFAPresent': true }),
      allow('oss:GetObject').on('acs:oss:*:*:b/*'),
      allow('ecs:StartInstance').on('*'),
    );
    expect(diffPolicies(before, after)).toEqual([
      {
        kind: 'changed',
        before: 0,
        after: 0,
        changes: [
          { path: 'Action', removed: ['kms:Encrypt'], added: ['kms:GenerateDataKey'] },
          { path: 'Condition.Bool.acs:MFAPresent', removed: [], added: ['true'] },
        ],
        summary:
          'statement 1: -Action kms:Encrypt, +Action kms:GenerateDataKey, +Condition.Bool.acs:MFAPresent true',
      },
      { kind: 'removed', before: 2, summary: '- {"Effect":"Deny","Action":"ram:*","Resource":"*"}' },
      {
        kind: 'added',
        after: 2,
        summary: '+ {"Effect":"Allow","Action":"ecs:StartInstance","Resource":"*"}',
      },
    ]);
  });

  it('is empty just for equal policies', () => {
    fc.assert(
      fc.property(policyDocument(), policyDocument(), (a, b) => {
        expect(diffPolicies(a, a)).toEqual([]);
        const duplicates = (document: typeof a) =>
          canonicalPolicy(parsePolicy(document)).Statement.length !== document.Statement.length;
        fc.pre(!duplicates(a) && !duplicates(b));
        expect(diffPolicies(a, b).length === 0).toBe(equalPolicies(parsePolicy(a), parsePolicy(b)));
      }),
    );
  });
});

describe('whoCan', () => {
  it('lists the actions that are allowed, with conditions and exceptions', () => {
    const permissions = whoCan({
      identity: [
        policy(
          allow('kms:*Crypt*', 'kms:Decrypt').on(key).when('IpAddress', { 'acs:SourceIp': '10.0.0.0/8' }),
          allow('oss:GetObject').on('*'),
          deny('oss:GetObject').on('acs:oss:*:*:secret/*'),
          allow('oss:PutObject').on('acs:oss:*:*:b/*'),
          deny('oss:PutObject').on('acs:oss:*:*:*'),
        ),
      ],
    });
    expect(
      permissions.map(({ action, access, resource, when, except }) => ({
        action,
        access,
        resource,
        when,
        except,
      })),
    ).toEqual(
      [
        ...[
          'AsymmetricDecrypt',
          'AsymmetricEncrypt',
          'Decrypt',
          'Encrypt',
          'ReEncryptFrom',
          'ReEncryptTo',
        ].flatMap((name) => [
          {
            action: `kms:${name}`,
            access: 'read',
            resource: key,
            when: ['IpAddress acs:SourceIp 10.0.0.0/8'],
            except: [],
          },
        ]),
        {
          action: 'kms:CertificatePrivateKeyDecrypt',
          access: 'read',
          resource: key,
          when: ['IpAddress acs:SourceIp 10.0.0.0/8'],
          except: [],
        },
        {
          action: 'kms:CertificatePublicKeyEncrypt',
          access: 'read',
          resource: key,
          when: ['IpAddress acs:SourceIp 10.0.0.0/8'],
          except: [],
        },
        {
          action: 'oss:GetObject',
          access: 'read',
          resource: '*',
          when: [],
          except: ['acs:oss:*:*:secret/*'],
        },
      ].sort((a, b) => (a.action < b.action ? -1 : 1)),
    );
    expect(formatPermissions(permissions.slice(-1))).toBe(
      'action         access  resource  except\noss:GetObject  read    *         acs:oss:*:*:secret/*',
    );
  });

  it('leaves out what a ceiling or a missing trust refuses', () => {
    const identity = [policy(allow('kms:*', 'sts:AssumeRole').on('*'))];
    const actions = (more: object) => whoCan({ identity, ...more }).map(({ action }) => action);
    expect(actions({ session: [policy(allow('kms:Decrypt').on('*'))] })).toEqual(['kms:Decrypt']);
    expect(actions({})).not.toContain('sts:AssumeRole');
    expect(actions({ resource: [trustPolicy(allow('sts:AssumeRole').to(account('1001')))] })).toContain(
      'sts:AssumeRole',
    );
    expect(whoCan({ identity, session: [policy(allow('kms:Decrypt').on(key))] })[0]!.except).toEqual([
      `outside ${key} (session policy)`,
    ]);
  });

  it('lists nothing that evaluate would not allow', () => {
    fc.assert(
      fc.property(fc.array(policyDocument(), { maxLength: 2 }), (identity) => {
        for (const { action, resource, when, except } of whoCan({ identity }, { service: 'kms' })) {
          if (when.length > 0 || except.length > 0 || /[*?]|^all but/.test(resource)) continue;
          expect(evaluate({ identity }, { action, resource }).decision).toBe('Allow');
        }
      }),
    );
  });
});

describe('leastPrivilege', () => {
  it('is one statement for each set of resources', () => {
    const made = leastPrivilege([
      { action: 'kms:Decrypt', resource: key },
      { action: 'KMS:generatedatakey', resource: key },
      { action: 'oss:GetObject', resource: 'acs:oss:*:1001:b/logs/1' },
      { action: 'oss:GetObject', resource: 'acs:oss:*:1001:b/logs/2' },
      { action: 'kms:Decrypt', resource: key },
    ]);
    expect(JSON.parse(JSON.stringify(made)).Statement).toEqual([
      { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: key },
      {
        Effect: 'Allow',
        Action: 'oss:GetObject',
        Resource: ['acs:oss:*:1001:b/logs/1', 'acs:oss:*:1001:b/logs/2'],
      },
    ]);
  });

  it('generalises only as far as asked', () => {
    const calls = ['b/logs/1', 'b/logs/2', 'b/other/3'].map((path) => ({
      action: 'oss:GetObject',
      resource: `acs:oss:*:1001:${path}`,
    }));
    const resources = (generalize: 'exact' | 'directory' | 'type') =>
      leastPrivilege(calls, { generalize }).Statement[0]!.Resource;
    expect(resources('exact')).toEqual(calls.map(({ resource }) => resource));
    expect(resources('directory')).toEqual(['acs:oss:*:1001:b/logs/*', 'acs:oss:*:1001:b/other/3']);
    expect(resources('type')).toEqual(['acs:oss:*:1001:b/*']);
    expect(
      leastPrivilege([{ action: 'kms:Decrypt', resource: key }], { generalize: 'type' }).Statement[0]!
        .Resource,
    ).toEqual(['acs:kms:cn-hangzhou:1001:key/*']);
  });

  it('reads ActionTrail events: the decisions they list, or else their operation', () => {
    const event = { serviceName: 'Kms', eventName: 'Decrypt', resourceName: key };
    const actions = (...events: Parameters<typeof leastPrivilege>[0][number][]) =>
      leastPrivilege(events).Statement.flatMap(({ Action }) => Action ?? []);
    expect(actions(event)).toEqual(['kms:Decrypt']);
    expect(actions({ serviceName: 'Kms', eventName: 'ReEncrypt', resourceName: key })).toEqual([
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ]);
    expect(actions({ serviceName: 'Oss', eventName: 'HeadObject', resourceName: 'acs:oss:*:1:b/a' })).toEqual(
      ['oss:GetObject'],
    );
    expect(
      actions({ serviceName: 'Oss', eventName: 'PutBucketTags', resourceName: 'acs:oss:*:1:b' }),
    ).toEqual(['oss:PutBucketTagging']);
    expect(actions({ serviceName: 'Rds', eventName: 'DescribeDBInstances' })).toEqual([
      'rds:DescribeDBInstances',
    ]);
    const listed = {
      ...event,
      errorCode: 'Forbidden.RAM',
      additionalEventData: {
        decisions: [
          { action: 'kms:Encrypt', resource: key, decision: 'Allow' },
          { action: 'kms:Decrypt', resource: key, decision: 'ImplicitDeny' },
        ],
      },
    };
    expect(actions(listed)).toEqual(['kms:Encrypt']);
    expect(leastPrivilege([listed], { includeRefused: true }).Statement[0]!.Action).toEqual([
      'kms:Decrypt',
      'kms:Encrypt',
    ]);
    expect(() => leastPrivilege([{ ...event, errorCode: 'Forbidden.RAM' }])).toThrow(PolicyError);
  });

  it('allows the calls, and no other action or resource', () => {
    const call = fc.record({
      action: fc.constantFrom('kms:Decrypt', 'kms:Encrypt', 'oss:GetObject'),
      resource: fc.constantFrom(
        key,
        'acs:kms:cn-hangzhou:1001:key/k2',
        'acs:oss:x:1001:b/a',
        'acs:oss:x:1001:b/b',
      ),
    });
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 6 }), fc.array(call), (calls, others) => {
        const identity = [leastPrivilege(calls)];
        for (const request of calls) expect(evaluate({ identity }, request).decision).toBe('Allow');
        for (const request of others) {
          const seen = calls.some(
            ({ action, resource }) => action === request.action && resource === request.resource,
          );
          expect(evaluate({ identity }, request).decision).toBe(seen ? 'Allow' : 'ImplicitDeny');
        }
      }),
    );
  });
});
