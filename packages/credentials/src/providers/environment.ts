import { type CredentialsProvider, snapshotOf } from '../credentials.ts';
import { ProviderNotConfiguredError } from '../errors.ts';
import type { EnvironmentVariables } from './environment-variables.ts';

/**
 * `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and, for temporary credentials,
 * `ALIBABA_CLOUD_SECURITY_TOKEN`. Read at every call.
 *
 * `getCredentials` rejects with ProviderNotConfiguredError when id or secret is not set.
 */
export function environment(
  options: { readonly env?: EnvironmentVariables | undefined } = {},
): CredentialsProvider {
  const { env = process.env } = options;
  return {
    providerName: 'env',
    async getCredentials() {
      const accessKeyId = env.ALIBABA_CLOUD_ACCESS_KEY_ID;
      const accessKeySecret = env.ALIBABA_CLOUD_ACCESS_KEY_SECRET;
      if (!accessKeyId) throw new ProviderNotConfiguredError('ALIBABA_CLOUD_ACCESS_KEY_ID is not set.');
      if (!accessKeySecret)
        throw new ProviderNotConfiguredError('ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set.');
      return snapshotOf(
        { accessKeyId, accessKeySecret, securityToken: env.ALIBABA_CLOUD_SECURITY_TOKEN },
        'env',
      );
    },
  };
}
