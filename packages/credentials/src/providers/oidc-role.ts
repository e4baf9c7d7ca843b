import type { CredentialsProvider } from '../credentials.ts';
import { InvalidConfigurationError, ProviderNotConfiguredError } from '../errors.ts';
import {
  type CredentialsSource,
  type FreshnessOptions,
  freshCredentials,
} from '../freshness/fresh-credentials.ts';
import { readTextFile } from '../profile/credentials-file.ts';
import { callSts } from '../sts/call-sts.ts';
import { type RoleOptions, roleParameters } from '../sts/role-options.ts';
import { type StsOptions, stsEndpoint } from '../sts/sts-endpoint.ts';

export interface OidcRoleRequest extends RoleOptions, StsOptions {
  /** Default `ALIBABA_CLOUD_ROLE_ARN`. */
  readonly roleArn?: string | undefined;
  /** Default `ALIBABA_CLOUD_OIDC_PROVIDER_ARN`. */
  readonly oidcProviderArn?: string | undefined;
  /** Path of the file with the OIDC token. Default `ALIBABA_CLOUD_OIDC_TOKEN_FILE`. */
  readonly oidcTokenFile?: string | undefined;
}

export interface OidcRoleOptions extends OidcRoleRequest, FreshnessOptions {}

/**
 * A RAM role for a workload that has an OIDC token, such as a pod in ACK with RRSA, which sets all three environment
 * variables. The token file is read again at every refresh, because the cluster replaces it.
 *
 * `getCredentials` rejects with ProviderNotConfiguredError when one of the three is nowhere, CredentialsFileError,
 * AssumeRoleError, EndpointUnreachableError or MalformedResponseError.
 *
 * @throws InvalidConfigurationError when an option makes no sense
 * @see https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc
 */
export function oidcRole(options: OidcRoleOptions = {}): CredentialsProvider {
  return freshCredentials(oidcRoleSource(options), options);
}

export function oidcRoleSource(request: OidcRoleRequest): CredentialsSource {
  const { env = process.env } = request;
  const roleArn = request.roleArn || env.ALIBABA_CLOUD_ROLE_ARN;
  const oidcProviderArn = request.oidcProviderArn || env.ALIBABA_CLOUD_OIDC_PROVIDER_ARN;
  const oidcTokenFile = request.oidcTokenFile || env.ALIBABA_CLOUD_OIDC_TOKEN_FILE;
  const missing = [
    roleArn ? undefined : 'roleArn (ALIBABA_CLOUD_ROLE_ARN)',
    oidcProviderArn ? undefined : 'oidcProviderArn (ALIBABA_CLOUD_OIDC_PROVIDER_ARN)',
    oidcTokenFile ? undefined : 'oidcTokenFile (ALIBABA_CLOUD_OIDC_TOKEN_FILE)',
  ].filter((name) => name !== undefined);
  const providerName = 'oidc_role_arn';
  if (!roleArn || !oidcProviderArn || !oidcTokenFile) {
    const error = new ProviderNotConfiguredError(`${missing.join(', ')} not set.`);
    return { providerName, fetch: () => Promise.reject(error) };
  }
  const parameters = roleParameters(roleArn, request, env);
  stsEndpoint(request);
  return {
    providerName,
    async fetch(context) {
      const token = (await readTextFile(oidcTokenFile)).trim();
      if (token === '') throw new InvalidConfigurationError(`The OIDC token file ${oidcTokenFile} is empty.`);
      const oidc = { OIDCProviderArn: oidcProviderArn, OIDCToken: token };
      return callSts('AssumeRoleWithOIDC', { ...parameters, ...oidc }, request, context);
    },
  };
}
