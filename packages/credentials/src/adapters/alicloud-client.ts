import type { CredentialsProvider } from '../credentials.ts';
import { toAlicloudCredential } from './alicloud-credential.ts';

/**
 * Give a provider to an official client that takes no credential object in its configuration, as `@alicloud/oss-client` does
 * not. Every official client keeps what it reads from in `_credential`; create it with any type that needs no secret, then:
 *
 * ```ts
 * const client = setCredential(new OSS(new Config({ type: 'ecs_ram_role', regionId })), provider);
 * ```
 *
 * @returns the same client
 */
export function setCredential<Client extends object>(client: Client, provider: CredentialsProvider): Client {
  return Object.assign(client, { _credential: toAlicloudCredential(provider) });
}
