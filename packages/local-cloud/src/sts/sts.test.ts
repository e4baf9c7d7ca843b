import { AssumeRoleRequest, AssumeRoleWithOIDCRequest } from '@alicloud/sts20150401';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalCloud } from '../local-cloud.ts';
import { startLocalCloud } from '../start.ts';
import { codeOf, kmsCaller, stsClient, type TestCredentials } from '../test-support/official-clients.ts';
import { createOidcIssuer, type OidcIssuer } from './oidc-issuer.ts';

const id = '1000000000000001';
const other = '1000000000000002';
const secret = 's';

const trust = (Principal: object, Condition?: object) => ({
  Version: '1',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal, ...(Condition && { Condition }) }],
});

const assumes = (role: string) => ({
  Version: '1',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: `acs:ram::${id}:role/${role}` }],
});

describe('STS, by the official client', () => {
  let cloud: LocalCloud;
  let issuer: OidcIssuer;
  const alice = { accessKeyId: 'LTAIalice', accessKeySecret: secret };
  const assume = (credentials: typeof alice, parameters: Record<string, unknown>) =>
    stsClient(cloud, credentials).assumeRole(
      new AssumeRoleRequest({ roleSessionName: 'session', ...parameters }),
    );

  beforeAll(async () => {
    issuer = await createOidcIssuer({ name: 'cluster', clientId: 'sts.aliyuncs.com' });
    cloud = await startLocalCloud({
      seed: {
        accounts: [
          {
            id,
            rootAccessKey: { id: 'LTAIroot', secret },
            users: [
              { name: 'admin', accessKeys: [{ id: 'LTAIadmin', secret }], policies: ['AdministratorAccess'] },
              {
                name: 'alice',
                accessKeys: [{ id: 'LTAIalice', secret }],
                policies: ['AliyunSTSAssumeRoleAccess'],
              },
              { name: 'bob', accessKeys: [{ id: 'LTAIbob', secret }] },
              { name: 'dora', accessKeys: [{ id: 'LTAIdora', secret }], policies: [assumes('Reader')] },
              { name: 'eve', accessKeys: [{ id: 'LTAIeve', secret }], policies: [assumes('reader')] },
            ],
            roles: [
              {
                name: 'Reader',
                trustPolicy: trust({ RAM: [`acs:ram::${id}:root`] }),
                policies: ['AliyunKMSFullAccess', 'AliyunSTSAssumeRoleAccess'],
              },
              { name: 'Chained', trustPolicy: trust({ RAM: [`acs:ram::${id}:role/reader`] }) },
              { name: 'ForBob', trustPolicy: trust({ RAM: [`acs:ram::${id}:user/bob`] }) },
              {
                name: 'Partner',
                trustPolicy: trust(
                  { RAM: [`acs:ram::${other}:root`] },
                  { StringEquals: { 'sts:ExternalId': 'shared' } },
                ),
              },
              {
                name: 'Pod',
                maxSessionDuration: 7200,
                trustPolicy: trust(
                  { Federated: [`acs:ram::${id}:oidc-provider/cluster`] },
                  { StringEquals: { 'oidc:sub': 'system:serviceaccount:app' } },
                ),
              },
            ],
            oidcProviders: [issuer.provider],
            keys: [{ id: 'key-1' }],
          },
          {
            id: other,
            users: [
              {
                name: 'carol',
                accessKeys: [{ id: 'LTAIcarol', secret }],
                policies: ['AliyunSTSAssumeRoleAccess'],
              },
            ],
          },
        ],
      },
    });
  });
  afterAll(() => cloud.close());

  it('gives credentials of a role to whom it trusts', async () => {
    const { body } = await assume(alice, { roleArn: `acs:ram::${id}:role/reader`, durationSeconds: 900 });
    expect(body?.assumedRoleUser?.arn).toBe(`acs:ram::${id}:assumed-role/Reader/session`);
    expect(Date.parse(body?.credentials?.expiration as string) - Date.now()).toBeLessThanOrEqual(900_000);
    const credentials = { ...body?.credentials } as TestCredentials;
    await kmsCaller(cloud, credentials)('GenerateDataKey', { KeyId: 'key-1' });
    expect(await codeOf(kmsCaller(cloud, { ...credentials, securityToken: undefined })('ListKeys'))).toBe(
      'MissingSecurityToken',
    );
    expect(await codeOf(kmsCaller(cloud, { ...credentials, securityToken: 'x' })('ListKeys'))).toBe(
      'InvalidSecurityToken.MismatchWithAccessKey',
    );
  });

  it('knows a role by its name as it was created and as its ARN has it', async () => {
    for (const accessKeyId of ['LTAIdora', 'LTAIeve'])
      for (const role of ['Reader', 'reader'])
        await assume({ accessKeyId, accessKeySecret: secret }, { roleArn: `acs:ram::${id}:role/${role}` });
  });

  it('lets the session of one role assume another', async () => {
    const { body } = await assume(alice, { roleArn: `acs:ram::${id}:role/reader` });
    const chained = await assume(body?.credentials as never, { roleArn: `acs:ram::${id}:role/chained` });
    expect(chained.body?.assumedRoleUser?.arn).toBe(`acs:ram::${id}:assumed-role/Chained/session`);
    expect(await codeOf(assume(alice, { roleArn: `acs:ram::${id}:role/chained` }))).toBe('NoPermission');
  });

  it('narrows a session by the policy it was given', async () => {
    const policy = JSON.stringify({
      Version: '1',
      Statement: [{ Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*' }],
    });
    const { body } = await assume(alice, { roleArn: `acs:ram::${id}:role/reader`, policy });
    const kms = kmsCaller(cloud, body?.credentials as never);
    await kms('ListKeys');
    expect(await codeOf(kms('GenerateDataKey', { KeyId: 'key-1' }))).toBe('Forbidden.NoPermission');
    expect(await codeOf(assume(alice, { roleArn: `acs:ram::${id}:role/reader`, policy: '{' }))).toBe(
      'InvalidParameter.PolicyGrammar',
    );
  });

  it('asks both the caller’s policies and the trust policy', async () => {
    const bob = { accessKeyId: 'LTAIbob', accessKeySecret: secret };
    expect(await codeOf(assume(bob, { roleArn: `acs:ram::${id}:role/forbob` }))).toBe('NoPermission');
    expect(await codeOf(assume(alice, { roleArn: `acs:ram::${id}:role/forbob` }))).toBe('NoPermission');
    const root = { accessKeyId: 'LTAIroot', accessKeySecret: secret };
    expect(await codeOf(assume(root, { roleArn: `acs:ram::${id}:role/reader` }))).toBe('NoPermission');
  });

  it('lets another account in by the external id', async () => {
    const carol = { accessKeyId: 'LTAIcarol', accessKeySecret: secret };
    const roleArn = `acs:ram::${id}:role/partner`;
    expect(await codeOf(assume(carol, { roleArn }))).toBe('NoPermission');
    expect(await codeOf(assume(carol, { roleArn, externalId: 'guess' }))).toBe('NoPermission');
    await assume(carol, { roleArn, externalId: 'shared' });
    expect(await codeOf(assume(alice, { roleArn, externalId: 'shared' }))).toBe('NoPermission');
  });

  it.each([
    [{ roleArn: 'role/reader' }, 'InvalidParameter.RoleArn'],
    [{ roleArn: `acs:ram::${id}:role/none` }, 'EntityNotExist.Role'],
    [{ roleArn: `acs:ram::${id}:role/reader`, durationSeconds: 899 }, 'InvalidParameter.DurationSeconds'],
    [{ roleArn: `acs:ram::${id}:role/reader`, durationSeconds: 3601 }, 'InvalidParameter.DurationSeconds'],
    [{ roleArn: `acs:ram::${id}:role/reader`, roleSessionName: 'a b' }, 'InvalidParameter.RoleSessionName'],
  ])('refuses %o with %s', async (parameters, code) => {
    expect(await codeOf(assume(alice, parameters))).toBe(code);
  });

  describe('AssumeRoleWithOIDC', () => {
    const subject = 'system:serviceaccount:app';
    const assumeWith = (OIDCToken: string) =>
      stsClient(cloud, alice).assumeRoleWithOIDC(
        new AssumeRoleWithOIDCRequest({
          OIDCToken,
          OIDCProviderArn: `acs:ram::${id}:oidc-provider/cluster`,
          roleArn: `acs:ram::${id}:role/pod`,
          roleSessionName: 'pod-1',
          durationSeconds: 7200,
        }),
      );

    it('takes the token of a pod', async () => {
      const { body } = await assumeWith(await issuer.token({ subject }));
      const who = await stsClient(cloud, body?.credentials as never).getCallerIdentity();
      expect(who.body?.arn).toBe(`acs:ram::${id}:assumed-role/Pod/pod-1`);
    });

    it('refuses tokens that are expired, for others, by others, or not for the role', async () => {
      const hourAgo = Date.now() - 3_700_000;
      expect(await codeOf(assumeWith(await issuer.token({ subject, issuedAt: hourAgo })))).toBe(
        'AuthenticationFail.OIDCToken.Expired',
      );
      expect(await codeOf(assumeWith(await issuer.token({ subject, audience: 'x' })))).toBe(
        'AuthenticationFail.OIDCToken.InvalidClaim',
      );
      const impostor = await createOidcIssuer({ name: 'cluster', clientId: 'sts.aliyuncs.com' });
      expect(await codeOf(assumeWith(await impostor.token({ subject })))).toBe(
        'AuthenticationFail.OIDCToken.Invalid',
      );
      expect(await codeOf(assumeWith(await issuer.token({ subject: 'another' })))).toBe(
        'AuthenticationFail.NoPermission',
      );
      const [, claims] = (await issuer.token({ subject })).split('.');
      const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`;
      expect(await codeOf(assumeWith(unsigned))).toBe('AuthenticationFail.OIDCToken.Invalid');
    });
  });
});
