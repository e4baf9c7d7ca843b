import Kms from '@alicloud/kms20160120';
import type { KmsEndpoint } from './endpoint.ts';
import type { KmsWire } from './wire.ts';

/** What is used of the official client, whose own declarations do not type-check on their own. */
interface RpcClient {
  doRequest(
    action: string,
    protocol: string,
    method: string,
    version: string,
    authType: string,
    query: null,
    body: Record<string, string>,
    runtime: { readonly connectTimeout: number; readonly readTimeout: number },
  ): Promise<unknown>;
}
type RpcClientClass = new (config: Record<string, unknown>) => RpcClient;

// A CommonJS module with an `__esModule` flag: under Node.js's ESM loader the class is one `default` further down.
const KmsRpcClient = ((Kms as unknown as { default?: unknown }).default ?? Kms) as unknown as RpcClientClass;

/** The credential object the official client asks three times for each signature. */
interface OneSnapshot {
  getAccessKeyId(): Promise<string>;
  getAccessKeySecret(): Promise<string>;
  getSecurityToken(): Promise<string>;
}

/**
 * The shared gateway through `@alicloud/kms20160120` (signature version 1.0).
 *
 * Its typed methods put every parameter into the URL's query; its general `doRequest` also takes a form body, and signs
 * both alike. So parameters go into the body, and so does the security token, which the client would otherwise add to the
 * query: the credential it is shown has none, and `SecurityToken` is one of the parameters.
 */
export function rpcWire(region: string, endpoint: KmsEndpoint): KmsWire {
  const client = new KmsRpcClient({
    regionId: region,
    endpoint: endpoint.host,
    protocol: endpoint.protocol,
    credential: snapshotOf({ accessKeyId: '', accessKeySecret: '' }),
  });
  return ({ action, parameters, credentials, connectTimeoutMs, readTimeoutMs }) => {
    // The same client (its endpoint, its settings) for one attempt with one snapshot of the credentials.
    const attempt: RpcClient = Object.create(client, { _credential: { value: snapshotOf(credentials) } });
    const token = credentials.securityToken;
    const body =
      token === undefined || token === '' ? { ...parameters } : { ...parameters, SecurityToken: token };
    return attempt.doRequest(action, 'HTTPS', 'POST', '2016-01-20', 'AK', null, body, {
      connectTimeout: connectTimeoutMs,
      readTimeout: readTimeoutMs,
    });
  };
}

function snapshotOf(credentials: { accessKeyId: string; accessKeySecret: string }): OneSnapshot {
  return {
    getAccessKeyId: async () => credentials.accessKeyId,
    getAccessKeySecret: async () => credentials.accessKeySecret,
    getSecurityToken: async () => '',
  };
}
