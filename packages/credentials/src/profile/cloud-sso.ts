import * as t from 'io-ts';
import { InvalidConfigurationError } from '../errors.ts';
import type { CredentialsSource } from '../freshness/fresh-credentials.ts';
import { NonEmptyString, UtcTime } from '../http/decode-json.ts';
import { exchangeBearerToken } from './bearer-exchange.ts';

const CloudSsoAnswer = t.type({
  CloudCredential: t.type({
    AccessKeyId: NonEmptyString,
    AccessKeySecret: NonEmptyString,
    SecurityToken: NonEmptyString,
    Expiration: UtcTime,
  }),
});

/**
 * The account and access configuration that a person chose when signing in to CloudSSO with the CLI. Written here because
 * `@alicloud/credentials` 2.4.7 sends the request without its body, so the service never learns which account is meant.
 */
export function cloudSsoSource(profile: {
  readonly profileName: string;
  readonly signInUrl: string;
  readonly accountId: string;
  readonly accessConfiguration: string;
  readonly accessToken: string | undefined;
  readonly accessTokenExpiresAt: number | undefined;
}): CredentialsSource {
  const { profileName, signInUrl, accountId, accessConfiguration, accessToken, accessTokenExpiresAt } =
    profile;
  if (!URL.canParse(signInUrl)) {
    throw new InvalidConfigurationError(`Profile ${profileName}: cloud_sso_sign_in_url is no address.`);
  }
  return {
    providerName: 'cloud_sso',
    async fetch(context) {
      const { CloudCredential: answer } = await exchangeBearerToken(
        {
          service: 'CloudSSO',
          profileName,
          url: new URL('/cloud-credentials', signInUrl),
          accessToken,
          accessTokenExpiresAt,
          body: JSON.stringify({ AccountId: accountId, AccessConfigurationId: accessConfiguration }),
          answer: CloudSsoAnswer,
          signIn: `Sign in again: aliyun configure --profile ${profileName} --mode CloudSSO`,
        },
        context,
      );
      return {
        accessKeyId: answer.AccessKeyId,
        accessKeySecret: answer.AccessKeySecret,
        securityToken: answer.SecurityToken,
        expiration: answer.Expiration,
      };
    },
  };
}
