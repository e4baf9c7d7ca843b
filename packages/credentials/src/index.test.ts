import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, expectTypeOf, test } from 'vitest';
import {
  type AlicloudCredential,
  type Credentials,
  CredentialsError,
  type CredentialsEvent,
  type CredentialsProvider,
  credentialsChannelName,
  custom,
  type DefaultChainOptions,
  defaultChain,
  type EcsRamRoleOptions,
  ecsRamRole,
  profile,
  toAlicloudCredential,
} from './index.ts';

test('the public types', () => {
  expectTypeOf(ecsRamRole).parameter(0).toEqualTypeOf<EcsRamRoleOptions | undefined>();
  expectTypeOf(ecsRamRole()).toEqualTypeOf<CredentialsProvider>();
  expectTypeOf(defaultChain).parameter(0).toEqualTypeOf<DefaultChainOptions | undefined>();
  expectTypeOf<CredentialsProvider['getCredentials']>().returns.resolves.toEqualTypeOf<Credentials>();
  expectTypeOf<Credentials>().toHaveProperty('securityToken').toEqualTypeOf<string | undefined>();
  expectTypeOf<{ getCredentials(): Promise<Credentials> }>().toExtend<CredentialsProvider>();
  expectTypeOf(toAlicloudCredential).returns.toEqualTypeOf<AlicloudCredential>();
  expectTypeOf<CredentialsEvent['type']>().toEqualTypeOf<
    'refresh-started' | 'refresh-succeeded' | 'refresh-failed' | 'warning'
  >();
  // @ts-expect-error a snapshot is never written to
  const write = (credentials: Credentials) => (credentials.accessKeyId = 'other');
  expect(write).toBeTypeOf('function');
});

test('every event goes to the diagnostics channel, and none holds a secret', async () => {
  const published: unknown[] = [];
  const subscriber = (message: unknown) => published.push(message);
  channel(credentialsChannelName).subscribe(subscriber);
  const get = async () => ({
    accessKeyId: 'hush-id',
    accessKeySecret: 'hush-secret',
    securityToken: 'hush-token',
  });
  await custom(get).getCredentials();
  const failing = custom(async () => Promise.reject(new Error('hush-message')), { providerName: 'mine' });
  await expect(failing.getCredentials()).rejects.toThrow('hush-message');
  channel(credentialsChannelName).unsubscribe(subscriber);
  expect(published).toMatchObject([
    { type: 'refresh-started', providerName: 'custom', reason: 'initial' },
    { type: 'refresh-succeeded', providerName: 'custom', reason: 'initial' },
    { type: 'refresh-started', providerName: 'mine', reason: 'initial' },
    { type: 'refresh-failed', providerName: 'mine', code: 'Unknown', callersAffected: true },
  ]);
  expect(JSON.stringify(published)).not.toContain('hush');
});

test('errors share one base', async () => {
  const error: unknown = await ecsRamRole({ env: { ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true' } })
    .getCredentials()
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CredentialsError);
  expect(error).toMatchObject({ name: 'ProviderNotConfiguredError', retryable: false });
});

test('a warning that nobody listens to is printed by Node.js', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'warning-'));
  const credentialsFile = join(folder, 'credentials.ini');
  await writeFile(credentialsFile, '[default]\ntype=access_key\naccess_key_id=i\naccess_key_secret=hush\n', {
    mode: 0o644,
  });
  const warned = once(process, 'warning');
  await profile({ cliConfigFile: join(folder, 'none'), credentialsFile, env: {} }).getCredentials();
  const [warning] = await warned;
  expect(warning).toMatchObject({ name: 'CredentialsWarning', code: 'CredentialsFileExposed' });
  expect(warning.message).toContain(`chmod 600 ${credentialsFile}`);
  await rm(folder, { recursive: true });
});
