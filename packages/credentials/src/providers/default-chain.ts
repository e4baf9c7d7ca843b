import type { CredentialsProvider } from '../credentials.ts';
import type { FreshnessOptions } from '../freshness/fresh-credentials.ts';
import { cliProfile, iniProfile, type ProfileOptions } from '../profile/profile.ts';
import { firstThatAnswers } from './chain.ts';
import { credentialsUri } from './credentials-uri.ts';
import { ecsRamRole } from './ecs-ram-role.ts';
import { environment } from './environment.ts';
import { oidcRole } from './oidc-role.ts';

export interface DefaultChainOptions extends FreshnessOptions, ProfileOptions {
  /** See {@link ecsRamRole}. Default false, where the official SDKs default to true. */
  readonly allowImdsV1?: boolean | undefined;
}

/**
 * What the official SDKs try when they are told nothing, in their order: `ALIBABA_CLOUD_ACCESS_KEY_ID` and `…_SECRET` in the
 * environment; an OIDC role (RRSA); the official CLI's `~/.aliyun/config.json`; `~/.alibabacloud/credentials.ini`; the
 * instance's RAM role; `ALIBABA_CLOUD_CREDENTIALS_URI`. Which one answered shows in `providerName`: `default/ecs_ram_role`.
 *
 * `getCredentials` rejects with NoCredentialsError, which says for each why not.
 */
export function defaultChain(options: DefaultChainOptions = {}): CredentialsProvider {
  const { onEvent, stsEndpoint, imdsEndpoint, ...rest } = options;
  const shared = { ...rest, onEvent };
  const providers = [
    environment(shared),
    orItsError('oidc_role_arn', () => oidcRole({ ...shared, endpoint: stsEndpoint })),
    cliProfile(options),
    iniProfile(options),
    ecsRamRole({ ...shared, endpoint: imdsEndpoint }),
    orItsError('credential_uri', () => credentialsUri(shared)),
  ];
  return firstThatAnswers(providers, { providerName: 'default', prefix: 'default', onEvent });
}

/** What is wrong with an environment variable is a reason of this one link, and no matter of those before it. */
function orItsError(providerName: string, create: () => CredentialsProvider): CredentialsProvider {
  try {
    return create();
  } catch (error) {
    return { providerName, getCredentials: () => Promise.reject(error) };
  }
}
