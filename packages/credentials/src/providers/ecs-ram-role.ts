import * as t from 'io-ts';
import type { CredentialsProvider } from '../credentials.ts';
import {
  HardenedModeRequiredError,
  HardenedModeUnsupportedError,
  InvalidConfigurationError,
  MalformedResponseError,
  MetadataServiceUnreachableError,
  ProviderNotConfiguredError,
  RoleNotAttachedError,
  UnexpectedStatusError,
} from '../errors.ts';
import {
  type CredentialsSource,
  type FetchContext,
  type FetchedCredentials,
  type FreshnessOptions,
  freshCredentials,
} from '../freshness/fresh-credentials.ts';
import { type BoundedResponse, boundedRequest, RequestFailure } from '../http/bounded-request.ts';
import { decodeJson, NonEmptyString, UtcTime } from '../http/decode-json.ts';
import { type EnvironmentVariables, isTrue } from './environment-variables.ts';

export interface EcsRamRoleRequest {
  /** The role attached to the instance. Default `ALIBABA_CLOUD_ECS_METADATA`, else the service is asked for it (one more request). */
  readonly roleName?: string | undefined;
  /** Where the metadata service is. Default `http://100.100.100.200`. */
  readonly endpoint?: string | undefined;
  /**
   * Accept plain (v1) reads where the service gives no token. They can be forged through any open proxy on the instance
   * (SSRF), so the default is false; `ALIBABA_CLOUD_IMDSV1_DISABLED=true` overrules true.
   */
  readonly allowImdsV1?: boolean | undefined;
  /** For each request, milliseconds. Default 1,000: the service is on the host itself. */
  readonly timeoutMs?: number | undefined;
  /** Default `process.env`. */
  readonly env?: EnvironmentVariables | undefined;
}

export interface EcsRamRoleOptions extends EcsRamRoleRequest, FreshnessOptions {}

const securityCredentials = '/latest/meta-data/ram/security-credentials/';
const tokenTtlSeconds = 21_600;

const InstanceCredentials = t.intersection([
  t.type({
    Code: t.literal('Success'),
    AccessKeyId: NonEmptyString,
    AccessKeySecret: NonEmptyString,
    SecurityToken: NonEmptyString,
    Expiration: UtcTime,
  }),
  t.partial({ LastUpdated: UtcTime }),
]);

/**
 * The RAM role of the ECS instance the process runs on, through the instance metadata service in hardened mode.
 *
 * A cold start takes two requests (token, credential), or three when the role's name is not given; a refresh takes one while
 * the metadata token (6 hours) lasts. Proxies are ignored, redirects not followed, and an answer has at most 64 KiB.
 *
 * `getCredentials` rejects with MetadataServiceUnreachableError, HardenedModeUnsupportedError, HardenedModeRequiredError,
 * RoleNotAttachedError, UnexpectedStatusError, MalformedResponseError or ExpiredCredentialsError.
 *
 * @throws InvalidConfigurationError when `endpoint` is no HTTP address
 * @see https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
 */
export function ecsRamRole(options: EcsRamRoleOptions = {}): CredentialsProvider {
  return freshCredentials(ecsRamRoleSource(options), options);
}

export function ecsRamRoleSource(options: EcsRamRoleRequest): CredentialsSource {
  const { endpoint = 'http://100.100.100.200', timeoutMs = 1_000, env = process.env } = options;
  const allowPlainReads = options.allowImdsV1 === true && !isTrue(env.ALIBABA_CLOUD_IMDSV1_DISABLED);
  const configuredRole = options.roleName || env.ALIBABA_CLOUD_ECS_METADATA || undefined;
  const base = endpointUrl(endpoint);
  const origin = base.origin;
  let token: { readonly value: string; readonly until: number } | undefined;
  let discoveredRole: string | undefined;

  async function send(
    method: 'GET' | 'PUT',
    path: string,
    headers: Record<string, string>,
    signal: AbortSignal,
  ) {
    try {
      return await boundedRequest({
        method,
        url: new URL(path, base),
        headers,
        timeoutMs,
        route: 'direct',
        signal,
      });
    } catch (error) {
      if (error instanceof RequestFailure) throw new MetadataServiceUnreachableError(origin, error.message);
      throw error;
    }
  }

  /** A metadata token, or undefined where only plain reads are to be had and they are allowed. */
  async function freshToken(signal: AbortSignal): Promise<string | undefined> {
    const ttl = { 'x-aliyun-ecs-metadata-token-ttl-seconds': String(tokenTtlSeconds) };
    const response = await send('PUT', '/latest/api/token', ttl, signal);
    if (response.status === 200) {
      const value = response.text.trim();
      // It becomes a header; anything else (an HTML page of a captive portal, say) is no token.
      if (!/^[\x21-\x7e]{1,4096}$/.test(value)) {
        throw new MalformedResponseError(
          "The metadata service's answer to PUT /latest/api/token",
          '$',
          'a token',
        );
      }
      token = { value, until: performance.now() + (tokenTtlSeconds - 60) * 1_000 };
      return value;
    }
    if (response.status === 429 || response.status >= 500) {
      throw new UnexpectedStatusError(`PUT ${origin}/latest/api/token`, response.status);
    }
    if (!allowPlainReads) throw new HardenedModeUnsupportedError(origin, response.status);
    return undefined;
  }

  async function read(path: string, signal: AbortSignal): Promise<BoundedResponse> {
    const headersWith = (value: string | undefined): Record<string, string> =>
      value === undefined ? {} : { 'x-aliyun-ecs-metadata-token': value };
    if (token !== undefined && performance.now() < token.until) {
      const response = await send('GET', path, headersWith(token.value), signal);
      // A token dies with a restart of the service, or with a change of the instance's metadata options.
      if (response.status !== 401 && response.status !== 403) return response;
    }
    token = undefined;
    const value = await freshToken(signal);
    const response = await send('GET', path, headersWith(value), signal);
    if (response.status === 403 && value === undefined) throw new HardenedModeRequiredError(origin);
    return response;
  }

  async function discoverRole(signal: AbortSignal): Promise<string> {
    const response = await read(securityCredentials, signal);
    const name = response.text.trim();
    if (response.status === 404 || (response.status === 200 && name === ''))
      throw new RoleNotAttachedError(undefined);
    if (response.status !== 200)
      throw new UnexpectedStatusError(`GET ${origin}${securityCredentials}`, response.status);
    if (!/^[A-Za-z0-9.@_-]{1,64}$/.test(name)) {
      throw new MalformedResponseError(
        `The metadata service's answer to GET ${securityCredentials}`,
        '$',
        'a role name',
      );
    }
    discoveredRole = name;
    return name;
  }

  async function readCredentials({ signal, clock }: FetchContext): Promise<FetchedCredentials> {
    if (isTrue(env.ALIBABA_CLOUD_ECS_METADATA_DISABLED)) {
      throw new ProviderNotConfiguredError('ALIBABA_CLOUD_ECS_METADATA_DISABLED is true.');
    }
    const roleName = configuredRole ?? discoveredRole ?? (await discoverRole(signal));
    const path = `${securityCredentials}${encodeURIComponent(roleName)}`;
    const response = await read(path, signal);
    if (response.status === 404) {
      // Another role may have been attached instead: the next attempt asks for the name again.
      discoveredRole = undefined;
      throw new RoleNotAttachedError(roleName);
    }
    if (response.status !== 200) throw new UnexpectedStatusError(`GET ${origin}${path}`, response.status);
    const answer = decodeJson(
      InstanceCredentials,
      response.text,
      `The metadata service's answer to GET ${path}`,
    );
    // The credential was made at LastUpdated, so the service's clock cannot show less.
    const shown = Math.max(response.serviceTimeMs ?? 0, answer.LastUpdated?.getTime() ?? 0);
    if (shown > 0) clock.observe(shown);
    return {
      accessKeyId: answer.AccessKeyId,
      accessKeySecret: answer.AccessKeySecret,
      securityToken: answer.SecurityToken,
      expiration: answer.Expiration,
    };
  }

  return { providerName: 'ecs_ram_role', fetch: readCredentials };
}

function endpointUrl(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new InvalidConfigurationError(
      `ecsRamRole: endpoint must be an HTTP address such as http://100.100.100.200, not ${JSON.stringify(endpoint)}.`,
    );
  }
  return url;
}
