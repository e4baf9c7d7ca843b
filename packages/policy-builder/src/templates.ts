import type { Policy } from './model/policy.ts';
import { policy, trustPolicy } from './write/policy.ts';
import { service } from './write/principal.ts';
import { ecs, kms, oss, ram } from './write/services.ts';
import { allow } from './write/statement.ts';

/**
 * The policies of the scenarios in which ECS, KMS and OSS work together without a stored secret: one function for
 * each, giving the policy that the documentation prints (its mistakes corrected), or a narrower one when it is
 * told what to narrow it to.
 */

/** Names of roles that ECS looks for; a role of another name has no effect. */
export const ROLE_NAMES = {
  /** ECS assumes it to encrypt disks with a customer master key. */
  diskEncryption: 'AliyunECSDiskEncryptDefaultRole',
  /** Trusts the ECS of those with whom encrypted snapshots are shared. */
  shareEncryptedSnapshot: 'AliyunECSShareEncryptSnapshotDefaultRole',
  /** Trusts the ECS of those with whom encrypted images are shared. */
  shareEncryptedImage: 'AliyunECSShareEncryptImageDefaultRole',
} as const;

/** A key: every part is needed, since these policies are about one key. */
export interface KeyReference {
  readonly region: string;
  /** Id of the account that owns the key. */
  readonly account: string;
  readonly keyId: string;
}

/** Lets ECS of the own account assume a role: the trust policy of an instance role. */
export function ecsRoleTrust(): Policy {
  return trustPolicy(allow('sts:AssumeRole').to(service('ecs.aliyuncs.com')));
}

/** Every KMS action on everything, as the documentation prints it. Prefer {@link kmsKeyUse}. */
export function kmsFullAccess(): Policy {
  return policy(allow('kms:*').on('*'));
}

/** The two actions that envelope encryption needs, on one key. */
export function kmsKeyUse({ region, account, keyId }: KeyReference): Policy {
  return policy(allow('kms:GenerateDataKey', 'kms:Decrypt').on(kms.key({ region, account, id: keyId })));
}

/** Reading OSS: everything, or one bucket. */
export function ossReadOnly(scope: { readonly bucket?: string | undefined } = {}): Policy {
  const { bucket } = scope;
  const statement = allow('oss:Get*', 'oss:List*');
  return policy(
    bucket === undefined
      ? statement.on('*')
      : statement.on(oss.bucket({ bucket }), oss.object({ bucket, key: '*' })),
  );
}

/** What an application needs that keeps encrypted objects in one bucket, wrapped by one key. */
export function encryptedBucketApplication(scope: KeyReference & { readonly bucket: string }): Policy {
  const { region, account, keyId, bucket } = scope;
  return policy(
    allow('kms:GenerateDataKey', 'kms:Decrypt').on(kms.key({ region, account, id: keyId })),
    allow('oss:PutObject', 'oss:GetObject').on(oss.object({ account, bucket, key: '*' })),
    allow('oss:ListObjects').on(oss.bucket({ account, bucket })),
  );
}

/** Giving one role to instances. */
export function passRole(role: { readonly name: string; readonly account?: string | undefined }): Policy {
  return policy(allow('ram:PassRole').on(ram.role(role)));
}

/**
 * Creating instances with a role. Without a role's name it lets its holder pass any role, as the documentation
 * prints it: name the role.
 */
export function createInstanceWithRole(
  scope: {
    readonly action?: 'ecs:CreateInstance' | 'ecs:RunInstances' | 'ecs:*' | undefined;
    readonly role?: { readonly name: string; readonly account?: string | undefined } | undefined;
  } = {},
): Policy {
  const { action = 'ecs:CreateInstance', role } = scope;
  const pass = allow('ram:PassRole');
  return policy(allow(action).on('*'), role === undefined ? pass.on('*') : pass.on(ram.role(role)));
}

/** Attaching one role to instances that exist. */
export function attachInstanceRole(scope: {
  readonly region?: string | undefined;
  readonly account?: string | undefined;
  readonly instanceId: string;
  readonly role: { readonly name: string };
}): Policy {
  const { region, account, instanceId, role } = scope;
  return policy(
    allow('ecs:AttachInstanceRamRole', 'ecs:DetachInstanceRamRole').on(
      ecs.instance({ region, account, id: instanceId }),
    ),
    allow('ram:PassRole').on(ram.role({ account, name: role.name })),
  );
}

/** A role: what to call it, who may assume it, what it may do. */
export interface RoleTemplate {
  readonly roleName: string;
  readonly trustPolicy: Policy;
  readonly permissions: Policy;
}

/** The role with which ECS encrypts disks under a customer master key of the own account. */
export function diskEncryptionRole(key: KeyReference): RoleTemplate {
  return {
    roleName: ROLE_NAMES.diskEncryption,
    trustPolicy: ecsRoleTrust(),
    permissions: sharedKeyPermissions(key),
  };
}

/** What is shared: it settles the role's name. */
export type SharedResource = 'snapshot' | 'image';

function sharingRoleName(resource: SharedResource): string {
  return resource === 'snapshot' ? ROLE_NAMES.shareEncryptedSnapshot : ROLE_NAMES.shareEncryptedImage;
}

/** Trusts the ECS of other accounts: sharing encrypted snapshots or images with them. */
export function shareWithAccountsTrust(accounts: readonly [string, ...string[]]): Policy {
  return trustPolicy(
    allow('sts:AssumeRole').to(...accounts.map((account) => service(`${account}@ecs.aliyuncs.com`))),
  );
}

/** Trusts the ECS of every account of a resource directory. */
export function shareWithResourceDirectoryTrust(resourceDirectoryId: string): Policy {
  return trustPolicy(
    allow('sts:AssumeRole')
      .to(service('*@ecs.aliyuncs.com'))
      .when('StringEquals', { 'sts:ServiceOwnerRDId': resourceDirectoryId }),
  );
}

/**
 * Trusts the ECS of every account in a folder of a resource directory.
 *
 * @param folderPath the folder's RDPath, `<directory>/<root folder>/…/<folder>`; end it in `*` to take in what is
 * below the folder
 */
export function shareWithFolderTrust(folderPath: string): Policy {
  return trustPolicy(
    allow('sts:AssumeRole')
      .to(service('*@ecs.aliyuncs.com'))
      .when('StringLike', { 'sts:ServiceOwnerRDPath': folderPath }),
  );
}

/** What the ECS of those with whom something encrypted is shared may do with the key. */
export function sharedKeyPermissions({ region, account, keyId }: KeyReference): Policy {
  return policy(
    allow('kms:List*').on(kms.keyContainer({ region, account })),
    allow(
      'kms:DescribeKey',
      'kms:TagResource',
      'kms:UntagResource',
      'kms:Encrypt',
      'kms:Decrypt',
      'kms:GenerateDataKey',
    ).on(kms.key({ region, account, id: keyId })),
  );
}

/** The whole role for sharing something encrypted: with accounts, a resource directory, or a folder of one. */
export function shareEncrypted(
  scope: KeyReference & {
    readonly resource: SharedResource;
    readonly with:
      | { readonly accounts: readonly [string, ...string[]] }
      | { readonly resourceDirectoryId: string }
      | { readonly folderPath: string };
  },
): RoleTemplate {
  const { with: recipients } = scope;
  return {
    roleName: sharingRoleName(scope.resource),
    trustPolicy:
      'accounts' in recipients
        ? shareWithAccountsTrust(recipients.accounts)
        : 'folderPath' in recipients
          ? shareWithFolderTrust(recipients.folderPath)
          : shareWithResourceDirectoryTrust(recipients.resourceDirectoryId),
    permissions: sharedKeyPermissions(scope),
  };
}
