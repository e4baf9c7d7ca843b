import { describe, expect, expectTypeOf, it } from 'vitest';
import { policy, trustPolicy } from './policy.ts';
import { service } from './principal.ts';
import { ecs, kms, oss, otherAction, ram, sts } from './services.ts';
import { allow, deny, otherKeys } from './statement.ts';
import type { ActionPattern, ConditionsFor, KnownAction, OtherAction, ResourceArn } from './types.ts';

/** Checked by tsc: each @ts-expect-error must be an error. The functions are never called. */
describe('types', () => {
  it('of actions', () => {
    expectTypeOf<'kms:Decrypt'>().toExtend<KnownAction>();
    expectTypeOf<'kms:Describe*'>().toExtend<ActionPattern>();
    expectTypeOf<'oss:Get?bject'>().toExtend<ActionPattern>();
    expectTypeOf<'*'>().toExtend<ActionPattern>();
    expectTypeOf<'kms:Decript'>().not.toExtend<ActionPattern>();
    expectTypeOf<'rds:DescribeDBInstances'>().not.toExtend<ActionPattern>();
    expectTypeOf<OtherAction>().toExtend<ActionPattern>();
    expectTypeOf(kms.actions()).toExtend<readonly `kms:${string}`[]>();
    expectTypeOf(kms.actions()).not.toExtend<readonly 'kms:Decrypt'[]>();
    const unused = (): void => {
      allow('kms:Decrypt', 'kms:List*', 'oss:*', otherAction('vpc:DescribeVpcs'));
      // @ts-expect-error a misspelt action of a known service
      allow('kms:Decript');
      // @ts-expect-error the service is not in the catalogue: otherAction says so
      allow('vpc:DescribeVpcs');
      // @ts-expect-error otherAction is not a way around the catalogue
      otherAction('kms:Decript');
      // @ts-expect-error the case of an action
      deny('kms:decrypt');
      // @ts-expect-error no service
      allow('Decrypt');
    };
    expect(unused).toBeTypeOf('function');
  });

  it('of resources', () => {
    expectTypeOf(kms.key({ id: 'k' })).toEqualTypeOf<ResourceArn<'kms:key'>>();
    expectTypeOf(oss.bucket({ bucket: 'b' })).toExtend<string>();
    const someText: string = 'acs:kms:*:*:key/x';
    const unused = (): void => {
      allow('kms:Decrypt').on(kms.key({ id: 'k' }), 'acs:kms:*:*:key/other', someText, '*');
      allow('kms:Decrypt', 'oss:GetObject').on(kms.key({ id: 'k' }), oss.object({ bucket: 'b', key: '*' }));
      allow('kms:*').on(kms.secret({ name: 's' }));
      allow('*').on(oss.bucket({ bucket: 'b' }), 'acs:rds:*:*:dbinstance/x');
      allow(otherAction('vpc:DescribeVpcs')).on('acs:vpc:*:*:vpc/*');
      allow('ecs:CreateInstance').on(ecs.vSwitch({ id: 'v' }), ecs.image({ id: 'i' }));
      allow('ecs:DescribeVpcs').on(ecs.vpc({ id: 'v' }));
      allow('ecs:AttachNetworkInterface').on(ecs.networkInterface({ id: 'e' }), ecs.instance({ id: 'i' }));
      allow('ecs:AttachInstanceRamRole').on(ecs.instance({ id: 'i' }), ram.role({ name: 'r' }));
      allow('ram:PassRole').on(ram.role({ name: 'r' }));
      allow('sts:AssumeRole').on(sts.role({ name: 'r' }), 'acs:ram::1:role/r');
      // @ts-expect-error decrypting works on keys, not on secrets
      allow('kms:Decrypt').on(kms.secret({ name: 's' }));
      // @ts-expect-error the second one: reading objects does not work on buckets
      allow('oss:GetObject').on(oss.object({ bucket: 'b', key: '*' }), oss.bucket({ bucket: 'b' }));
      // @ts-expect-error a resource of another service
      allow('kms:*').on(oss.bucket({ bucket: 'b' }));
      // @ts-expect-error the same, as text
      allow('kms:Decrypt').on('acs:oss:*:*:bucket');
      // @ts-expect-error a random password has no resource
      allow('kms:GetRandomPassword').on(kms.secret({ name: 's' }));
      // @ts-expect-error an interface is attached to an instance, not to a disk
      allow('ecs:AttachNetworkInterface').on(ecs.disk({ id: 'd' }));
      // @ts-expect-error tasks are documented to have no resource
      allow('ecs:CancelTask').on(ecs.instance({ id: 'i' }));
      // @ts-expect-error a key needs an id
      kms.key({ region: 'cn-hangzhou' });
    };
    expect(unused).toBeTypeOf('function');
  });

  it('of conditions', () => {
    expectTypeOf<{ 'acs:SourceIp': '10.0.0.0/8' }>().toExtend<ConditionsFor<'IpAddress'>>();
    const unused = (): void => {
      const statement = allow('kms:Decrypt').on('*');
      statement.when('IpAddress', { 'acs:SourceIp': ['10.0.0.0/8', '2001:db8::/32'] });
      statement.when('Bool', { 'acs:MFAPresent': true });
      statement.when('BoolIfExists', { 'acs:SecureTransport': 'true' });
      statement.when('DateLessThan', { 'acs:CurrentTime': new Date(0) });
      statement.when('StringEqualsIgnoreCase', { 'kms:tag/Project': 'Apollo' });
      statement.when('ForAnyValue:StringLike', { 'oss:Prefix': ['a/*'], 'acs:ResourceTag/team': 'dev' });
      statement.when('Null', { 'acs:SourceVpc': true });
      statement.when('StringEquals', otherKeys({ 'rds:ResourceTag/team': 'dev' }));
      statement.when('Bool', { 'ecs:PasswordCustomized': false });
      statement.when('StringLike', { 'ecs:InstanceType': 'ecs.g7.*', 'vpc:tag/owner': 'team-*' });
      // @ts-expect-error whether a password is custom is a boolean
      statement.when('StringEquals', { 'ecs:PasswordCustomized': 'false' });
      // @ts-expect-error an address is not compared as a string
      statement.when('StringEquals', { 'acs:SourceIp': '10.0.0.1' });
      // @ts-expect-error a string is no address
      statement.when('IpAddress', { 'acs:UserAgent': 'x' });
      // @ts-expect-error a boolean key takes a boolean
      statement.when('Bool', { 'acs:MFAPresent': 'yes' });
      // @ts-expect-error no such key
      statement.when('StringEquals', { 'kms:Tag': 'x' });
      // @ts-expect-error a date key takes no number
      statement.when('DateLessThan', { 'acs:CurrentTime': 5 });
      // @ts-expect-error no such operator
      statement.when('ArnLike', { 'acs:PrincipalARN': 'x' });
      // @ts-expect-error Null has no IfExists
      statement.when('NullIfExists', { 'acs:SourceVpc': true });
    };
    expect(unused).toBeTypeOf('function');
  });

  it('of whole policies', () => {
    const unused = (): void => {
      policy(allow('kms:Decrypt').on('*'), deny('kms:*').notResources('*'));
      trustPolicy(allow('sts:AssumeRole').to(service('ecs.aliyuncs.com')));
      // @ts-expect-error on what?
      policy(allow('kms:Decrypt'));
      // @ts-expect-error by whom?
      trustPolicy(allow('sts:AssumeRole'));
    };
    expect(unused).toBeTypeOf('function');
  });
});
