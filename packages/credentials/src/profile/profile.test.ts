import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CredentialsEvent } from '../events.ts';
import { freshCredentials } from '../freshness/fresh-credentials.ts';
import {
  type CountingMetadataService,
  startCountingMetadataService,
} from '../test-support/counting-metadata-service.ts';
import { type JsonService, startJsonService } from '../test-support/json-service.ts';
import { type StsStub, startStsStub } from '../test-support/sts-stub.ts';
import { externalCommandSource } from './external-command.ts';
import { oauthSource } from './oauth.ts';
import { type ProfileOptions, profile } from './profile.ts';

const roleArn = 'acs:ram::1000000000000001:role/reader';
const ak = {
  mode: 'AK',
  access_key_id: 'id',
  access_key_secret: 'secret',
  region_id: 'cn-hangzhou',
  sts_token: '',
};
const inAnHour = () => Math.floor(Date.now() / 1_000) + 3_600;

let folder: string;
let cliConfigFile: string;
let credentialsFile: string;
let sts: StsStub;
let imds: CountingMetadataService;
let service: JsonService;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'profile-'));
  cliConfigFile = join(folder, 'config.json');
  credentialsFile = join(folder, 'credentials.ini');
  imds = await startCountingMetadataService();
  sts = await startStsStub({
    get: (id) =>
      id === 'id' ? { secret: 'secret', token: '' } : (imds.issued.get(id) ?? sts.issued.get(id)),
  });
  service = await startJsonService({});
});
afterEach(async () => {
  await Promise.all([imds.close(), sts.close(), service.close(), rm(folder, { recursive: true })]);
});

function open(
  options: ProfileOptions & { onEvent?: (event: CredentialsEvent) => void; now?: () => number } = {},
) {
  const endpoints = { stsEndpoint: sts.endpoint, imdsEndpoint: imds.endpoint };
  return profile({ cliConfigFile, credentialsFile, env: {}, ...endpoints, ...options });
}

async function writeCli(profiles: readonly object[], current?: string) {
  await writeFile(cliConfigFile, JSON.stringify({ current, profiles, meta_path: '' }), { mode: 0o600 });
}

async function writeIni(text: string) {
  await writeFile(credentialsFile, text, { mode: 0o600 });
}

describe('the official CLI: each mode it writes', () => {
  test('AK, the current profile', async () => {
    await writeCli(
      [
        { name: 'other', ...ak, access_key_id: 'x' },
        { name: 'mine', ...ak },
      ],
      'mine',
    );
    expect(await open().getCredentials()).toEqual({
      accessKeyId: 'id',
      accessKeySecret: 'secret',
      providerName: 'cli_profile/static_ak',
    });
  });

  test('a profile by option, or by ALIBABA_CLOUD_PROFILE', async () => {
    await writeCli(
      [
        { name: 'other', ...ak, access_key_id: 'x' },
        { name: 'mine', ...ak },
      ],
      'mine',
    );
    expect((await open({ profileName: 'other' }).getCredentials()).accessKeyId).toBe('x');
    expect((await open({ env: { ALIBABA_CLOUD_PROFILE: 'other' } }).getCredentials()).accessKeyId).toBe('x');
  });

  test('StsToken', async () => {
    const expires = inAnHour();
    await writeCli([
      { name: 'default', ...ak, mode: 'StsToken', sts_token: 'token', sts_expiration: expires },
    ]);
    expect(await open().getCredentials()).toEqual({
      accessKeyId: 'id',
      accessKeySecret: 'secret',
      securityToken: 'token',
      expiration: new Date(expires * 1_000),
      providerName: 'cli_profile/static_sts',
    });
  });

  test('RamRoleArn', async () => {
    const role = {
      ram_role_arn: roleArn,
      ram_session_name: 'laptop',
      expired_seconds: 900,
      external_id: 'partner',
    };
    await writeCli([{ name: 'default', ...ak, mode: 'RamRoleArn', ...role }]);
    expect(await open().getCredentials()).toMatchObject({
      accessKeyId: 'STS.role1',
      providerName: 'cli_profile/ram_role_arn/static_ak',
    });
    expect(sts.requests).toEqual([
      { RoleArn: roleArn, RoleSessionName: 'laptop', DurationSeconds: '900', ExternalId: 'partner' },
    ]);
  });

  test('EcsRamRole', async () => {
    await writeCli([{ name: 'default', mode: 'EcsRamRole', ram_role_name: 'EcsRamRoleTest' }]);
    expect((await open().getCredentials()).providerName).toBe('cli_profile/ecs_ram_role');
    expect(imds.requests).toEqual(['PUT token', 'GET credentials']);
  });

  test('RamRoleArnWithRoleName', async () => {
    await writeCli([
      { name: 'default', mode: 'RamRoleArnWithRoleName', ram_role_arn: roleArn, ram_session_name: 's1' },
    ]);
    expect((await open().getCredentials()).providerName).toBe('cli_profile/ram_role_arn/ecs_ram_role');
  });

  test('ChainableRamRoleArn, over any other profile', async () => {
    await writeCli(
      [
        { name: 'base', ...ak },
        { name: 'middle', mode: 'ChainableRamRoleArn', source_profile: 'base', ram_role_arn: roleArn },
        { name: 'top', mode: 'ChainableRamRoleArn', source_profile: 'middle', ram_role_arn: `${roleArn}2` },
      ],
      'top',
    );
    expect((await open().getCredentials()).providerName).toBe(
      'cli_profile/ram_role_arn/ram_role_arn/static_ak',
    );
    expect(sts.requests.map(({ RoleArn }) => RoleArn)).toEqual([roleArn, `${roleArn}2`]);
  });

  test('a circle of source profiles', async () => {
    const chained = { mode: 'ChainableRamRoleArn', ram_role_arn: roleArn };
    await writeCli([
      { name: 'default', ...chained, source_profile: 'b' },
      { name: 'b', ...chained, source_profile: 'default' },
    ]);
    await expect(open().getCredentials()).rejects.toThrow(/default > b > default/);
  });

  test('External', async () => {
    const script = join(folder, 'my tool.mjs');
    await writeFile(
      script,
      `console.log(JSON.stringify({ mode: 'StsToken', access_key_id: process.argv[2], access_key_secret: 's',
        sts_token: process.argv[3], expiration: '2999-01-01T00:00:00Z' }))`,
    );
    const command = `"${process.execPath}" '${script}' first "second word"`;
    await writeCli([{ name: 'default', mode: 'External', process_command: command }]);
    expect(await open().getCredentials()).toEqual({
      accessKeyId: 'first',
      accessKeySecret: 's',
      securityToken: 'second word',
      expiration: new Date('2999-01-01'),
      providerName: 'cli_profile/external',
    });
  });

  test.each([
    ['process.exit(3)', 'ExternalCommandFailed', /exit code 3/],
    ["console.log('no json: hush')", 'MalformedResponse', /expected JSON/],
    ["console.log('{}')", 'MalformedResponse', /\$\.access_key_id/],
    ["console.error('hush'); process.exit(1)", 'ExternalCommandFailed', /exit code 1/],
    ["console.log('x'.repeat(100000))", 'ExternalCommandFailed', /more than 65536 bytes/],
  ])('External, with a command that does %s', async (code, expected, message) => {
    const script = join(folder, 'tool.mjs');
    await writeFile(script, code);
    await writeCli([{ name: 'default', mode: 'External', process_command: `${process.execPath} ${script}` }]);
    const error: unknown = await profile({ cliConfigFile, credentialsFile, env: {}, maxAttempts: 1 })
      .getCredentials()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: expected, message: expect.stringMatching(message) });
    expect(inspect(error, { depth: 9 })).not.toContain('hush');
  });

  test('External, with a command that will not end when it is asked to', async () => {
    const script = join(folder, 'stubborn.mjs');
    const begun = join(folder, 'begun');
    await writeFile(
      script,
      `import { writeFileSync } from 'node:fs';
      process.on('SIGTERM', () => undefined);
      writeFileSync(${JSON.stringify(begun)}, '');
      setInterval(() => undefined, 1_000);`,
    );
    const command = `${process.execPath} ${script}`;
    const source = externalCommandSource({ profileName: 'default', command, env: {}, timeoutMs: 2_000 });
    await expect(freshCredentials(source, { maxAttempts: 1 }).getCredentials()).rejects.toMatchObject({
      code: 'ExternalCommandFailed',
      message: expect.stringMatching(/did not end within 2 seconds/),
    });
    // Otherwise the signal met a process that did not handle it yet.
    await access(begun);
  });

  test('External, with a command that does not exist or is not closed', async () => {
    await writeCli([
      { name: 'default', mode: 'External', process_command: join(folder, 'nowhere') },
      { name: 'open', mode: 'External', process_command: '"half' },
    ]);
    const options = { cliConfigFile, credentialsFile, env: {}, maxAttempts: 1 };
    await expect(profile(options).getCredentials()).rejects.toThrow(/could not be run \(ENOENT\)/);
    await expect(profile({ ...options, profileName: 'open' }).getCredentials()).rejects.toThrow(/not closed/);
  });

  test('CredentialsURI', async () => {
    service.answer = {
      json: { Code: 'Success', AccessKeyId: 'u', AccessKeySecret: 's', SecurityToken: 't' },
    };
    await writeCli([{ name: 'default', mode: 'CredentialsURI', credentials_uri: service.endpoint }]);
    expect(await open().getCredentials()).toMatchObject({
      accessKeyId: 'u',
      providerName: 'cli_profile/credential_uri',
    });
  });

  test('OIDC', async () => {
    const token = join(folder, 'token');
    await writeFile(token, 'oidc-token');
    const oidc = { oidc_provider_arn: 'acs:ram::1:oidc-provider/p', oidc_token_file: token };
    await writeCli([
      { name: 'default', mode: 'OIDC', ram_role_arn: roleArn, ram_session_name: 'pod', ...oidc },
    ]);
    expect((await open().getCredentials()).providerName).toBe('cli_profile/oidc_role_arn');
    expect(sts.requests[0]).toMatchObject({ OIDCToken: 'oidc-token', RoleSessionName: 'pod' });
  });

  describe('CloudSSO', () => {
    const profileOf = (overrides: object = {}) => ({
      name: 'default',
      mode: 'CloudSSO',
      cloud_sso_sign_in_url: `${service.endpoint}/start/login`,
      cloud_sso_account_id: '1000000000000001',
      cloud_sso_access_config: 'ac-1',
      access_token: 'person-token',
      cloud_sso_access_token_expire: inAnHour(),
      ...overrides,
    });
    const CloudCredential = {
      AccessKeyId: 'STS.sso',
      AccessKeySecret: 's',
      SecurityToken: 't',
      Expiration: '2999-01-01T00:00:00Z',
    };

    test('trades the access token for credentials of the account and configuration', async () => {
      service.answer = { json: { CloudCredential, RequestId: 'r' } };
      await writeCli([profileOf()]);
      expect(await open().getCredentials()).toMatchObject({
        accessKeyId: 'STS.sso',
        providerName: 'cli_profile/cloud_sso',
      });
      expect(service.requests).toMatchObject([
        {
          method: 'POST',
          url: '/cloud-credentials',
          headers: { authorization: 'Bearer person-token', 'content-type': 'application/json' },
          body: '{"AccountId":"1000000000000001","AccessConfigurationId":"ac-1"}',
        },
      ]);
    });

    test('a session that is over says how to sign in, and the next sign-in is picked up', async () => {
      service.answer = { json: { CloudCredential } };
      await writeCli([profileOf({ cloud_sso_access_token_expire: 1 })]);
      const provider = open();
      await expect(provider.getCredentials()).rejects.toMatchObject({
        code: 'SignInRequired',
        message: expect.stringContaining('aliyun configure --profile default --mode CloudSSO'),
      });
      await writeCli([profileOf()]);
      expect((await provider.getCredentials()).accessKeyId).toBe('STS.sso');
    });

    test('a session that is refused', async () => {
      service.answer = { status: 401, json: { ErrorCode: 'InvalidToken' } };
      await writeCli([profileOf()]);
      await expect(open().getCredentials()).rejects.toMatchObject({ code: 'SignInRequired' });
    });

    test('the token is never sent in clear text over a network', async () => {
      await writeCli([profileOf({ cloud_sso_sign_in_url: 'http://signin.example.com/start' })]);
      await expect(open().getCredentials()).rejects.toThrow(/must be https/);
    });
  });

  test('OAuth, while its access token lasts', async () => {
    service.answer = {
      json: {
        accessKeyId: 'STS.o',
        accessKeySecret: 's',
        securityToken: 't',
        expiration: '2999-01-01T00:00:00Z',
      },
    };
    const person = {
      profileName: 'me',
      site: 'CN',
      accessToken: 'person-token',
      accessTokenExpiresAt: inAnHour(),
    };
    const provider = freshCredentials(oauthSource(person, service.endpoint));
    expect(await provider.getCredentials()).toMatchObject({ accessKeyId: 'STS.o', providerName: 'oauth' });
    expect(service.requests).toMatchObject([
      { method: 'POST', url: '/v1/exchange', headers: { authorization: 'Bearer person-token' } },
    ]);
    await writeCli([{ name: 'default', mode: 'OAuth', oauth_site_type: 'CN', oauth_access_token_expire: 1 }]);
    await expect(open().getCredentials()).rejects.toMatchObject({ code: 'SignInRequired' });
  });

  test.each([
    [
      { mode: 'RamRoleArn', access_key_id: 'a', access_key_secret: 'hush' },
      /mode RamRoleArn and needs ram_role_arn/,
    ],
    [{ mode: 'AK', access_key_id: 'a' }, /mode AK and needs access_key_secret/],
    [{ mode: 'RsaKeyPair', private_key: 'hush' }, /RsaKeyPair, which is not supported/],
  ])('%o lacks something', async (fields, message) => {
    await writeCli([{ name: 'default', ...fields }]);
    const error: unknown = await open()
      .getCredentials()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'InvalidConfiguration', message: expect.stringMatching(message) });
    expect(inspect(error, { depth: 9 })).not.toContain('hush');
  });

  test('a file that is no configuration names the path and shows nothing of it', async () => {
    await writeFile(
      cliConfigFile,
      '{"profiles":[{"name":"default","mode":"AK","access_key_secret":{"hush":1}}]}',
      {
        mode: 0o600,
      },
    );
    const error: unknown = await open()
      .getCredentials()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'MalformedResponse', path: '$.profiles[0].access_key_secret' });
    expect(inspect(error, { depth: 9 })).not.toContain('hush');
  });
});

describe('credentials.ini', () => {
  test.each([
    ['type = access_key\naccess_key_id = id\naccess_key_secret = secret', 'profile/static_ak'],
    ['type=sts\naccess_key_id=id\naccess_key_secret=secret\nsecurity_token=t', 'profile/static_sts'],
    [
      `type=ram_role_arn\naccess_key_id=id\naccess_key_secret=secret\nrole_arn=${roleArn}\nrole_session_name=me`,
      'profile/ram_role_arn/static_ak',
    ],
    ['type=ecs_ram_role\nrole_name=EcsRamRoleTest', 'profile/ecs_ram_role'],
  ])('%s', async (section, providerName) => {
    await writeIni(`; a comment\n[other]\ntype=none\n[default]\nenable = true\n${section}\n`);
    expect((await open().getCredentials()).providerName).toBe(providerName);
  });

  test('is found by ALIBABA_CLOUD_CREDENTIALS_FILE, its section by ALIBABA_CLOUD_PROFILE', async () => {
    await writeIni('[work]\ntype=access_key\naccess_key_id=id\naccess_key_secret=secret\n');
    const env = { ALIBABA_CLOUD_CREDENTIALS_FILE: credentialsFile, ALIBABA_CLOUD_PROFILE: 'work' };
    expect((await profile({ cliConfigFile, env }).getCredentials()).accessKeyId).toBe('id');
  });

  test.each([
    ['[default]\ntype=rsa_key_pair', /type rsa_key_pair, which is not supported/],
    ['[default]\naccess_key_id=id', /has no type/],
    ['[default]\ntype=access_key\naccess_key_id=id', /needs access_key_secret/],
  ])('%j is refused', async (text, message) => {
    await writeIni(text);
    await expect(open().getCredentials()).rejects.toThrow(message);
  });

  test.each(['[other]\ntype=access_key', '[default]\nenable=false\ntype=access_key', ''])(
    '%j has no such profile',
    async (text) => {
      await writeIni(text);
      await expect(open().getCredentials()).rejects.toMatchObject({ code: 'ProviderNotConfigured' });
    },
  );
});

test('a section with a dot in its name', async () => {
  await writeIni('[prod.eu]\ntype = access_key\naccess_key_id = id\naccess_key_secret = secret\n');
  expect(await open({ profileName: 'prod.eu' }).getCredentials()).toMatchObject({ accessKeyId: 'id' });
  await expect(open({ profileName: 'prod.us' }).getCredentials()).rejects.toMatchObject({
    code: 'ProviderNotConfigured',
  });
});

test('files that an editor on Windows saved with a byte order mark', async () => {
  await writeIni(
    '\uFEFF[default]\r\ntype = access_key\r\naccess_key_id = id\r\naccess_key_secret = secret\r\n',
  );
  expect(await open().getCredentials()).toMatchObject({ accessKeyId: 'id', accessKeySecret: 'secret' });
  await writeFile(cliConfigFile, `\uFEFF${JSON.stringify({ profiles: [{ name: 'default', ...ak }] })}`, {
    mode: 0o600,
  });
  expect(await open().getCredentials()).toMatchObject({ providerName: 'cli_profile/static_ak' });
});

test('neither file: both are named', async () => {
  await expect(open().getCredentials()).rejects.toMatchObject({
    code: 'ProviderNotConfigured',
    message: `There is no ${cliConfigFile}. There is no ${credentialsFile}.`,
  });
});

test('a key that is replaced in the file is picked up within a quarter of an hour', async () => {
  let now = Date.now();
  await writeCli([{ name: 'default', ...ak }]);
  const provider = open({ now: () => now });
  await provider.getCredentials();
  await writeCli([{ name: 'default', ...ak, access_key_id: 'replaced' }]);
  now += 15 * 60_000;
  await provider.getCredentials();
  await expect.poll(async () => (await provider.getCredentials()).accessKeyId).toBe('replaced');
});

describe.skipIf(process.platform === 'win32')('permissions', () => {
  test('a file that others can read is warned about, once', async () => {
    let now = Date.now();
    await writeCli([
      { name: 'default', ...ak, mode: 'StsToken', sts_token: 't', sts_expiration: inAnHour() },
    ]);
    await chmod(cliConfigFile, 0o644);
    const warnings: CredentialsEvent[] = [];
    const onEvent = (event: CredentialsEvent) => event.type === 'warning' && warnings.push(event);
    const provider = open({ onEvent, now: () => now });
    await provider.getCredentials();
    now += 59 * 60_000;
    await provider.getCredentials();
    expect(warnings).toEqual([
      {
        type: 'warning',
        providerName: 'cli_profile',
        code: 'CredentialsFileExposed',
        message: expect.stringContaining(`(mode 644). Run: chmod 600 ${cliConfigFile}`),
      },
    ]);
  });

  test('a file of its owner alone is not', async () => {
    await writeCli([{ name: 'default', ...ak }]);
    const events: CredentialsEvent[] = [];
    await open({ onEvent: (event) => events.push(event) }).getCredentials();
    expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
  });

  test('a file that may not be read is an error that says whose matter it is', async () => {
    await writeCli([{ name: 'default', ...ak }]);
    await chmod(cliConfigFile, 0o000);
    // The superuser may read everything: step down for the reading.
    const nobody = 65_534;
    const isSuperuser = process.geteuid?.() === 0;
    if (isSuperuser) process.seteuid?.(nobody);
    try {
      await expect(open().getCredentials()).rejects.toMatchObject({
        code: 'CredentialsFileUnreadable',
        systemCode: 'EACCES',
        file: cliConfigFile,
      });
    } finally {
      if (isSuperuser) process.seteuid?.(0);
    }
  });

  test('a folder in place of the file', async () => {
    await expect(open({ cliConfigFile: folder }).getCredentials()).rejects.toMatchObject({
      code: 'CredentialsFileUnreadable',
      systemCode: 'EISDIR',
    });
  });
});
