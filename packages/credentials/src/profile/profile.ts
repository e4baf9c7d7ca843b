import { homedir } from 'node:os';
import { join } from 'node:path';
import type { CredentialsProvider } from '../credentials.ts';
import { ProviderNotConfiguredError } from '../errors.ts';
import {
  type CredentialsSource,
  type FetchContext,
  type FetchedCredentials,
  type FreshnessOptions,
  freshCredentials,
} from '../freshness/fresh-credentials.ts';
import { type EnvironmentVariables, isTrue } from '../providers/environment-variables.ts';
import { parseCliConfig } from './cli-config.ts';
import { cliProfileSource } from './cli-profile-source.ts';
import { readCredentialsFile } from './credentials-file.ts';
import { iniProfileSource } from './ini-profile-source.ts';

export interface ProfileOptions {
  /** Default `ALIBABA_CLOUD_PROFILE`, else the CLI's current profile, or `default` in `credentials.ini`. */
  readonly profileName?: string | undefined;
  /** The official CLI's configuration. Default `~/.aliyun/config.json`. */
  readonly cliConfigFile?: string | undefined;
  /** Default `ALIBABA_CLOUD_CREDENTIALS_FILE`, else `~/.alibabacloud/credentials.ini`, else `~/.alibabacloud/credentials`. */
  readonly credentialsFile?: string | undefined;
  /** For profiles that assume a role; see {@link StsOptions}. */
  readonly stsEndpoint?: string | undefined;
  /** For profiles that use the instance's role. */
  readonly imdsEndpoint?: string | undefined;
  /** Default `process.env`. */
  readonly env?: EnvironmentVariables | undefined;
}

/**
 * A named profile from the official CLI's `config.json` or, when it is not there, from `credentials.ini`. Every mode that the
 * CLI writes works: AK, StsToken, RamRoleArn, EcsRamRole, RamRoleArnWithRoleName, ChainableRamRoleArn, External,
 * CredentialsURI, OIDC, CloudSSO and OAuth; and in `credentials.ini` the types access_key, sts, ram_role_arn, ecs_ram_role,
 * oidc_role_arn and credentials_uri. The files are read again at every refresh and never written. A file that others than its
 * owner can read is warned about (`onEvent`, `CredentialsFileExposed`).
 *
 * `getCredentials` rejects with ProviderNotConfiguredError when no file has the profile, CredentialsFileError,
 * MalformedResponseError (with the path in the file), InvalidConfigurationError, SignInRequiredError, ExternalCommandError, or
 * with the errors of what the profile leads to.
 */
export function profile(options: ProfileOptions & FreshnessOptions = {}): CredentialsProvider {
  const cli = cliSource(options);
  const ini = iniSource(options);
  const source: CredentialsSource = {
    providerName: 'profile',
    fetch: (context) =>
      cli.fetch(context).catch((error: unknown) => {
        if (!(error instanceof ProviderNotConfiguredError)) throw error;
        return ini.fetch(context).catch((second: unknown) => {
          if (!(second instanceof ProviderNotConfiguredError)) throw second;
          throw new ProviderNotConfiguredError(`${error.message} ${second.message}`);
        });
      }),
  };
  return freshCredentials(source, options);
}

/** The CLI's half of {@link profile}; a link of the default chain. */
export function cliProfile(options: ProfileOptions & FreshnessOptions): CredentialsProvider {
  return freshCredentials(cliSource(options), options);
}

/** The `credentials.ini` half of {@link profile}; a link of the default chain. */
export function iniProfile(options: ProfileOptions & FreshnessOptions): CredentialsProvider {
  return freshCredentials(iniSource(options), options);
}

function cliSource(options: ProfileOptions): CredentialsSource {
  const { env = process.env } = options;
  const file = options.cliConfigFile ?? join(homedir(), '.aliyun', 'config.json');
  const readOnce = warningOnce();
  const providerName = 'cli_profile';
  return {
    providerName,
    async fetch(context) {
      if (isTrue(env.ALIBABA_CLOUD_CLI_PROFILE_DISABLED)) {
        throw new ProviderNotConfiguredError('ALIBABA_CLOUD_CLI_PROFILE_DISABLED is true.');
      }
      const text = await readOnce(file, providerName, context);
      if (text === undefined) throw new ProviderNotConfiguredError(`There is no ${file}.`);
      const config = parseCliConfig(text, file);
      const name = options.profileName || env.ALIBABA_CLOUD_PROFILE || config.current || 'default';
      return prefixed(providerName, cliProfileSource(config, name, { ...options, env, file }), context);
    },
  };
}

function iniSource(options: ProfileOptions): CredentialsSource {
  const { env = process.env } = options;
  const folder = join(homedir(), '.alibabacloud');
  const given = options.credentialsFile || env.ALIBABA_CLOUD_CREDENTIALS_FILE;
  const files = given ? [given] : [join(folder, 'credentials.ini'), join(folder, 'credentials')];
  const name = options.profileName || env.ALIBABA_CLOUD_PROFILE || 'default';
  const readOnce = warningOnce();
  const providerName = 'profile';
  return {
    providerName,
    async fetch(context) {
      for (const file of files) {
        const text = await readOnce(file, providerName, context);
        if (text !== undefined) {
          return prefixed(providerName, iniProfileSource(text, name, { ...options, env, file }), context);
        }
      }
      throw new ProviderNotConfiguredError(`There is no ${files.join(' and no ')}.`);
    },
  };
}

async function prefixed(
  prefix: string,
  source: CredentialsSource,
  context: FetchContext,
): Promise<FetchedCredentials> {
  const fetched = await source.fetch(context);
  return { ...fetched, providerName: `${prefix}/${fetched.providerName ?? source.providerName}` };
}

/** Reads anew each time, and says what is wrong with a file's permissions the first time only. */
function warningOnce() {
  const warned = new Set<string>();
  return (file: string, providerName: string, context: FetchContext) => {
    // The diagnostics channel would still get every warning if this only filtered the listener's.
    const check = !warned.has(file);
    warned.add(file);
    return readCredentialsFile(file, check ? { providerName, onEvent: context.onEvent } : undefined);
  };
}
