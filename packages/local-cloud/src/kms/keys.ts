import { randomUUID } from 'node:crypto';
import type { RpcCall } from '../http/rpc-service.ts';
import type { Platform } from '../platform.ts';
import { kmsError } from './errors.ts';
import { generateSymmetricMaterial } from './key-material.ts';
import {
  aliasKey,
  isSymmetric,
  type KeyRecord,
  type KeyVersionRecord,
  type KmsState,
  kmsArn,
  openKms,
} from './records.ts';

/**
 * The key that a call names by id, ARN or alias, once RAM has allowed `action` on it.
 *
 * @throws ServiceError the refusal, `Forbidden.KeyNotFound`, `Forbidden.AliasNotFound`
 */
export function authorizedKey(call: RpcCall, name: string, action = `kms:${call.operation}`): KeyRecord {
  const { platform, region, caller } = call;
  const { accountId } = caller;
  const found = findKey(platform, region, accountId, name);
  if (typeof found === 'object') {
    call.authorize(action, kmsArn.key(found), tagContext(found));
    return found;
  }
  // Whether a key is there is told only to those who could use it.
  const keyId = name.startsWith('acs:') ? name.slice(name.indexOf('/') + 1) : name;
  call.authorize(action, kmsArn.key({ region, accountId, keyId }));
  throw found === 'no-alias' ? kmsError.aliasNotFound() : kmsError.keyNotFound();
}

/** Condition keys that come from a resource's tags. */
export function tagContext({
  tags,
}: {
  readonly tags: Readonly<Record<string, string>>;
}): Record<string, string> {
  const context: Record<string, string> = {};
  for (const [key, value] of Object.entries(tags)) {
    context[`kms:tag/${key}`] = value;
    context[`acs:ResourceTag/${key}`] = value;
  }
  return context;
}

export function findKey(
  platform: Platform,
  region: string,
  accountId: string,
  name: string,
): KeyRecord | 'no-key' | 'no-alias' {
  const kms = openKms(platform.store);
  let id = name;
  const arn = /^acs:kms:([^:]*):([^:]*):(key\/|alias\/)(.+)$/.exec(name);
  if (arn !== null) {
    if (arn[1] !== region || arn[2] !== accountId) return 'no-key';
    id = arn[3] === 'key/' ? (arn[4] as string) : `alias/${arn[4]}`;
  }
  if (id.startsWith('alias/')) {
    const alias = kms.aliases.get(aliasKey(region, accountId, id));
    if (alias === undefined) return 'no-alias';
    id = alias.keyId;
  }
  const key = currentKey(platform, id);
  return key !== undefined && key.region === region && key.accountId === accountId ? key : 'no-key';
}

/** A key as the clock has left it: deleted, rotated or without its imported material since it was last looked at. */
export function currentKey(platform: Platform, keyId: string): KeyRecord | undefined {
  const kms = openKms(platform.store);
  const key = kms.keys.get(keyId);
  if (key === undefined) return undefined;
  const now = platform.clock.now();
  if (key.state === 'PendingDeletion' && key.deleteDate !== undefined && now >= key.deleteDate) {
    platform.store.transaction(() => removeKey(kms, key));
    return undefined;
  }
  if (
    key.materialExpireTime !== undefined &&
    key.state !== 'PendingDeletion' &&
    now >= key.materialExpireTime
  )
    return platform.store.transaction(() => removeMaterial(kms, key));
  if (key.rotationSeconds !== undefined && key.state === 'Enabled') {
    const due = key.lastRotationDate + key.rotationSeconds * 1000;
    if (now >= due) return platform.store.transaction(() => rotate(kms, key, now));
  }
  return key;
}

function rotate(kms: KmsState, key: KeyRecord, now: number): KeyRecord {
  const interval = (key.rotationSeconds as number) * 1000;
  const missed = Math.floor((now - key.lastRotationDate) / interval);
  const createDate = key.lastRotationDate + missed * interval;
  const version = addVersion(
    kms,
    key,
    generateSymmetricMaterial(key.keySpec as 'Aliyun_AES_256'),
    createDate,
  );
  const rotated = { ...key, primaryVersion: version.keyVersionId, lastRotationDate: createDate };
  kms.keys.put(key.keyId, rotated);
  return rotated;
}

function removeKey(kms: KmsState, key: KeyRecord): void {
  for (const version of versionsOf(kms, key.keyId)) kms.versions.delete(version.keyVersionId);
  for (const [name, alias] of [...kms.aliases.entries()])
    if (alias.keyId === key.keyId) kms.aliases.delete(name);
  kms.keys.delete(key.keyId);
}

/** Takes imported material away: the key waits for the same material again. */
export function removeMaterial(kms: KmsState, key: KeyRecord): KeyRecord {
  // The version's id stays, so that ciphertexts can be decrypted after the material is back.
  for (const version of versionsOf(kms, key.keyId))
    kms.versions.put(version.keyVersionId, { ...version, material: '' });
  const waiting: KeyRecord = { ...key, state: 'PendingImport', materialExpireTime: undefined };
  kms.keys.put(key.keyId, waiting);
  return waiting;
}

export function addVersion(
  kms: KmsState,
  key: KeyRecord,
  material: string,
  createDate: number,
): KeyVersionRecord {
  const version: KeyVersionRecord = { keyVersionId: randomUUID(), keyId: key.keyId, createDate, material };
  kms.versions.put(version.keyVersionId, version);
  return version;
}

/** Oldest first. */
export function versionsOf(kms: KmsState, keyId: string): KeyVersionRecord[] {
  return Array.from(kms.versions.values())
    .filter((version) => version.keyId === keyId)
    .sort((a, b) => a.createDate - b.createDate || (a.keyVersionId < b.keyVersionId ? -1 : 1));
}

/** @throws ServiceError `Rejected.<state>` unless the key is enabled */
export function requireEnabled(key: KeyRecord): void {
  if (key.state !== 'Enabled') throw kmsError.state(key.state);
}

/** @throws ServiceError `UnsupportedOperation`, `Rejected.<state>` */
export function requireSymmetric(key: KeyRecord): void {
  if (!isSymmetric(key.keySpec))
    throw kmsError.unsupported(`its KeySpec is ${key.keySpec}, and a symmetric one is needed`);
  requireEnabled(key);
}

/** The version that new ciphertexts are made with. */
export function primaryVersion(kms: KmsState, key: KeyRecord): KeyVersionRecord {
  const version = key.primaryVersion === undefined ? undefined : kms.versions.get(key.primaryVersion);
  if (version === undefined) throw kmsError.state('PendingImport');
  return version;
}
