import type * as t from 'io-ts';
import {
  EndpointUnreachableError,
  InvalidConfigurationError,
  SignInRequiredError,
  UnexpectedStatusError,
} from '../errors.ts';
import type { FetchContext } from '../freshness/fresh-credentials.ts';
import { boundedRequest, RequestFailure } from '../http/bounded-request.ts';
import { decodeJson } from '../http/decode-json.ts';

/** A person's access token, traded for credentials. */
export interface BearerExchange<A> {
  readonly service: string;
  readonly profileName: string;
  readonly url: URL;
  readonly accessToken: string | undefined;
  /** Seconds since 1970. */
  readonly accessTokenExpiresAt: number | undefined;
  readonly body?: string | undefined;
  readonly answer: t.Type<A, unknown, unknown>;
  /** What to do when the session is over. */
  readonly signIn: string;
}

/**
 * @throws SignInRequiredError when the token is missing, over or refused; EndpointUnreachableError, UnexpectedStatusError,
 *   MalformedResponseError
 */
export async function exchangeBearerToken<A>(exchange: BearerExchange<A>, context: FetchContext): Promise<A> {
  const { service, profileName, url, accessToken, accessTokenExpiresAt = 0, body, answer, signIn } = exchange;
  const { signal, clock } = context;
  // A bearer token in clear text is a token given away; a loopback address is where tests and forwarders live.
  if (url.protocol !== 'https:' && url.hostname !== '127.0.0.1' && url.hostname !== 'localhost') {
    throw new InvalidConfigurationError(`Profile ${profileName}: the ${service} address must be https.`);
  }
  if (accessToken === undefined || accessTokenExpiresAt * 1_000 <= clock.now()) {
    throw new SignInRequiredError(`The ${service} session of profile ${profileName} is over. ${signIn}`);
  }
  const response = await boundedRequest({
    method: 'POST',
    url,
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      authorization: `Bearer ${accessToken}`,
    },
    body: body ?? '',
    timeoutMs: 10_000,
    route: 'platform',
    signal,
  }).catch((error: unknown) => {
    throw error instanceof RequestFailure
      ? new EndpointUnreachableError(`${service} at ${url.origin}`, error.message)
      : error;
  });
  if (response.serviceTimeMs !== undefined) clock.observe(response.serviceTimeMs);
  if (response.status === 401 || response.status === 403) {
    throw new SignInRequiredError(
      `${service} refused the session of profile ${profileName} (status ${response.status}). ${signIn}`,
    );
  }
  if (response.status !== 200)
    throw new UnexpectedStatusError(`${service} at ${url.origin}`, response.status);
  return decodeJson(answer, response.text, `The answer of ${service} at ${url.origin}`);
}
