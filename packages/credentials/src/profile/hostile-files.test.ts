import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CredentialsError } from '../errors.ts';
import { parseCliConfig, parseExternalOutput } from './cli-config.ts';
import { cliProfileSource } from './cli-profile-source.ts';
import { iniProfileSource } from './ini-profile-source.ts';

const settings = { file: 'the-file', env: {} };
const secret = 'h4sh-of-a-secret';

/** Whatever is in the file: a source, or an error of this package that does not repeat what it found. */
function readsOrRefuses(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(CredentialsError);
    expect((error as Error).message).not.toContain(secret);
  }
}

const modes = [
  'AK',
  'StsToken',
  'RamRoleArn',
  'EcsRamRole',
  'ChainableRamRoleArn',
  'External',
  'CredentialsURI',
  'OIDC',
  'CloudSSO',
  'OAuth',
  'RsaKeyPair',
];
const secretFields = ['access_key_secret', 'sts_token', 'access_token', 'oauth_access_token'];
const plainFields = [
  'access_key_id',
  'sts_expiration',
  'ram_role_arn',
  'ram_role_name',
  'ram_session_name',
  'expired_seconds',
  'source_profile',
  'credentials_uri',
  'oidc_provider_arn',
  'oidc_token_file',
  'cloud_sso_sign_in_url',
  'cloud_sso_account_id',
  'cloud_sso_access_config',
  'oauth_site_type',
  'enable_vpc',
  'process_command',
];
const anyPlain = fc.oneof(
  fc.constantFrom('default', 'acs:ram::1000000000000001:role/r', 'https://127.0.0.1/x', ''),
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const anySecret = fc.constantFrom(secret, '', { a: secret }, [secret]);
const anyProfile = fc
  .tuple(
    fc.record({ name: fc.constantFrom('default', 'other'), mode: fc.constantFrom(...modes) }),
    fc.dictionary(fc.constantFrom(...plainFields), anyPlain, { maxKeys: 16 }),
    fc.dictionary(fc.constantFrom(...secretFields), anySecret),
  )
  .map(([base, plain, secrets]) => ({ ...plain, ...secrets, ...base }));

test('a CLI configuration of any profiles', () => {
  fc.assert(
    fc.property(fc.array(anyProfile, { maxLength: 3 }), (profiles) =>
      readsOrRefuses(() =>
        cliProfileSource(parseCliConfig(JSON.stringify({ profiles }), 'f'), 'default', settings),
      ),
    ),
    { numRuns: 1_000 },
  );
});

test('a CLI configuration, or the output of a command, of any JSON or text', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.string().map((text) => `${text}${secret}`),
      ),
      (text) => {
        readsOrRefuses(() => cliProfileSource(parseCliConfig(text, 'f'), 'default', settings));
        readsOrRefuses(() => parseExternalOutput(text, 'default'));
      },
    ),
    { numRuns: 500 },
  );
});

const types = [
  'access_key',
  'sts',
  'ram_role_arn',
  'ecs_ram_role',
  'oidc_role_arn',
  'credentials_uri',
  'bearer',
  '__proto__',
];
const line = fc.oneof(
  fc.constantFrom(
    '[default]',
    '[__proto__]',
    'enable=false',
    'access_key_id = id',
    'role_arn=acs:ram::1:role/r',
    ...types.map((type) => `type = ${type}`),
  ),
  fc
    .constantFrom('access_key_id', 'access_key_secret', 'credentials_uri', 'constructor')
    .map((key) => `${key} = ${secret}`),
  fc.string(),
);

test('a credentials.ini of any lines', () => {
  fc.assert(
    fc.property(fc.array(line), fc.constantFrom('default', '__proto__', 'constructor'), (lines, name) =>
      readsOrRefuses(() => iniProfileSource(`[default]\n${lines.join('\n')}`, name, settings)),
    ),
    { numRuns: 1_000 },
  );
});
