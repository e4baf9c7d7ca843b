import { randomInt } from 'node:crypto';
import { newAccessKeyId, newSecret, randomName } from '../identities/directory.ts';
import type { SeedAccount } from './seed.ts';

/** The account of a cloud that is started without a seed. */
export const defaultAccountId = '1000000000000001';

/** An account with an administrator, who has an AccessKey, and one instance without a role. */
export function defaultAccount(id: string): SeedAccount {
  return withAdministrator({ id, instances: [{ id: `i-bp1${randomName(17).toLowerCase()}` }] });
}

/** The account with a RAM user `administrator` added, unless it has one of that name. */
export function withAdministrator(account: SeedAccount): SeedAccount {
  const { users = [] } = account;
  if (users.some(({ name }) => name === 'administrator')) return account;
  return {
    ...account,
    users: [
      {
        name: 'administrator',
        accessKeys: [{ id: newAccessKeyId(), secret: newSecret() }],
        policies: ['AdministratorAccess'],
      },
      ...users,
    ],
  };
}

/** An account id that is not in use: 16 digits, the first of which is no zero. */
export function newAccountId(isTaken: (id: string) => boolean): string {
  for (;;) {
    const id = `${randomInt(10_000_000, 100_000_000)}${String(randomInt(100_000_000)).padStart(8, '0')}`;
    if (!isTaken(id)) return id;
  }
}
