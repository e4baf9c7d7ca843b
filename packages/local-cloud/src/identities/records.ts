/** What RAM keeps, as plain records. Times are milliseconds since the epoch on the local clock. */

export interface AccountRecord {
  readonly accountId: string;
}

export interface UserRecord {
  readonly accountId: string;
  readonly userName: string;
  readonly userId: string;
  readonly displayName: string;
  readonly mobilePhone: string;
  readonly email: string;
  readonly comments: string;
  readonly createDate: number;
  readonly updateDate: number;
}

/** A long-lived AccessKey. Without `userName` it is the account's own (root). */
export interface AccessKeyRecord {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly accountId: string;
  readonly userName?: string | undefined;
  readonly status: 'Active' | 'Inactive';
  readonly createDate: number;
}

export interface GroupRecord {
  readonly accountId: string;
  readonly groupName: string;
  readonly groupId: string;
  readonly comments: string;
  readonly createDate: number;
  readonly updateDate: number;
  /** User names. */
  readonly members: readonly { readonly userName: string; readonly joinDate: number }[];
}

export interface RoleRecord {
  readonly accountId: string;
  readonly roleName: string;
  readonly roleId: string;
  readonly description: string;
  readonly trustPolicy: string;
  readonly maxSessionDuration: number;
  readonly createDate: number;
  readonly updateDate: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface PolicyVersionRecord {
  readonly versionId: string;
  readonly document: string;
  readonly createDate: number;
}

export interface PolicyRecord {
  readonly accountId: string;
  readonly policyName: string;
  readonly description: string;
  readonly createDate: number;
  readonly updateDate: number;
  readonly defaultVersion: string;
  /** The number of the next version: numbers are never used twice. */
  readonly nextVersion: number;
  readonly versions: readonly PolicyVersionRecord[];
  readonly tags: Readonly<Record<string, string>>;
}

export type PolicyType = 'System' | 'Custom';
export type EntityKind = 'user' | 'group' | 'role';

export interface Attachment {
  readonly policyType: PolicyType;
  readonly policyName: string;
  readonly attachDate: number;
}

/** The policies attached to one user, group or role. */
export interface AttachmentsRecord {
  readonly accountId: string;
  readonly kind: EntityKind;
  readonly name: string;
  readonly attachments: readonly Attachment[];
}

/** A role session: temporary credentials and who they are. */
export interface SessionRecord {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken: string;
  readonly accountId: string;
  readonly roleName: string;
  readonly roleId: string;
  readonly sessionName: string;
  /** A policy document that narrows what the role may, for this session. */
  readonly sessionPolicy?: string | undefined;
  readonly issued: number;
  readonly expiration: number;
  /** Who assumed the role: an ARN, or the name of a service. */
  readonly issuedTo: string;
}

export interface OidcProviderRecord {
  readonly accountId: string;
  readonly providerName: string;
  readonly issuer: string;
  readonly clientIds: readonly string[];
  /** The issuer's public keys (RFC 7517). */
  readonly jwks: string;
}
