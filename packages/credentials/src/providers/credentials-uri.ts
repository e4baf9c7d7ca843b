import * as t from 'io-ts';
import type { CredentialsProvider } from '../credentials.ts';
import {
  EndpointUnreachableError,
  InvalidConfigurationError,
  ProviderNotConfiguredError,
  UnexpectedStatusError,
} from '../errors.ts';
import {
  type CredentialsSource,
  type FreshnessOptions,
  freshCredentials,
} from '../freshness/fresh-credentials.ts';
import { boundedRequest, RequestFailure } from '../http/bounded-request.ts';
import { decodeJson, NonEmptyString, UtcTime } from '../http/decode-json.ts';
import type { EnvironmentVariables } from './environment-variables.ts';

export interface CredentialsUriRequest {
  /** Default `ALIBABA_CLOUD_CREDENTIALS_URI`. */
  readonly uri?: string | undefined;
  /** For each request, milliseconds. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Default `process.env`. */
  readonly env?: EnvironmentVariables | undefined;
}

export interface CredentialsUriOptions extends CredentialsUriRequest, FreshnessOptions {}

const UriAnswer = t.intersection([
  t.type({ AccessKeyId: NonEmptyString, AccessKeySecret: NonEmptyString, SecurityToken: NonEmptyString }),
  t.partial({ Code: t.literal('Success'), Expiration: UtcTime }),
]);

/**
 * A local service of your own that answers a GET with `{ Code: "Success", AccessKeyId, AccessKeySecret, SecurityToken,
 * Expiration }`. The address is used as given: no proxy, no redirect, at most 64 KiB.
 *
 * `getCredentials` rejects with ProviderNotConfiguredError, EndpointUnreachableError, UnexpectedStatusError or
 * MalformedResponseError.
 *
 * @throws InvalidConfigurationError when the address is no HTTP address
 */
export function credentialsUri(options: CredentialsUriOptions = {}): CredentialsProvider {
  return freshCredentials(credentialsUriSource(options), options);
}

export function credentialsUriSource(request: CredentialsUriRequest): CredentialsSource {
  const { timeoutMs = 10_000, env = process.env } = request;
  const uri = request.uri || env.ALIBABA_CLOUD_CREDENTIALS_URI;
  const providerName = 'credential_uri';
  if (!uri) {
    const error = new ProviderNotConfiguredError('uri (ALIBABA_CLOUD_CREDENTIALS_URI) not set.');
    return { providerName, fetch: () => Promise.reject(error) };
  }
  if (!URL.canParse(uri) || !/^https?:$/.test(new URL(uri).protocol)) {
    throw new InvalidConfigurationError('The credentials URI is no HTTP address.');
  }
  const url = new URL(uri);
  // Path and query may hold a key of their own, so messages name the origin only.
  const where = `The credentials URI at ${url.origin}`;
  return {
    providerName,
    async fetch({ signal, clock }) {
      const response = await boundedRequest({ method: 'GET', url, timeoutMs, route: 'direct', signal }).catch(
        (error: unknown) => {
          throw error instanceof RequestFailure ? new EndpointUnreachableError(where, error.message) : error;
        },
      );
      if (response.status !== 200) throw new UnexpectedStatusError(where, response.status);
      if (response.serviceTimeMs !== undefined) clock.observe(response.serviceTimeMs);
      const answer = decodeJson(UriAnswer, response.text, `${where}: the answer`);
      return {
        accessKeyId: answer.AccessKeyId,
        accessKeySecret: answer.AccessKeySecret,
        securityToken: answer.SecurityToken,
        expiration: answer.Expiration,
      };
    },
  };
}
