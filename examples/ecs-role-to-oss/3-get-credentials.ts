import { type CredentialsProvider, ecsRamRole } from '@yunseal/credentials';
import type { LocalCloud } from '@yunseal/local-cloud';
import { ROLE_NAME } from './names.ts';

/**
 * Step 3: on an instance, `ecsRamRole()` is all there is to configure. It reads the metadata service in hardened mode,
 * and keeps the credentials fresh from here on. Here the instance is told the local cloud's address and time.
 */
export function credentialsOfTheInstance(cloud: LocalCloud): CredentialsProvider {
  return ecsRamRole({ roleName: ROLE_NAME, endpoint: cloud.endpoints.imds, now: cloud.clock.now });
}
