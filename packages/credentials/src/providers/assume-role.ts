import type { CredentialsProvider } from '../credentials.ts';
import {
  type CredentialsSource,
  type FreshnessOptions,
  freshCredentials,
} from '../freshness/fresh-credentials.ts';
import { callSts } from '../sts/call-sts.ts';
import { type RoleOptions, roleParameters } from '../sts/role-options.ts';
import { type StsOptions, stsEndpoint } from '../sts/sts-endpoint.ts';

export interface AssumeRoleRequest extends RoleOptions, StsOptions {
  /** Whose credentials ask for the role. Not closed with this provider. */
  readonly source: CredentialsProvider;
  /** Such as `acs:ram::1000000000000001:role/name`. */
  readonly roleArn: string;
  /** What the trust policy of a role in somebody else's account asks for (`sts:ExternalId`). */
  readonly externalId?: string | undefined;
}

export interface AssumeRoleOptions extends AssumeRoleRequest, FreshnessOptions {}

/**
 * A RAM role, assumed through STS with the credentials of another provider.
 *
 * `getCredentials` rejects with AssumeRoleError (STS's code and request id), EndpointUnreachableError, MalformedResponseError,
 * or with whatever `source` rejects with.
 *
 * @throws InvalidConfigurationError when an option makes no sense
 */
export function assumeRole(options: AssumeRoleOptions): CredentialsProvider {
  return freshCredentials(assumeRoleSource(options), options);
}

export function assumeRoleSource(request: AssumeRoleRequest): CredentialsSource {
  const { source, roleArn, externalId, env = process.env } = request;
  const parameters = { ...roleParameters(roleArn, request, env), ExternalId: externalId };
  stsEndpoint(request);
  return {
    providerName: 'ram_role_arn',
    async fetch(context) {
      const credentials = await source.getCredentials();
      const fields = await callSts('AssumeRole', parameters, request, context, credentials);
      return { ...fields, providerName: `ram_role_arn/${credentials.providerName}` };
    },
  };
}
