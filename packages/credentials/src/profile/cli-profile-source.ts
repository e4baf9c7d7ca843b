import { snapshotOf } from '../credentials.ts';
import { InvalidConfigurationError, ProviderNotConfiguredError } from '../errors.ts';
import type { CredentialsSource, FetchContext } from '../freshness/fresh-credentials.ts';
import { assumeRoleSource } from '../providers/assume-role.ts';
import { credentialsUriSource } from '../providers/credentials-uri.ts';
import { ecsRamRoleSource } from '../providers/ecs-ram-role.ts';
import type { EnvironmentVariables } from '../providers/environment-variables.ts';
import { oidcRoleSource } from '../providers/oidc-role.ts';
import type { CliConfig, CliProfile } from './cli-config.ts';
import { cloudSsoSource } from './cloud-sso.ts';
import { externalCommandSource } from './external-command.ts';
import { oauthSource } from './oauth.ts';

export interface ProfileSettings {
  readonly file: string;
  readonly env: EnvironmentVariables;
  readonly stsEndpoint?: string | undefined;
  readonly imdsEndpoint?: string | undefined;
}

/**
 * Where the credentials of a CLI profile come from.
 * @param chained profiles that led here by their `source_profile`
 * @throws ProviderNotConfiguredError when there is no such profile, InvalidConfigurationError when it lacks what its mode needs
 */
export function cliProfileSource(
  config: CliConfig,
  name: string,
  settings: ProfileSettings,
  chained: readonly string[] = [],
): CredentialsSource {
  const { file, env, imdsEndpoint } = settings;
  const profile = config.profiles.find((candidate) => candidate.name === name);
  if (profile === undefined) {
    const message = `There is no profile ${name} in ${file}.`;
    throw chained.length === 0
      ? new ProviderNotConfiguredError(message)
      : new InvalidConfigurationError(message);
  }
  if (chained.includes(name)) {
    throw new InvalidConfigurationError(
      `${file}: source_profile runs in a circle: ${[...chained, name].join(' > ')}.`,
    );
  }
  const needed = (field: keyof CliProfile): string => {
    const value = profile[field];
    if (typeof value === 'string' && value !== '') return value;
    throw new InvalidConfigurationError(
      `${file}: profile ${name} has mode ${profile.mode} and needs ${field}.`,
    );
  };
  const optional = (field: keyof CliProfile): string | undefined => {
    const value = profile[field];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const role = () => ({
    roleArn: needed('ram_role_arn'),
    roleSessionName: optional('ram_session_name'),
    durationSeconds: profile.expired_seconds || undefined,
    policy: optional('policy'),
    ...sts(),
  });
  const sts = () => ({
    region: optional('sts_region'),
    endpoint: settings.stsEndpoint ?? optional('sts_endpoint'),
    vpc: profile.enable_vpc ?? undefined,
    env,
  });
  const instanceRole = () =>
    ecsRamRoleSource({ roleName: optional('ram_role_name'), endpoint: imdsEndpoint, env });

  switch (profile.mode) {
    case 'AK':
      return keptSource(needed('access_key_id'), needed('access_key_secret'), undefined);
    case 'StsToken':
      return keptSource(
        needed('access_key_id'),
        needed('access_key_secret'),
        needed('sts_token'),
        profile.sts_expiration ?? undefined,
      );
    case 'RamRoleArn': {
      const kept = keptSource(needed('access_key_id'), needed('access_key_secret'), optional('sts_token'));
      return assumedBy(kept, { ...role(), externalId: optional('external_id') });
    }
    case 'EcsRamRole':
      return instanceRole();
    case 'RamRoleArnWithRoleName':
      return assumedBy(instanceRole(), { ...role(), externalId: optional('external_id') });
    case 'ChainableRamRoleArn': {
      const source = cliProfileSource(config, needed('source_profile'), settings, [...chained, name]);
      return assumedBy(source, { ...role(), externalId: optional('external_id') });
    }
    case 'External':
      return externalCommandSource({ profileName: name, command: needed('process_command'), env });
    case 'CredentialsURI':
      return credentialsUriSource({ uri: optional('credentials_uri'), env });
    case 'OIDC':
      return oidcRoleSource({
        ...role(),
        oidcProviderArn: needed('oidc_provider_arn'),
        oidcTokenFile: needed('oidc_token_file'),
      });
    case 'CloudSSO':
      return cloudSsoSource({
        profileName: name,
        signInUrl: needed('cloud_sso_sign_in_url'),
        accountId: needed('cloud_sso_account_id'),
        accessConfiguration: needed('cloud_sso_access_config'),
        accessToken: optional('access_token'),
        accessTokenExpiresAt: profile.cloud_sso_access_token_expire ?? undefined,
      });
    case 'OAuth':
      return oauthSource({
        profileName: name,
        site: needed('oauth_site_type'),
        accessToken: optional('oauth_access_token'),
        accessTokenExpiresAt: profile.oauth_access_token_expire ?? undefined,
      });
    default:
      throw new InvalidConfigurationError(
        `${file}: profile ${name} has mode ${profile.mode}, which is not supported. ` +
          'Use AK, StsToken, RamRoleArn, EcsRamRole, ChainableRamRoleArn, External, CredentialsURI, OIDC, CloudSSO or OAuth.',
      );
  }
}

/** Credentials that stand in a file as they are. @param expiresAt seconds since 1970 */
export function keptSource(
  accessKeyId: string,
  accessKeySecret: string,
  securityToken: string | undefined,
  expiresAt?: number,
): CredentialsSource {
  const expiration = expiresAt ? new Date(expiresAt * 1_000) : undefined;
  return {
    providerName: securityToken === undefined ? 'static_ak' : 'static_sts',
    fetch: async () => ({ accessKeyId, accessKeySecret, securityToken, expiration }),
  };
}

/** A role assumed with what another source fetches, both in one refresh. */
export function assumedBy(
  source: CredentialsSource,
  role: Omit<Parameters<typeof assumeRoleSource>[0], 'source'>,
): CredentialsSource {
  const fetchedBy = (context: FetchContext) => ({
    getCredentials: async () => {
      const fetched = await source.fetch(context);
      return snapshotOf(fetched, fetched.providerName ?? source.providerName);
    },
  });
  // Made once without a context, so that a role which makes no sense is an error before anything is fetched.
  const { providerName } = assumeRoleSource({ ...role, source: { getCredentials: () => Promise.reject() } });
  return {
    providerName,
    fetch: (context) => assumeRoleSource({ ...role, source: fetchedBy(context) }).fetch(context),
  };
}
