import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CredentialsProvider } from '../credentials.ts';
import { NoCredentialsError, ProviderNotConfiguredError } from '../errors.ts';
import type { CredentialsEvent } from '../events.ts';
import {
  type CountingMetadataService,
  startCountingMetadataService,
} from '../test-support/counting-metadata-service.ts';
import { type JsonService, startJsonService } from '../test-support/json-service.ts';
import { type StsStub, startStsStub } from '../test-support/sts-stub.ts';
import { accessKey } from './access-key.ts';
import { chain } from './chain.ts';
import { defaultChain } from './default-chain.ts';

const key = (id: string) => accessKey({ accessKeyId: id, accessKeySecret: 's' });
const failing = (providerName: string, error: unknown): CredentialsProvider => ({
  providerName,
  getCredentials: () => Promise.reject(error),
});

describe('chain', () => {
  test('answers with the first that does', async () => {
    const provider = chain(failing('a', new ProviderNotConfiguredError('nothing here')), key('b'), key('c'));
    expect(await provider.getCredentials()).toMatchObject({ accessKeyId: 'b', providerName: 'static_ak' });
  });

  test('asks each once for concurrent callers', async () => {
    let asked = 0;
    const slow: CredentialsProvider = {
      getCredentials: async () => {
        asked += 1;
        await new Promise(setImmediate);
        throw new ProviderNotConfiguredError('nothing here');
      },
    };
    const provider = chain(slow, key('b'));
    await Promise.all(Array.from({ length: 100 }, () => provider.getCredentials()));
    expect(asked).toBe(1);
  });

  test('stays with the one that answered: its later failure is an error, not another identity', async () => {
    let up = true;
    const first: CredentialsProvider = {
      getCredentials: async () => {
        if (!up) throw new Error('gone');
        return key('first').getCredentials();
      },
    };
    const provider = chain(first, key('second'));
    await provider.getCredentials();
    up = false;
    await expect(provider.getCredentials()).rejects.toThrow('gone');
  });

  test('lists everyone with the reason when none answers, and asks again next time', async () => {
    let second: CredentialsProvider = failing('second', new Error('foreign text with hidden-token'));
    const provider = chain(failing('first', new ProviderNotConfiguredError('X is not set.')), {
      providerName: 'second',
      getCredentials: () => second.getCredentials(),
    });
    const error: unknown = await provider.getCredentials().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'NoCredentials',
      failures: [
        { providerName: 'first', code: 'ProviderNotConfigured', reason: 'X is not set.' },
        { providerName: 'second', code: 'Unknown', reason: 'it failed with Error' },
      ],
      message:
        'No credentials provider answered:\n  - first: X is not set.\n  - second: it failed with Error',
    });
    expect(inspect(error, { depth: 9 })).not.toContain('hidden-token');
    second = key('late');
    expect(await provider.getCredentials()).toMatchObject({ accessKeyId: 'late' });
  });

  test('closes them all', async () => {
    let closed = 0;
    const closable = { ...key('a'), close: () => (closed += 1) };
    const provider = chain(closable, closable);
    await provider.getCredentials();
    provider.close?.();
    expect(closed).toBe(2);
    await expect(provider.getCredentials()).rejects.toMatchObject({ code: 'ProviderClosed' });
  });

  test('passes a report of a refused credential on to the one that answered', async () => {
    const reported: unknown[] = [];
    const answering = { ...key('a'), reportRejected: (credentials: unknown) => reported.push(credentials) };
    const provider = chain(answering);
    const credentials = await provider.getCredentials();
    provider.reportRejected?.(credentials);
    expect(reported).toEqual([credentials]);
  });
});

describe('defaultChain', () => {
  let folder: string;
  let imds: CountingMetadataService;
  let sts: StsStub;
  let uri: JsonService;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chain-'));
    imds = await startCountingMetadataService();
    sts = await startStsStub();
    uri = await startJsonService({ AccessKeyId: 'STS.uri', AccessKeySecret: 's', SecurityToken: 't' });
  });
  afterEach(async () => {
    await Promise.all([imds.close(), sts.close(), uri.close(), rm(folder, { recursive: true })]);
  });

  test('asks in the official order', async () => {
    const token = join(folder, 'token');
    const cliConfigFile = join(folder, 'config.json');
    const credentialsFile = join(folder, 'credentials.ini');
    await writeFile(token, 'oidc');
    const ak = { name: 'p', mode: 'AK', access_key_id: 'cli', access_key_secret: 's' };
    await writeFile(cliConfigFile, JSON.stringify({ current: 'p', profiles: [ak] }), { mode: 0o600 });
    await writeFile(credentialsFile, '[default]\ntype=access_key\naccess_key_id=ini\naccess_key_secret=s\n', {
      mode: 0o600,
    });
    const env: Record<string, string | undefined> = {
      ALIBABA_CLOUD_ACCESS_KEY_ID: 'env',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: 's',
      ALIBABA_CLOUD_ROLE_ARN: 'acs:ram::1:role/r',
      ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'acs:ram::1:oidc-provider/p',
      ALIBABA_CLOUD_OIDC_TOKEN_FILE: token,
      ALIBABA_CLOUD_CREDENTIALS_URI: uri.endpoint,
    };
    const options = {
      cliConfigFile,
      credentialsFile,
      stsEndpoint: sts.endpoint,
      imdsEndpoint: imds.endpoint,
    };
    const answeredBy = async () => (await defaultChain({ ...options, env }).getCredentials()).providerName;

    expect(await answeredBy()).toBe('default/env');
    delete env.ALIBABA_CLOUD_ACCESS_KEY_ID;
    expect(await answeredBy()).toBe('default/oidc_role_arn');
    delete env.ALIBABA_CLOUD_ROLE_ARN;
    expect(await answeredBy()).toBe('default/cli_profile/static_ak');
    env.ALIBABA_CLOUD_CLI_PROFILE_DISABLED = 'true';
    expect(await answeredBy()).toBe('default/profile/static_ak');
    await rm(credentialsFile);
    expect(await answeredBy()).toBe('default/ecs_ram_role');
    env.ALIBABA_CLOUD_ECS_METADATA_DISABLED = 'true';
    expect(await answeredBy()).toBe('default/credential_uri');
    delete env.ALIBABA_CLOUD_CREDENTIALS_URI;
    const error = await answeredBy().catch((thrown: unknown) => thrown);
    if (!(error instanceof NoCredentialsError)) throw error;
    expect(error.failures.map(({ providerName, code }) => `${providerName}: ${code}`)).toEqual(
      ['env', 'oidc_role_arn', 'cli_profile', 'profile', 'ecs_ram_role', 'credential_uri'].map(
        (name) => `${name}: ProviderNotConfigured`,
      ),
    );
  });

  test('a variable that makes no sense is the matter of its provider alone', async () => {
    const env: Record<string, string> = {
      ALIBABA_CLOUD_ROLE_ARN: 'no-arn',
      ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'acs:ram::1:oidc-provider/p',
      ALIBABA_CLOUD_OIDC_TOKEN_FILE: join(folder, 'token'),
      ALIBABA_CLOUD_CREDENTIALS_URI: 'file:///x',
      ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true',
      ALIBABA_CLOUD_CLI_PROFILE_DISABLED: 'true',
    };
    const options = { env, credentialsFile: join(folder, 'none'), onEvent: () => undefined };
    await expect(defaultChain(options).getCredentials()).rejects.toMatchObject({
      failures: expect.arrayContaining([
        {
          providerName: 'oidc_role_arn',
          code: 'InvalidConfiguration',
          reason: expect.stringContaining('no-arn'),
        },
        { providerName: 'credential_uri', code: 'InvalidConfiguration', reason: expect.any(String) },
      ]),
    });
    Object.assign(env, { ALIBABA_CLOUD_ACCESS_KEY_ID: 'id', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 's' });
    expect((await defaultChain(options).getCredentials()).accessKeyId).toBe('id');
  });

  test('one snapshot stays one object, and an event tells whom the chain passed over', async () => {
    const events: CredentialsEvent[] = [];
    const cliConfigFile = join(folder, 'config.json');
    await writeFile(cliConfigFile, '{"profiles":7}', { mode: 0o600 });
    const provider = defaultChain({
      env: {},
      cliConfigFile,
      credentialsFile: join(folder, 'none'),
      imdsEndpoint: imds.endpoint,
      onEvent: (event) => events.push(event),
      maxAttempts: 1,
    });
    const first = await provider.getCredentials();
    expect(first.providerName).toBe('default/ecs_ram_role');
    expect(await provider.getCredentials()).toBe(first);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'warning',
        code: 'MalformedResponse',
        message: expect.stringContaining('$.profiles'),
      }),
    );
  });
});
