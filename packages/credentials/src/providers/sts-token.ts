import { type CredentialsProvider, snapshotOf } from '../credentials.ts';
import { ExpiredCredentialsError, InvalidConfigurationError } from '../errors.ts';

/**
 * Temporary credentials that somebody else got from STS, given. Nothing can refresh them.
 * @param options.expiration when given, `getCredentials` rejects with ExpiredCredentialsError from then on
 * @throws InvalidConfigurationError when id, secret or token is empty
 */
export function stsToken(options: {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken: string;
  readonly expiration?: Date | undefined;
  /** The machine's clock, milliseconds since 1970. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}): CredentialsProvider {
  const { accessKeyId, accessKeySecret, securityToken, now = Date.now } = options;
  if (!accessKeyId || !accessKeySecret || !securityToken) {
    throw new InvalidConfigurationError('stsToken needs accessKeyId, accessKeySecret and securityToken.');
  }
  const expiration = options.expiration === undefined ? undefined : new Date(options.expiration);
  const credentials = snapshotOf({ accessKeyId, accessKeySecret, securityToken, expiration }, 'static_sts');
  return {
    providerName: 'static_sts',
    async getCredentials() {
      if (expiration !== undefined && now() >= expiration.getTime()) {
        throw new ExpiredCredentialsError('static_sts', expiration);
      }
      return credentials;
    },
  };
}
