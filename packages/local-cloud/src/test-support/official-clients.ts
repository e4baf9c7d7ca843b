import Credential, { Config } from '@alicloud/credentials';
import Ecs from '@alicloud/ecs20140526';
import Kms from '@alicloud/kms20160120';
import Ram from '@alicloud/ram20150501';
import Sts from '@alicloud/sts20150401';
import type { LocalCloud } from '../local-cloud.ts';

/** The official clients, unmodified, pointed at a local cloud: what tests speak to it with. */

export interface TestCredentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string | undefined;
}

/** The packages are CommonJS with a `default` export, which Vitest unwraps and Node.js does not. */
function constructorOf<T>(module: { default: T }): T {
  return typeof module === 'function' ? (module as T) : module.default;
}

function config(cloud: LocalCloud, url: string, credentials: TestCredentials = cloud.administrator) {
  const { accessKeyId, accessKeySecret, securityToken } = credentials;
  const { host, protocol } = new URL(url);
  return {
    accessKeyId,
    accessKeySecret,
    ...(securityToken === undefined ? {} : { securityToken }),
    endpoint: host,
    protocol: protocol.slice(0, -1),
    regionId: cloud.region,
  };
}

export const ramClient = (cloud: LocalCloud, credentials?: TestCredentials) =>
  new (constructorOf(Ram))(config(cloud, cloud.endpoints.ram, credentials) as never);

export const ecsClient = (cloud: LocalCloud, credentials?: TestCredentials) =>
  new (constructorOf(Ecs))(config(cloud, cloud.endpoints.ecs, credentials) as never);

export const stsClient = (cloud: LocalCloud, credentials?: TestCredentials, options: object = {}) =>
  new (constructorOf(Sts))({ ...config(cloud, cloud.endpoints.sts, credentials), ...options } as never);

/** The client that the official ones read their credentials by. */
export const officialCredential = (config: object) => new (constructorOf(Credential))(new Config(config));

/** Answers and errors of KMS as they come over the wire, by the client's general method. */
export type KmsCaller = (
  action: string,
  parameters?: Record<string, string | number>,
) => Promise<Record<string, never>>;

/**
 * @param options.body puts the parameters into a form instead of the query
 */
export function kmsCaller(
  cloud: LocalCloud,
  credentials?: TestCredentials,
  options: { url?: string; body?: boolean } = {},
): KmsCaller {
  const client = new (constructorOf(Kms))(
    config(cloud, options.url ?? cloud.endpoints.kms, credentials) as never,
  );
  return async (action, parameters = {}) => {
    const query = options.body === true ? null : parameters;
    const body = options.body === true ? parameters : null;
    const answer = await client.doRequest(
      action,
      'HTTP',
      'POST',
      '2016-01-20',
      'AK',
      query as never,
      body as never,
      {} as never,
    );
    return answer as Record<string, never>;
  };
}

/** The service's code of the error that a call ends in; fails when it does not. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    // The older client appends "Error" to the service's code.
    return String((error as { code?: unknown }).code).replace(/Error$/, '');
  }
  throw new Error('the call succeeded');
}

/** Reads the instance's role credentials from the metadata service, as the documents do. */
export async function instanceCredentials(imds: string): Promise<TestCredentials & { expiration: Date }> {
  const base = `${imds}/latest/meta-data/ram/security-credentials/`;
  const role = await (await fetch(base)).text();
  const answer = (await (await fetch(base + role)).json()) as Record<string, string>;
  return {
    accessKeyId: answer.AccessKeyId as string,
    accessKeySecret: answer.AccessKeySecret as string,
    securityToken: answer.SecurityToken as string,
    expiration: new Date(answer.Expiration as string),
  };
}
