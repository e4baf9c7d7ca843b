import * as t from 'io-ts';
import type { CredentialFields, Credentials } from '../credentials.ts';
import { AssumeRoleError, EndpointUnreachableError, UnexpectedStatusError } from '../errors.ts';
import type { FetchContext } from '../freshness/fresh-credentials.ts';
import { type BoundedResponse, boundedRequest, RequestFailure } from '../http/bounded-request.ts';
import { decodeJson, NonEmptyString, UtcTime } from '../http/decode-json.ts';
import { acs3Headers } from './acs3-signature.ts';
import { type StsOptions, stsEndpoint } from './sts-endpoint.ts';

const StsAnswer = t.type({
  Credentials: t.type({
    AccessKeyId: NonEmptyString,
    AccessKeySecret: NonEmptyString,
    SecurityToken: NonEmptyString,
    Expiration: UtcTime,
  }),
});

const StsRefusal = t.intersection([
  t.type({ Code: NonEmptyString }),
  t.partial({ Message: t.string, RequestId: t.string }),
]);

/** What both role operations take; undefined parameters are left out. */
export interface RoleParameters {
  readonly RoleArn: string;
  readonly RoleSessionName: string;
  readonly DurationSeconds: string;
  readonly Policy: string | undefined;
  readonly ExternalId?: string | undefined;
  readonly OIDCProviderArn?: string | undefined;
  readonly OIDCToken?: string | undefined;
}

/**
 * Ask STS for the credentials of a role.
 * @param credentials sign the request with them; AssumeRoleWithOIDC proves itself by its token and is not signed
 * @throws EndpointUnreachableError, AssumeRoleError, UnexpectedStatusError, MalformedResponseError
 * @see https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole
 */
export async function callSts(
  action: 'AssumeRole' | 'AssumeRoleWithOIDC',
  parameters: RoleParameters,
  options: StsOptions,
  { signal, clock }: FetchContext,
  credentials?: Credentials,
): Promise<CredentialFields> {
  const url = stsEndpoint(options);
  const present = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const body = new URLSearchParams(present).toString();
  const request = { host: url.host, action, version: '2015-04-01', body, nowMs: clock.now() };
  const response = await boundedRequest({
    method: 'POST',
    url,
    headers: acs3Headers(request, credentials),
    body,
    timeoutMs: options.timeoutMs ?? 10_000,
    route: 'platform',
    signal,
  }).catch((error: unknown) => {
    throw error instanceof RequestFailure
      ? new EndpointUnreachableError(`STS at ${url.origin}`, error.message)
      : error;
  });
  // Also on a refusal: when the machine's clock is off, STS refuses the signature's time, and the next attempt gets it right.
  if (response.serviceTimeMs !== undefined) clock.observe(response.serviceTimeMs);
  const what = `The answer of STS at ${url.origin} to ${action}`;
  if (response.status !== 200) {
    const hidden = [credentials?.accessKeySecret, credentials?.securityToken, parameters.OIDCToken];
    throw refusal(action, parameters.RoleArn, url.origin, response, hidden);
  }
  const answer = decodeJson(StsAnswer, response.text, what).Credentials;
  return {
    accessKeyId: answer.AccessKeyId,
    accessKeySecret: answer.AccessKeySecret,
    securityToken: answer.SecurityToken,
    expiration: answer.Expiration,
  };
}

function refusal(
  action: string,
  roleArn: string,
  origin: string,
  { status, text }: BoundedResponse,
  hidden: readonly (string | undefined)[],
): Error {
  const decoded = StsRefusal.decode(parsed(text));
  // A gateway in between answers in HTML.
  if (decoded._tag === 'Left') return new UnexpectedStatusError(`STS at ${origin}`, status);
  const { Code: stsCode, Message = '', RequestId: requestId } = decoded.right;
  const retryable =
    status === 429 ||
    status >= 500 ||
    stsCode.startsWith('Throttling') ||
    stsCode.startsWith('InvalidTimeStamp');
  const message = explained(stsCode, Message, hidden);
  return new AssumeRoleError(action, roleArn, { status, stsCode, message, requestId, retryable });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** STS answers a wrong signature with the text it signed, security token included; that must not get into an error. */
function explained(stsCode: string, message: string, hidden: readonly (string | undefined)[]): string {
  if (stsCode === 'SignatureDoesNotMatch') return 'the AccessKey secret does not belong to the AccessKey id.';
  if (/signature/i.test(stsCode)) return 'the signature of the request was refused.';
  const shown = hidden.reduce<string>(
    (text, secret) => (secret ? text.replaceAll(secret, '[hidden]') : text),
    message,
  );
  return shown.slice(0, 500);
}
