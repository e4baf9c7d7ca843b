import * as t from 'io-ts';
import { InvalidConfigurationError } from '../errors.ts';
import type { CredentialsSource } from '../freshness/fresh-credentials.ts';
import { NonEmptyString, UtcTime } from '../http/decode-json.ts';
import { exchangeBearerToken } from './bearer-exchange.ts';

const OAuthAnswer = t.type({
  accessKeyId: NonEmptyString,
  accessKeySecret: NonEmptyString,
  securityToken: NonEmptyString,
  expiration: UtcTime,
});

const origins: Readonly<Record<string, string>> = {
  CN: 'https://oauth.aliyun.com',
  INTL: 'https://oauth.alibabacloud.com',
};

/**
 * A person signed in to the CLI in the browser. The CLI keeps a refresh token that changes with each use, so it is left to the
 * CLI: here the access token is used while it lasts.
 * @param origin instead of the site's own, for tests
 */
export function oauthSource(
  profile: {
    readonly profileName: string;
    readonly site: string;
    readonly accessToken: string | undefined;
    readonly accessTokenExpiresAt: number | undefined;
  },
  origin = origins[profile.site.toUpperCase()],
): CredentialsSource {
  const { profileName, site, accessToken, accessTokenExpiresAt } = profile;
  if (origin === undefined) {
    throw new InvalidConfigurationError(
      `Profile ${profileName}: oauth_site_type must be CN or INTL, not ${site}.`,
    );
  }
  return {
    providerName: 'oauth',
    fetch: (context) =>
      exchangeBearerToken(
        {
          service: 'OAuth',
          profileName,
          url: new URL('/v1/exchange', origin),
          accessToken,
          accessTokenExpiresAt,
          answer: OAuthAnswer,
          signIn: `Any command of the CLI renews it (aliyun sts GetCallerIdentity --profile ${profileName}), or: aliyun configure --profile ${profileName} --mode OAuth`,
        },
        context,
      ),
  };
}
