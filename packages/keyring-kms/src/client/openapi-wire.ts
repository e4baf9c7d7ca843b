import type { KmsEndpoint } from './endpoint.ts';
import type { KmsWire } from './wire.ts';

interface OpenApiClient {
  callApi(
    parameters: Readonly<Record<string, string>>,
    request: { readonly body: Record<string, string> },
    runtime: { readonly connectTimeout: number; readonly readTimeout: number },
  ): Promise<unknown>;
}
type OpenApiClientClass = new (config: Record<string, unknown>) => OpenApiClient;

async function loadClient(): Promise<OpenApiClientClass> {
  const loaded: { default?: unknown } = await import('@alicloud/openapi-client');
  const commonJs = loaded.default as { default?: unknown };
  return (commonJs.default ?? commonJs) as OpenApiClientClass;
}

/**
 * A gateway with a certificate authority of its own, as a dedicated instance has, through `@alicloud/openapi-client`
 * (signature ACS3-HMAC-SHA256, everything in headers): `@alicloud/kms20160120` has no way to be given a CA.
 *
 * @param ca - the CA's certificates in PEM.
 */
export function openApiWire(region: string, endpoint: KmsEndpoint, ca: string): KmsWire {
  let client: Promise<OpenApiClient> | undefined;
  const connect = async (): Promise<OpenApiClient> =>
    new (await loadClient())({
      regionId: region,
      endpoint: endpoint.host,
      protocol: endpoint.protocol,
      ca,
      credential: {},
    });
  return async ({ action, parameters, credentials, connectTimeoutMs, readTimeoutMs }) => {
    const snapshot = {
      accessKeyId: credentials.accessKeyId,
      accessKeySecret: credentials.accessKeySecret,
      securityToken: credentials.securityToken ?? '',
      type: credentials.securityToken === undefined ? 'access_key' : 'sts',
    };
    // Loaded when first needed: most processes never talk to a dedicated instance.
    client ??= connect();
    const attempt: OpenApiClient = Object.create(await client, {
      _credential: { value: { getCredential: async () => snapshot } },
    });
    const answer = await attempt.callApi(
      {
        action,
        version: '2016-01-20',
        protocol: endpoint.protocol.toUpperCase(),
        method: 'POST',
        authType: 'AK',
        style: 'RPC',
        pathname: '/',
        reqBodyType: 'formData',
        bodyType: 'json',
      },
      { body: { ...parameters } },
      { connectTimeout: connectTimeoutMs, readTimeout: readTimeoutMs },
    );
    return (answer as { readonly body?: unknown }).body;
  };
}
