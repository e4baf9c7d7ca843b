import type { CredentialsProvider } from '../credentials.ts';

/** The part of `ali-oss`'s options that has to do with credentials; spread it into the rest. */
export interface AliOssCredentialOptions {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly stsToken: string;
  readonly refreshSTSToken: () => Promise<{ accessKeyId: string; accessKeySecret: string; stsToken: string }>;
  readonly refreshSTSTokenInterval: number;
}

/** Never sent: the first request asks for a real credential before it signs. */
const placeholder = 'replaced-before-the-first-request';

/**
 * Credentials for `ali-oss`: `new OSS({ region, bucket, ...toAliOssOptions(provider) })`.
 *
 * With its own refresh interval, `ali-oss` refreshes in one request while others go out with the expired token (its issues
 * 960, 1363, 1391). Here the interval is 0, so every single request, each part of a multipart upload too, asks the provider
 * before it signs, and a warm provider answers from memory. `ali-oss` replaces id, secret and token in one assignment and
 * signs in the same turn, so what it signs with is never mixed.
 *
 * Two functions of `ali-oss` cannot wait for a credential, because they are synchronous: use `asyncSignatureUrl` or
 * `signatureUrlV4` instead of `signatureUrl`, and sign post policies after at least one request.
 */
export function toAliOssOptions(provider: CredentialsProvider): AliOssCredentialOptions {
  return {
    accessKeyId: placeholder,
    accessKeySecret: placeholder,
    stsToken: placeholder,
    refreshSTSTokenInterval: 0,
    async refreshSTSToken() {
      const { accessKeyId, accessKeySecret, securityToken = '' } = await provider.getCredentials();
      return { accessKeyId, accessKeySecret, stsToken: securityToken };
    },
  };
}
