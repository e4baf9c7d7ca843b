import ini from 'ini';
import { InvalidConfigurationError, ProviderNotConfiguredError } from '../errors.ts';
import type { CredentialsSource } from '../freshness/fresh-credentials.ts';
import { credentialsUriSource } from '../providers/credentials-uri.ts';
import { ecsRamRoleSource } from '../providers/ecs-ram-role.ts';
import { oidcRoleSource } from '../providers/oidc-role.ts';
import { assumedBy, keptSource, type ProfileSettings } from './cli-profile-source.ts';

/**
 * Where the credentials of a section of `credentials.ini` come from.
 * @throws ProviderNotConfiguredError when there is no such section or it is switched off (`enable = false`),
 *   InvalidConfigurationError when it lacks what its type needs
 */
export function iniProfileSource(text: string, name: string, settings: ProfileSettings): CredentialsSource {
  const { file, env, stsEndpoint: endpoint, imdsEndpoint } = settings;
  const values = sectionNamed(name, ini.parse(text));
  if (values === undefined) throw new ProviderNotConfiguredError(`There is no section [${name}] in ${file}.`);
  const optional = (key: string): string | undefined => {
    const value = values[key];
    return value === undefined || value === null || value === '' ? undefined : String(value);
  };
  if (optional('enable') === 'false')
    throw new ProviderNotConfiguredError(`[${name}] in ${file} is switched off.`);
  const type = optional('type');
  const needed = (key: string): string => {
    const value = optional(key);
    if (value !== undefined) return value;
    throw new InvalidConfigurationError(`${file}: [${name}] has type ${type} and needs ${key}.`);
  };
  const role = () => ({
    roleArn: needed('role_arn'),
    roleSessionName: optional('role_session_name'),
    policy: optional('policy'),
    durationSeconds: Number(optional('session_duration') ?? optional('duration_seconds') ?? 0) || undefined,
    region: optional('sts_region'),
    endpoint,
    env,
  });

  switch (type) {
    case 'access_key':
      return keptSource(needed('access_key_id'), needed('access_key_secret'), undefined);
    case 'sts':
      return keptSource(needed('access_key_id'), needed('access_key_secret'), needed('security_token'));
    case 'ram_role_arn': {
      const kept = keptSource(
        needed('access_key_id'),
        needed('access_key_secret'),
        optional('security_token'),
      );
      return assumedBy(kept, { ...role(), externalId: optional('external_id') });
    }
    case 'ecs_ram_role':
      return ecsRamRoleSource({ roleName: optional('role_name'), endpoint: imdsEndpoint, env });
    case 'oidc_role_arn':
      return oidcRoleSource({
        ...role(),
        oidcProviderArn: needed('oidc_provider_arn'),
        oidcTokenFile: needed('oidc_token_file_path'),
      });
    case 'credentials_uri':
      return credentialsUriSource({ uri: needed('credentials_uri'), env });
    default:
      throw new InvalidConfigurationError(
        `${file}: [${name}] has ${type === undefined ? 'no type' : `type ${type}, which is not supported`}. ` +
          'Use access_key, sts, ram_role_arn, ecs_ram_role, oidc_role_arn or credentials_uri.',
      );
  }
}

/** To the parser, `[a.b]` is section `b` inside of section `a`. */
function sectionNamed(name: string, sections: object): Readonly<Record<string, unknown>> | undefined {
  let found: unknown = sections;
  for (const step of name.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[step];
  }
  return typeof found === 'object' && found !== null
    ? (found as Readonly<Record<string, unknown>>)
    : undefined;
}
