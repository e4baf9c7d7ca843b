import { randomUUID } from 'node:crypto';
import { isoSeconds } from '../clock/clock.ts';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { kmsError } from './errors.ts';
import { generateAsymmetricMaterial, generateSymmetricMaterial } from './key-material.ts';
import { addVersion, authorizedKey, currentKey } from './keys.ts';
import {
  isSymmetric,
  type KeyRecord,
  type KeySpec,
  type KeyUsage,
  keySpecs,
  kmsArn,
  openKms,
} from './records.ts';

const dayMs = 24 * 3_600_000;

/** CreateKey (KMS 2016-01-20). Asynchronous, as an RSA key takes its time. */
export async function createKey(call: RpcCall): Promise<Answer> {
  const { platform, parameters, caller, region } = call;
  call.authorize('kms:CreateKey', kmsArn.keys(region, caller.accountId));
  const keySpec = parameters.oneOf('KeySpec', keySpecs) ?? 'Aliyun_AES_256';
  const keyUsage = parameters.oneOf('KeyUsage', ['ENCRYPT/DECRYPT', 'SIGN/VERIFY']) ?? defaultUsage(keySpec);
  checkUsage(keySpec, keyUsage);
  const origin = parameters.oneOf('Origin', ['Aliyun_KMS', 'EXTERNAL']) ?? 'Aliyun_KMS';
  if (origin === 'EXTERNAL' && !isSymmetric(keySpec))
    throw kmsError.unsupported('material can be imported for symmetric keys only');
  const protectionLevel = parameters.oneOf('ProtectionLevel', ['SOFTWARE', 'HSM']) ?? 'SOFTWARE';
  const description = readDescription(call);
  const rotationSeconds = readRotation(call);
  if (rotationSeconds !== undefined && (!isSymmetric(keySpec) || origin === 'EXTERNAL'))
    throw kmsError.unsupported('only symmetric keys whose material KMS made rotate by themselves');
  const material =
    origin === 'EXTERNAL'
      ? undefined
      : isSymmetric(keySpec)
        ? generateSymmetricMaterial(keySpec as 'Aliyun_AES_256')
        : await generateAsymmetricMaterial(keySpec);
  const now = platform.clock.now();
  const key: KeyRecord = {
    keyId: randomUUID(),
    accountId: caller.accountId,
    region,
    keySpec,
    keyUsage,
    origin,
    protectionLevel,
    state: origin === 'EXTERNAL' ? 'PendingImport' : 'Enabled',
    description,
    createDate: now,
    lastRotationDate: now,
    rotationSeconds,
    tags: parameters.tags('Tags') ?? {},
  };
  return platform.store.transaction(() => ({
    KeyMetadata: describe(putNewKey(call.platform, key, material)),
  }));
}

/** Stores a new key and its first version, inside a transaction. */
export function putNewKey(
  platform: RpcCall['platform'],
  key: KeyRecord,
  material: string | undefined,
): KeyRecord {
  const kms = openKms(platform.store);
  const version = material === undefined ? undefined : addVersion(kms, key, material, key.createDate);
  // Asymmetric keys have no primary version: every call names the version it means.
  const whole = { ...key, primaryVersion: isSymmetric(key.keySpec) ? version?.keyVersionId : undefined };
  kms.keys.put(key.keyId, whole);
  return whole;
}

export function defaultUsage(spec: KeySpec): KeyUsage {
  return spec === 'EC_P256' || spec === 'EC_P256K' ? 'SIGN/VERIFY' : 'ENCRYPT/DECRYPT';
}

export function checkUsage(spec: KeySpec, usage: KeyUsage): void {
  if (!isFor(spec, usage)) throw kmsError.invalid('KeyUsage', `a key of KeySpec ${spec} is not for ${usage}`);
}

/** Symmetric keys encrypt, elliptic curves sign, RSA and SM2 keys are for either. */
export function isFor(spec: KeySpec, usage: KeyUsage): boolean {
  return usage === 'SIGN/VERIFY' ? !isSymmetric(spec) : spec !== 'EC_P256' && spec !== 'EC_P256K';
}

function readDescription({ parameters }: RpcCall): string {
  const description = parameters.optional('Description') ?? '';
  if (description.length > 8192) throw kmsError.invalid('Description', 'it has more than 8192 characters');
  return description;
}

function readRotation({ parameters }: RpcCall): number | undefined {
  if (parameters.boolean('EnableAutomaticRotation') !== true) return undefined;
  return parseRotationInterval(parameters.required('RotationInterval'));
}

/** `7d`, `604800s`, `168h`: from 7 days to 730. Gives seconds. */
export function parseRotationInterval(text: string): number {
  const match = /^(\d{1,9})([dhms])$/.exec(text);
  const unit = { d: 86_400, h: 3600, m: 60, s: 1 }[match?.[2] ?? ''] ?? Number.NaN;
  const seconds = Number(match?.[1]) * unit;
  if (!(seconds >= 7 * 86_400 && seconds <= 730 * 86_400))
    throw kmsError.invalid(
      'RotationInterval',
      'it must be a number and a unit (d, h, m, s), from 7 to 730 days',
    );
  return seconds;
}

/** DescribeKey (KMS 2016-01-20). */
export function describeKey(call: RpcCall): Answer {
  return { KeyMetadata: describe(authorizedKey(call, call.parameters.required('KeyId'))) };
}

function describe(key: KeyRecord): Answer {
  const { deleteDate, materialExpireTime, rotationSeconds, deletionProtection } = key;
  return {
    KeyId: key.keyId,
    Arn: kmsArn.key(key),
    CreationDate: isoSeconds(key.createDate),
    Creator: key.accountId,
    Description: key.description,
    KeySpec: key.keySpec,
    KeyState: key.state,
    KeyUsage: key.keyUsage,
    Origin: key.origin,
    ProtectionLevel: key.protectionLevel,
    PrimaryKeyVersion: key.primaryVersion ?? '',
    DeleteDate: deleteDate === undefined ? '' : isoSeconds(deleteDate),
    MaterialExpireTime: materialExpireTime === undefined ? '' : isoSeconds(materialExpireTime),
    LastRotationDate: isoSeconds(key.lastRotationDate),
    AutomaticRotation:
      rotationSeconds === undefined ? 'Disabled' : key.state === 'Enabled' ? 'Enabled' : 'Suspended',
    ...(rotationSeconds === undefined
      ? {}
      : {
          RotationInterval: `${rotationSeconds}s`,
          NextRotationDate: isoSeconds(key.lastRotationDate + rotationSeconds * 1000),
        }),
    DeletionProtection: deletionProtection === undefined ? 'Disabled' : 'Enabled',
    ...(deletionProtection === undefined ? {} : { DeletionProtectionDescription: deletionProtection }),
  };
}

/** ListKeys (KMS 2016-01-20), oldest first; with `Filters`, by state, spec and usage. */
export function listKeys(call: RpcCall): Answer {
  const { platform, caller, region } = call;
  call.authorize('kms:ListKeys', kmsArn.keys(region, caller.accountId));
  const page = readPage(call);
  const filters = readKeyFilters(call);
  const keys = Array.from(openKms(platform.store).keys.values())
    .filter((key) => key.accountId === caller.accountId && key.region === region)
    .map((key) => currentKey(platform, key.keyId))
    .filter((key) => key !== undefined)
    .filter((key) => filters.every((matches) => matches(key)))
    .sort((a, b) => a.createDate - b.createDate || (a.keyId < b.keyId ? -1 : 1));
  return {
    ...page.answer(keys.length),
    Keys: { Key: page.of(keys).map((key) => ({ KeyId: key.keyId, KeyArn: kmsArn.key(key) })) },
  };
}

function readKeyFilters(call: RpcCall): ((key: KeyRecord) => boolean)[] {
  return readFilters(call, {
    KeyState: ({ state }, values) => values.includes(state),
    KeySpec: ({ keySpec }, values) => values.includes(keySpec),
    KeyUsage: ({ keyUsage }, values) => values.includes(keyUsage),
    ProtectionLevel: ({ protectionLevel }, values) => values.includes(protectionLevel),
    CreatorType: (_key, values) => values.includes('User'),
  });
}

/**
 * The parameter Filters: a JSON array of `{"Key": …, "Values": […]}`, all of which have to match.
 *
 * @param fields the keys there are, and when one's values match
 */
export function readFilters<T>(
  { parameters }: RpcCall,
  fields: Readonly<Record<string, (one: T, values: readonly string[]) => boolean>>,
): ((one: T) => boolean)[] {
  const text = parameters.optional('Filters');
  if (text === undefined) return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw kmsError.invalid('Filters', 'it is not JSON');
  }
  if (!Array.isArray(value)) throw kmsError.invalid('Filters', 'it is not a JSON array');
  return value.map((filter: { Key?: unknown; Values?: unknown } | null) => {
    const name = filter?.Key;
    const values = filter?.Values;
    const matches = typeof name === 'string' && Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (matches === undefined || !Array.isArray(values))
      throw kmsError.invalid('Filters', `each one has a Key (${Object.keys(fields).join(', ')}) and Values`);
    return (one: T) => matches(one, values.map(String));
  });
}

/** Pages as KMS counts them. */
export function readPage({ parameters }: RpcCall): {
  of<T>(all: readonly T[]): readonly T[];
  answer(total: number): Answer;
} {
  const number = parameters.integer('PageNumber', { min: 1, max: 1_000_000, default: 1 });
  const size = parameters.integer('PageSize', { min: 0, max: 100, default: 10 });
  return {
    of: (all) => all.slice((number - 1) * size, number * size),
    answer: (total) => ({ PageNumber: number, PageSize: size, TotalCount: total }),
  };
}

/** EnableKey (KMS 2016-01-20). */
export function enableKey(call: RpcCall): Answer {
  return changeState(call, 'Enabled');
}

/** DisableKey (KMS 2016-01-20). */
export function disableKey(call: RpcCall): Answer {
  return changeState(call, 'Disabled');
}

function changeState(call: RpcCall, state: 'Enabled' | 'Disabled'): Answer {
  const key = authorizedKey(call, call.parameters.required('KeyId'));
  if (key.state !== 'Enabled' && key.state !== 'Disabled') throw kmsError.stateModified(`it is ${key.state}`);
  openKms(call.platform.store).keys.put(key.keyId, { ...key, state });
  return {};
}

/** UpdateKeyDescription (KMS 2016-01-20). */
export function updateKeyDescription(call: RpcCall): Answer {
  const key = authorizedKey(call, call.parameters.required('KeyId'));
  openKms(call.platform.store).keys.put(key.keyId, { ...key, description: readDescription(call) });
  return {};
}

/** ScheduleKeyDeletion (KMS 2016-01-20): 7 to 30 days, 30 unless said. */
export function scheduleKeyDeletion(call: RpcCall): Answer {
  const { parameters, platform } = call;
  const key = authorizedKey(call, parameters.required('KeyId'));
  const days = parameters.integer('PendingWindowInDays', { min: 7, max: 30, default: 30 });
  if (key.deletionProtection !== undefined)
    throw kmsError.stateModified('its deletion protection is enabled');
  if (key.state === 'PendingDeletion') throw kmsError.stateModified('its deletion is scheduled already');
  const deleteDate = platform.clock.now() + days * dayMs;
  openKms(platform.store).keys.put(key.keyId, { ...key, state: 'PendingDeletion', deleteDate });
  return {};
}

/** CancelKeyDeletion (KMS 2016-01-20): the key is enabled again, or waits for its material as before. */
export function cancelKeyDeletion(call: RpcCall): Answer {
  const { parameters, platform } = call;
  const key = authorizedKey(call, parameters.required('KeyId'));
  if (key.state !== 'PendingDeletion') throw kmsError.stateModified('its deletion is not scheduled');
  const kms = openKms(platform.store);
  const version = key.primaryVersion === undefined ? undefined : kms.versions.get(key.primaryVersion);
  const waits = key.origin === 'EXTERNAL' && (version === undefined || version.material === '');
  kms.keys.put(key.keyId, { ...key, state: waits ? 'PendingImport' : 'Enabled', deleteDate: undefined });
  return {};
}

/** SetDeletionProtection (KMS 2016-01-20). */
export function setDeletionProtection(call: RpcCall): Answer {
  const { parameters, platform } = call;
  const key = authorizedKey(call, parameters.required('ProtectedResourceArn'));
  const enable = parameters.boolean('EnableDeletionProtection');
  if (enable === undefined) parameters.required('EnableDeletionProtection');
  if (key.state === 'PendingDeletion') throw kmsError.state('PendingDeletion');
  const deletionProtection =
    enable === true ? (parameters.optional('DeletionProtectionDescription') ?? '') : undefined;
  openKms(platform.store).keys.put(key.keyId, { ...key, deletionProtection });
  return {};
}
