import { describe, expect, it } from 'vitest';
import type { PolicyError } from '../errors.ts';
import { parsePolicy } from '../read/parse-policy.ts';
import { bucketPolicy, policy, sessionPolicy, trustPolicy } from './policy.ts';
import { checkPolicySize, policySize } from './policy-size.ts';
import { account, anyone, federated, role, roleSession, service, uid, user } from './principal.ts';
import { ecs, kms, oss, otherAction, ram } from './services.ts';
import { allow, deny, otherKeys } from './statement.ts';

const codeOf = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    return (error as PolicyError).code;
  }
  return 'no error';
};

describe('statements', () => {
  it('are plain, frozen data that never change', () => {
    const begun = allow('kms:Decrypt');
    const longer = begun.on(kms.key({ region: 'cn-hangzhou', account: '1001', id: 'k' }));
    expect({ ...begun }).toEqual({ Effect: 'Allow', Action: ['kms:Decrypt'] });
    expect({ ...longer }).toEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt'],
      Resource: ['acs:kms:cn-hangzhou:1001:key/k'],
    });
    expect(Object.isFrozen(longer)).toBe(true);
    expect(JSON.stringify(longer)).toBe(
      '{"Effect":"Allow","Action":["kms:Decrypt"],"Resource":["acs:kms:cn-hangzhou:1001:key/k"]}',
    );
  });

  it('gather conditions, resources and principals over several calls', () => {
    const statement = allow('oss:GetObject')
      .on('*')
      .on('acs:oss:*:*:b/*')
      .when('IpAddress', { 'acs:SourceIp': '10.0.0.0/8' })
      .when('IpAddress', { 'acs:SourceIp': ['192.168.0.0/16'] })
      .when('Bool', { 'acs:SecureTransport': true })
      .when('DateLessThan', { 'acs:CurrentTime': new Date('2027-01-01T00:00:00.500Z') })
      .when('NumericLessThan', otherKeys({ 'x:n': 5 }))
      .to(uid('1'))
      .to(uid('2'));
    expect({ ...statement }).toEqual({
      Effect: 'Allow',
      Action: ['oss:GetObject'],
      Resource: ['*', 'acs:oss:*:*:b/*'],
      Condition: {
        IpAddress: { 'acs:SourceIp': ['10.0.0.0/8', '192.168.0.0/16'] },
        Bool: { 'acs:SecureTransport': ['true'] },
        DateLessThan: { 'acs:CurrentTime': ['2027-01-01T00:00:00Z'] },
        NumericLessThan: { 'x:n': ['5'] },
      },
      Principal: ['1', '2'],
    });
  });

  it('refuse what RAM does not have', () => {
    expect(codeOf(() => allow('kms:Decrypt').when('ArnLike' as never, {} as never))).toBe('InvalidArgument');
    expect(
      codeOf(() => allow('kms:Decrypt').when('DateLessThan', { 'acs:CurrentTime': new Date(Number.NaN) })),
    ).toBe('InvalidArgument');
    expect(codeOf(() => allow('sts:AssumeRole').to(service('ecs.aliyuncs.com'), uid('1')))).toBe(
      'InvalidArgument',
    );
    expect(codeOf(() => otherAction('vpc: Describe' as never))).toBe('InvalidArgument');
  });
});

describe('resource templates', () => {
  it('fill in every region and account', () => {
    expect(kms.key({ id: 'k' })).toBe('acs:kms:*:*:key/k');
    expect(kms.alias({ name: 'alias/a' })).toBe('acs:kms:*:*:alias/a');
    expect(oss.object({ account: '1001', bucket: 'b', key: 'logs/*' })).toBe('acs:oss:*:1001:b/logs/*');
    expect(ecs.vSwitch({ region: 'cn-hangzhou', id: 'v' })).toBe('acs:vpc:cn-hangzhou:*:vswitch/v');
    expect(ram.role({ account: '1001', name: 'r' })).toBe('acs:ram:*:1001:role/r');
  });

  it.each([
    () => kms.key({ id: '' }),
    () => kms.key({ region: 'cn:hangzhou', id: 'k' }),
    () => kms.key({ account: '', id: 'k' }),
    () => oss.bucket({ bucket: ' b' }),
    () => oss.object({ bucket: 'b', key: '' }),
  ])('refuse what would be another resource', (make) => {
    expect(codeOf(make)).toBe('InvalidArgument');
  });
});

describe('policies', () => {
  it('write canonical RAM JSON', () => {
    const made = policy(
      deny('oss:DeleteObject', 'oss:DeleteObject').on('*'),
      allow('kms:Decrypt', 'kms:GenerateDataKey')
        .when('Bool', { 'acs:MFAPresent': true })
        .on('acs:kms:*:*:key/a', 'acs:kms:*:*:key/b'),
    );
    expect(JSON.stringify(made)).toBe(
      '{"Version":"1","Statement":[{"Effect":"Deny","Action":"oss:DeleteObject","Resource":"*"},' +
        '{"Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":["acs:kms:*:*:key/a","acs:kms:*:*:key/b"],' +
        '"Condition":{"Bool":{"acs:MFAPresent":"true"}}}]}',
    );
    expect(String(made)).toBe(JSON.stringify(made, null, 2));
    expect(parsePolicy(String(made))).toEqual(made);
  });

  it('of trust', () => {
    const made = trustPolicy(
      allow('sts:AssumeRole').to(
        account('1001'),
        role({ account: '1001', name: 'r' }),
        user({ account: '1001', name: 'u' }),
        service('ecs.aliyuncs.com'),
        federated('acs:ram::1001:saml-provider/p'),
      ),
    );
    expect(JSON.parse(JSON.stringify(made)).Statement[0].Principal).toEqual({
      RAM: ['acs:ram::1001:root', 'acs:ram::1001:role/r', 'acs:ram::1001:user/u'],
      Service: 'ecs.aliyuncs.com',
      Federated: 'acs:ram::1001:saml-provider/p',
    });
    expect(
      trustPolicy(allow('sts:AssumeRole').to('ecs.aliyuncs.com', 'acs:ram::1001:root')).Statement[0]!
        .Principal,
    ).toEqual({
      RAM: ['acs:ram::1001:root'],
      Service: ['ecs.aliyuncs.com'],
    });
  });

  it('of trust name roles and users by ARN too', () => {
    expect(
      trustPolicy(allow('sts:AssumeRole').to(role('acs:ram::1001:role/r'), user('acs:ram::1001:user/u')))
        .Statement[0]!.Principal,
    ).toEqual({ RAM: ['acs:ram::1001:role/r', 'acs:ram::1001:user/u'] });
  });

  it('of buckets name accounts and roles as bucket policies do', () => {
    const objects = oss.object({ bucket: 'b', key: '*' });
    const principals = (...who: Parameters<ReturnType<typeof allow>['to']>) =>
      bucketPolicy(
        allow('oss:GetObject')
          .on(objects)
          .to(...who),
      ).Statement[0]!.Principal;
    expect(principals(account('1001'), role({ account: '1001', name: 'r' }))).toEqual([
      '1001',
      'arn:sts::1001:assumed-role/r/*',
    ]);
    expect(principals(uid('2002'), roleSession({ account: '1001', role: 'r', session: 's' }))).toEqual([
      '2002',
      'arn:sts::1001:assumed-role/r/s',
    ]);
    expect(JSON.stringify(bucketPolicy(allow('oss:GetObject').on(objects).to(anyone())))).toContain(
      '"Principal":["*"]',
    );
    expect(codeOf(() => principals(user({ account: '1001', name: 'u' })))).toBe('IncompleteStatement');
    expect(codeOf(() => principals(service('ecs.aliyuncs.com')))).toBe('IncompleteStatement');
  });

  it('refuse statements that are not finished', () => {
    expect(codeOf(() => policy(allow('kms:Decrypt') as never))).toBe('IncompleteStatement');
    expect(codeOf(() => policy(allow().on('*')))).toBe('IncompleteStatement');
    expect(codeOf(() => policy(allow('kms:Decrypt').on('*').to(uid('1'))))).toBe('IncompleteStatement');
    expect(codeOf(() => trustPolicy(allow('sts:AssumeRole') as never))).toBe('IncompleteStatement');
    expect(codeOf(() => trustPolicy(allow('sts:AssumeRole').on('*').to(uid('1'))))).toBe(
      'IncompleteStatement',
    );
    expect(codeOf(() => bucketPolicy(allow('oss:GetObject').on('*') as never))).toBe('IncompleteStatement');
    expect(codeOf(() => policy())).toBe('InvalidPolicy');
    expect(codeOf(() => policy(allow('kms:Decrypt').on('nonsense')))).toBe('InvalidPolicy');
  });

  it('refuse to be longer than RAM takes them, to the character', () => {
    const sized = (make: typeof policy, length: number) => {
      const rest = policySize(make(allow('kms:Decrypt').on('acs:kms:*:*:key/')));
      return make(allow('kms:Decrypt').on(`acs:kms:*:*:key/${'x'.repeat(length - rest)}`));
    };
    expect(policySize(sized(policy, 6144))).toBe(6144);
    expect(codeOf(() => sized(policy, 6145))).toBe('PolicyTooLong');
    expect(policySize(sized(sessionPolicy, 2048))).toBe(2048);
    expect(codeOf(() => sized(sessionPolicy, 2049))).toBe('PolicyTooLong');
    const trust = (length: number) =>
      trustPolicy(allow('sts:AssumeRole').to(service(`${'x'.repeat(length)}.aliyuncs.com`)));
    const rest = policySize(trust(0));
    expect(policySize(trust(2048 - rest))).toBe(2048);
    expect(codeOf(() => trust(2049 - rest))).toBe('PolicyTooLong');
    expect(codeOf(() => checkPolicySize(sized(policy, 3000), 'trust'))).toBe('PolicyTooLong');
  });
});
