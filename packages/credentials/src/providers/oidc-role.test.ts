import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type StsStub, startStsStub } from '../test-support/sts-stub.ts';
import { oidcRole } from './oidc-role.ts';

let sts: StsStub;
let folder: string;
let oidcTokenFile: string;
beforeEach(async () => {
  sts = await startStsStub();
  folder = await mkdtemp(join(tmpdir(), 'oidc-'));
  oidcTokenFile = join(folder, 'token');
  await writeFile(oidcTokenFile, 'first-token\n');
});
afterEach(async () => {
  await sts.close();
  await rm(folder, { recursive: true });
});

const roleArn = 'acs:ram::1000000000000001:role/pod';
const oidcProviderArn = 'acs:ram::1000000000000001:oidc-provider/ack-rrsa';

test('what RRSA sets in a pod is enough, and the token file is read again at every refresh', async () => {
  let now = Date.now();
  sts.now = () => now;
  const env = {
    ALIBABA_CLOUD_ROLE_ARN: roleArn,
    ALIBABA_CLOUD_OIDC_PROVIDER_ARN: oidcProviderArn,
    ALIBABA_CLOUD_OIDC_TOKEN_FILE: oidcTokenFile,
    ALIBABA_CLOUD_ROLE_SESSION_NAME: 'pod-1',
  };
  const provider = oidcRole({ env, endpoint: sts.endpoint, now: () => now });
  expect(await provider.getCredentials()).toMatchObject({
    accessKeyId: 'STS.role1',
    providerName: 'oidc_role_arn',
  });
  await writeFile(oidcTokenFile, 'second-token');
  now += 3_700_000;
  expect((await provider.getCredentials()).accessKeyId).toBe('STS.role2');
  const common = {
    RoleArn: roleArn,
    OIDCProviderArn: oidcProviderArn,
    RoleSessionName: 'pod-1',
    DurationSeconds: '3600',
  };
  expect(sts.requests).toEqual([
    { ...common, OIDCToken: 'first-token' },
    { ...common, OIDCToken: 'second-token' },
  ]);
  expect(sts.headers[0]?.authorization).toBeUndefined();
  expect(sts.headers[0]?.['x-acs-action']).toBe('AssumeRoleWithOIDC');
});

test('says which of the three is missing', async () => {
  await expect(oidcRole({ env: {}, roleArn }).getCredentials()).rejects.toMatchObject({
    code: 'ProviderNotConfigured',
    message:
      'oidcProviderArn (ALIBABA_CLOUD_OIDC_PROVIDER_ARN), oidcTokenFile (ALIBABA_CLOUD_OIDC_TOKEN_FILE) not set.',
  });
});

test('a token file that is not there, or empty', async () => {
  const options = { env: {}, roleArn, oidcProviderArn, endpoint: sts.endpoint };
  const missing = oidcRole({ ...options, oidcTokenFile: join(folder, 'nowhere') });
  await expect(missing.getCredentials()).rejects.toMatchObject({
    code: 'CredentialsFileUnreadable',
    systemCode: 'ENOENT',
  });
  await writeFile(oidcTokenFile, ' \n');
  await expect(oidcRole({ ...options, oidcTokenFile }).getCredentials()).rejects.toThrow(/is empty/);
});
