import {
  type AlicloudKmsClient,
  alicloudKmsClient,
  type KmsConnectionOptions,
} from './alicloud-kms-client.ts';
import { defaultCredentials } from './default-credentials.ts';

/** How the KMS of several regions is reached. */
export interface RegionalKmsOptions extends Omit<KmsConnectionOptions, 'ca'> {
  /**
   * A host or URL for every region, or one for each (`undefined`: the region's own gateway). A dedicated instance is
   * `https://<instance id>.cryptoservice.kms.aliyuncs.com`, with its certificates in `ca`.
   */
  readonly endpoint?: string | ((region: string) => string | undefined) | undefined;
  /** Certificates, in PEM, of the authority that signed the endpoint's; for every region, or one for each. */
  readonly ca?: string | ((region: string) => string | undefined) | undefined;
}

/**
 * One client per region, made when first asked for. Hand the same function to several keyrings (their `client` option) and
 * they share connections, pacing and circuit breakers.
 */
export function regionalKmsClients(options: RegionalKmsOptions = {}): (region: string) => AlicloudKmsClient {
  const clients = new Map<string, AlicloudKmsClient>();
  const credentials = options.credentials ?? defaultCredentials();
  return (region) => {
    let client = clients.get(region);
    if (client === undefined) {
      const { endpoint, ca } = options;
      client = alicloudKmsClient({
        ...options,
        region,
        credentials,
        endpoint: typeof endpoint === 'function' ? endpoint(region) : endpoint,
        ca: typeof ca === 'function' ? ca(region) : ca,
      });
      clients.set(region, client);
    }
    return client;
  };
}
