import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalCloud, type Seed, startLocalCloud } from '@yunseal/local-cloud';
import OSS from 'ali-oss';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toAliOssOptions } from './adapters/ali-oss-options.ts';
import type { CredentialsEvent } from './events.ts';
import { accessKey } from './providers/access-key.ts';
import { assumeRole } from './providers/assume-role.ts';
import { ecsRamRole } from './providers/ecs-ram-role.ts';
import { oidcRole } from './providers/oidc-role.ts';
import { officialClients } from './test-support/official-clients.ts';

const account = '1000000000000001';
const hour = 3_600_000;
const trust = (principal: object) => ({
  Version: '1',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: principal }],
});
const issuer = { name: 'ack-rrsa', issuer: 'https://oidc.example.com', clientIds: ['sts.aliyuncs.com'] };
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const seed: Seed = {
  accounts: [
    {
      id: account,
      users: [
        {
          name: 'operator',
          accessKeys: [{ id: 'LTAI5tOperator', secret: 'operator-secret' }],
          policies: ['AdministratorAccess'],
        },
      ],
      roles: [
        {
          name: 'EcsRamRoleTest',
          trustPolicy: trust({ Service: ['ecs.aliyuncs.com'] }),
          policies: ['AdministratorAccess'],
        },
        {
          name: 'reader',
          trustPolicy: trust({ RAM: [`acs:ram::${account}:root`] }),
          policies: ['AdministratorAccess'],
        },
        {
          name: 'pod',
          trustPolicy: trust({ Federated: [`acs:ram::${account}:oidc-provider/${issuer.name}`] }),
          policies: ['AdministratorAccess'],
        },
      ],
      buckets: [{ name: 'uploads' }],
      instances: [{ id: 'i-1', role: 'EcsRamRoleTest' }],
      oidcProviders: [
        {
          ...issuer,
          jwks: {
            keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'RS256', use: 'sig' }],
          },
        },
      ],
    },
  ],
};

let cloud: LocalCloud;
beforeEach(async () => {
  cloud = await startLocalCloud({ seed });
});
afterEach(() => cloud.close());

const operator = accessKey({ accessKeyId: 'LTAI5tOperator', accessKeySecret: 'operator-secret' });
const host = (endpoint: string) => new URL(endpoint).host;

describe('the role of the instance', () => {
  const instanceRole = (onEvent?: (event: CredentialsEvent) => void) =>
    ecsRamRole({ endpoint: cloud.endpoints.imds, env: {}, now: cloud.clock.now, onEvent });

  test('is who the official clients are', async () => {
    const provider = instanceRole();
    const { sts20150401 } = officialClients(provider, host(cloud.endpoints.sts));
    const identity = (await sts20150401!()) as { body: { arn: string } };
    expect(identity.body.arn).toMatch(/assumed-role\/EcsRamRoleTest\//i);
    await officialClients(provider, host(cloud.endpoints.ram)).ram20150501!();
    await officialClients(provider, host(cloud.endpoints.ecs)).ecs20140526!();
  });

  test('stays valid while the clock runs through three days, with the metadata service down half of the time', async () => {
    const failures: CredentialsEvent[] = [];
    const provider = instanceRole((event) => event.type === 'refresh-failed' && failures.push(event));
    const { sts20150401 } = officialClients(provider, host(cloud.endpoints.sts));
    for (let quarter = 0; quarter < 4 * 72; quarter += 1) {
      cloud.faults.clear();
      // Down in every other quarter of an hour: a refresh ahead of expiry always has another chance.
      if (quarter % 2 === 1)
        cloud.faults.inject({ service: 'imds', kind: quarter % 4 === 1 ? 'reset' : 'html' });
      await sts20150401!();
      cloud.clock.advance(hour / 4);
    }
    expect(failures.every((event) => event.type === 'refresh-failed' && !event.callersAffected)).toBe(true);
  });

  test('is found again after the clock of the cloud jumped ahead of everybody, once a service has said so', async () => {
    const provider = ecsRamRole({ endpoint: cloud.endpoints.imds, env: {} });
    const { sts20150401 } = officialClients(provider, host(cloud.endpoints.sts));
    await sts20150401!();
    cloud.clock.advance(7 * hour);
    const old = await provider.getCredentials();
    await expect(sts20150401!()).rejects.toMatchObject({ code: expect.stringMatching(/SecurityToken/) });
    provider.reportRejected?.(old);
    await sts20150401!();
    expect((await provider.getCredentials()).accessKeyId).not.toBe(old.accessKeyId);
  });

  test.each(['throttle', 'error', 'html', 'reset', 'truncate'] as const)(
    'a cold start survives one %s',
    async (kind) => {
      cloud.faults.inject({ service: 'imds', kind, times: 1 });
      expect((await instanceRole().getCredentials()).accessKeyId).toMatch(/^STS\./);
    },
  );
});

describe('ali-oss', () => {
  test('many requests at the moment of expiry: none goes out with the expired credential', async () => {
    const provider = ecsRamRole({ endpoint: cloud.endpoints.imds, env: {}, now: cloud.clock.now });
    const oss = new OSS({
      ...toAliOssOptions(provider),
      endpoint: cloud.endpoints.oss,
      bucket: 'uploads',
    });
    await oss.put('warm', Buffer.from('x'));
    for (let expiry = 0; expiry < 3; expiry += 1) {
      cloud.clock.advance(7 * hour);
      const puts = Array.from({ length: 30 }, (_, index) => oss.put(`${expiry}/${index}`, Buffer.from('x')));
      expect((await Promise.all(puts)).length).toBe(30);
    }
  });

  test('a multipart upload that outlives its credential succeeds, part after part', async () => {
    const provider = ecsRamRole({ endpoint: cloud.endpoints.imds, env: {}, now: cloud.clock.now });
    const oss = new OSS({ ...toAliOssOptions(provider), endpoint: cloud.endpoints.oss, bucket: 'uploads' });
    const folder = await mkdtemp(join(tmpdir(), 'upload-'));
    const file = join(folder, 'file');
    const content = Buffer.alloc(5 * 102_400, 'yunseal');
    await writeFile(file, content);
    const ids = new Set<string>();
    const progress = async () => {
      ids.add((await provider.getCredentials()).accessKeyId);
      cloud.clock.advance(7 * hour);
    };
    await oss.multipartUpload('large', file, { partSize: 102_400, parallel: 1, progress });
    expect(ids.size).toBeGreaterThanOrEqual(5);
    const { content: stored } = await oss.get('large');
    expect(content.equals(stored as Buffer)).toBe(true);
    await rm(folder, { recursive: true });
  });
});

describe('STS', () => {
  test('assumeRole, over an AccessKey and over the role of the instance', async () => {
    const roleArn = `acs:ram::${account}:role/reader`;
    const instance = ecsRamRole({ endpoint: cloud.endpoints.imds, env: {} });
    for (const source of [operator, instance]) {
      const provider = assumeRole({
        source,
        roleArn,
        roleSessionName: 'night',
        endpoint: cloud.endpoints.sts,
        env: {},
      });
      const { sts20150401 } = officialClients(provider, host(cloud.endpoints.sts));
      const identity = (await sts20150401!()) as { body: { arn: string } };
      expect(identity.body.arn).toBe(`acs:ram::${account}:assumed-role/reader/night`);
    }
  });

  test('a role that may not be assumed says so, with the code and request id of STS', async () => {
    const roleArn = `acs:ram::${account}:role/pod`;
    const provider = assumeRole({ source: operator, roleArn, endpoint: cloud.endpoints.sts, env: {} });
    await expect(provider.getCredentials()).rejects.toMatchObject({
      code: 'AssumeRoleFailed',
      status: 403,
      stsCode: expect.stringContaining('NoPermission'),
      requestId: expect.stringMatching(/^[0-9A-F-]{36}$/),
    });
  });

  test('a wrong AccessKey secret', async () => {
    const wrong = accessKey({ accessKeyId: 'LTAI5tOperator', accessKeySecret: 'wrong' });
    const roleArn = `acs:ram::${account}:role/reader`;
    const provider = assumeRole({ source: wrong, roleArn, endpoint: cloud.endpoints.sts, env: {} });
    await expect(provider.getCredentials()).rejects.toMatchObject({
      stsCode: 'SignatureDoesNotMatch',
      message: expect.stringContaining('does not belong to the AccessKey id'),
    });
  });

  test('oidcRole, with a token of a trusted issuer', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'oidc-'));
    const oidcTokenFile = join(folder, 'token');
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const seconds = Math.floor(Date.now() / 1_000);
    const claims = {
      iss: issuer.issuer,
      aud: issuer.clientIds[0],
      sub: 'system:serviceaccount:a:b',
      iat: seconds,
      exp: seconds + 600,
    };
    const signed = `${part({ alg: 'RS256', kid: 'k1', typ: 'JWT' })}.${part(claims)}`;
    const signature = sign('sha256', Buffer.from(signed), keys.privateKey).toString('base64url');
    await writeFile(oidcTokenFile, `${signed}.${signature}\n`);
    const provider = oidcRole({
      roleArn: `acs:ram::${account}:role/pod`,
      oidcProviderArn: `acs:ram::${account}:oidc-provider/${issuer.name}`,
      oidcTokenFile,
      endpoint: cloud.endpoints.sts,
      env: {},
    });
    const { sts20150401 } = officialClients(provider, host(cloud.endpoints.sts));
    const identity = (await sts20150401!()) as { body: { arn: string } };
    expect(identity.body.arn).toContain(':assumed-role/pod/');
    await rm(folder, { recursive: true });
  });
});
