import { type CredentialsProvider, snapshotOf } from '../credentials.ts';
import { InvalidConfigurationError } from '../errors.ts';

/**
 * A long-lived AccessKey pair, given. Prefer a role wherever there is one: an AccessKey is a secret that must be kept.
 * @throws InvalidConfigurationError when one of the two is empty
 */
export function accessKey(options: {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}): CredentialsProvider {
  const { accessKeyId, accessKeySecret } = options;
  if (!accessKeyId || !accessKeySecret) {
    throw new InvalidConfigurationError('accessKey needs both accessKeyId and accessKeySecret.');
  }
  const credentials = snapshotOf({ accessKeyId, accessKeySecret }, 'static_ak');
  return { providerName: 'static_ak', getCredentials: async () => credentials };
}
