import type { Collection, Store } from '../store/store.ts';

export const keySpecs = [
  'Aliyun_AES_256',
  'Aliyun_SM4',
  'RSA_2048',
  'RSA_3072',
  'EC_P256',
  'EC_P256K',
  'EC_SM2',
] as const;
export type KeySpec = (typeof keySpecs)[number];
export type KeyUsage = 'ENCRYPT/DECRYPT' | 'SIGN/VERIFY';
export type KeyState = 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport';

/** A customer master key. Times are milliseconds since the epoch on the local clock. */
export interface KeyRecord {
  readonly keyId: string;
  readonly accountId: string;
  readonly region: string;
  readonly keySpec: KeySpec;
  readonly keyUsage: KeyUsage;
  readonly origin: 'Aliyun_KMS' | 'EXTERNAL';
  readonly protectionLevel: 'SOFTWARE' | 'HSM';
  readonly state: KeyState;
  readonly description: string;
  readonly createDate: number;
  /** The version that new ciphertexts are made with; none while the material has not been imported. */
  readonly primaryVersion?: string | undefined;
  readonly lastRotationDate: number;
  /** Seconds between automatic rotations, when they are enabled. */
  readonly rotationSeconds?: number | undefined;
  readonly deleteDate?: number | undefined;
  readonly materialExpireTime?: number | undefined;
  /** SHA-256 of the imported material, hex: only the same material may be imported again. */
  readonly importedMaterialHash?: string | undefined;
  readonly deletionProtection?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** Key material. In base64: the raw key of a symmetric one, PKCS #8 in DER of an asymmetric one. */
export interface KeyVersionRecord {
  readonly keyVersionId: string;
  readonly keyId: string;
  readonly createDate: number;
  readonly material: string;
}

export interface AliasRecord {
  /** `alias/…` */
  readonly aliasName: string;
  readonly accountId: string;
  readonly region: string;
  readonly keyId: string;
}

/** The collections of KMS. */
export interface KmsState {
  /** By key id. */
  readonly keys: Collection<KeyRecord>;
  /** By version id. */
  readonly versions: Collection<KeyVersionRecord>;
  /** By `aliasKey`. */
  readonly aliases: Collection<AliasRecord>;
}

export function openKms(store: Store): KmsState {
  return {
    keys: store.collection('kms/keys'),
    versions: store.collection('kms/keyVersions', { sealed: true }),
    aliases: store.collection('kms/aliases'),
  };
}

export function aliasKey(region: string, accountId: string, aliasName: string): string {
  return `${region}/${accountId}/${aliasName}`;
}

export const kmsArn = {
  key: (key: Pick<KeyRecord, 'region' | 'accountId' | 'keyId'>) =>
    `acs:kms:${key.region}:${key.accountId}:key/${key.keyId}`,
  keys: (region: string, accountId: string) => `acs:kms:${region}:${accountId}:key`,
  alias: (region: string, accountId: string, aliasName: string) =>
    `acs:kms:${region}:${accountId}:${aliasName}`,
  aliases: (region: string, accountId: string) => `acs:kms:${region}:${accountId}:alias`,
  secret: (region: string, accountId: string, name: string) =>
    `acs:kms:${region}:${accountId}:secret/${name}`,
  secrets: (region: string, accountId: string) => `acs:kms:${region}:${accountId}:secret`,
};

export function isSymmetric(spec: KeySpec): boolean {
  return spec.startsWith('Aliyun_');
}
