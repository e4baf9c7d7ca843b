import { LocalCloudError } from '../errors.ts';
import type { Directory } from '../identities/directory.ts';

export interface Administrator {
  readonly accountId: string;
  readonly userName: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}

/**
 * The first user with AdministratorAccess and an AccessKey, of one account or of any.
 *
 * @throws LocalCloudError `SeedInvalid` when there is none
 */
export function findAdministrator(directory: Directory, account?: string): Administrator {
  for (const { kind, accountId, name, attachments } of directory.attachments.values()) {
    if (account !== undefined && accountId !== account) continue;
    if (kind !== 'user' || !attachments.some(({ policyName }) => policyName === 'AdministratorAccess'))
      continue;
    for (const key of directory.accessKeys.values())
      if (key.accountId === accountId && key.userName?.toLowerCase() === name.toLowerCase())
        return {
          accountId,
          userName: key.userName,
          accessKeyId: key.accessKeyId,
          accessKeySecret: key.accessKeySecret,
        };
  }
  throw new LocalCloudError(
    'SeedInvalid',
    'the seed has no user with AdministratorAccess and an AccessKey; give one of its users `policies: [AdministratorAccess]` and `accessKeys`',
  );
}
