import { createHash, randomBytes } from 'node:crypto';
import type { Collection, Store } from '../store/store.ts';
import type {
  AccessKeyRecord,
  AccountRecord,
  AttachmentsRecord,
  EntityKind,
  GroupRecord,
  OidcProviderRecord,
  PolicyRecord,
  RoleRecord,
  SessionRecord,
  UserRecord,
} from './records.ts';

/** The collections of everything that has, or gives, an identity. Keys are `<account>/<name>` unless said otherwise. */
export interface Directory {
  /** By account id. */
  readonly accounts: Collection<AccountRecord>;
  readonly users: Collection<UserRecord>;
  /** By AccessKey id. */
  readonly accessKeys: Collection<AccessKeyRecord>;
  readonly groups: Collection<GroupRecord>;
  readonly roles: Collection<RoleRecord>;
  readonly policies: Collection<PolicyRecord>;
  /** By `<account>/<kind>/<name>`. */
  readonly attachments: Collection<AttachmentsRecord>;
  /** By the session's AccessKey id. */
  readonly sessions: Collection<SessionRecord>;
  readonly oidcProviders: Collection<OidcProviderRecord>;
}

export function openDirectory(store: Store): Directory {
  return {
    accounts: store.collection('accounts'),
    users: store.collection('users'),
    accessKeys: store.collection('accessKeys', { sealed: true }),
    groups: store.collection('groups'),
    roles: store.collection('roles'),
    policies: store.collection('policies'),
    attachments: store.collection('attachments'),
    sessions: store.collection('sessions', { sealed: true }),
    oidcProviders: store.collection('oidcProviders'),
  };
}

/** RAM compares the names of its entities without regard to case. */
export function entityKey(accountId: string, name: string): string {
  return `${accountId}/${name.toLowerCase()}`;
}

export function attachmentsKey(accountId: string, kind: EntityKind, name: string): string {
  return `${accountId}/${kind}/${name.toLowerCase()}`;
}

const alphanumerics = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** `length` characters drawn evenly from letters and digits by the platform's CSPRNG. */
export function randomName(length: number): string {
  let name = '';
  while (name.length < length)
    for (const byte of randomBytes(2 * length)) {
      // 248 = 4 × 62: larger bytes would favour the first letters.
      if (byte < 248 && name.length < length) name += alphanumerics[byte % 62];
    }
  return name;
}

export const newAccessKeyId = () => `LTAI5t${randomName(18)}`;
export const newSessionKeyId = () => `STS.N${randomName(24)}`;
export const newSecret = () => randomName(30);
export const newSessionSecret = () => randomName(44);
export const newSecurityToken = () => `CAIS${randomBytes(240).toString('base64')}`;

/** A numeric id such as users, groups and roles have; the same for the same entity, so that seeds are repeatable. */
export function entityId(
  prefix: '2' | '3' | 'g-',
  accountId: string,
  kind: string,
  name: string,
  created: number,
): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([accountId, kind, name, created]))
    .digest();
  const digits = (hash.readBigUInt64BE(0) % 10n ** 17n).toString().padStart(17, '0');
  return prefix === 'g-' ? `g-${digits}` : `${prefix}${digits}`;
}

/** The resource names of RAM's entities. */
export const arn = {
  root: (accountId: string) => `acs:ram::${accountId}:root`,
  user: (accountId: string, userName: string) => `acs:ram::${accountId}:user/${userName}`,
  group: (accountId: string, groupName: string) => `acs:ram::${accountId}:group/${groupName}`,
  role: (accountId: string, roleName: string) => `acs:ram::${accountId}:role/${roleName.toLowerCase()}`,
  policy: (accountId: string, policyName: string) => `acs:ram::${accountId}:policy/${policyName}`,
  assumedRole: (accountId: string, roleName: string, sessionName: string) =>
    `acs:ram::${accountId}:assumed-role/${roleName}/${sessionName}`,
};
