import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { ServiceError } from '../http/service-error.ts';
import type { Platform } from '../platform.ts';
import { invalidSeed, type SeedKey, type SeedSecret } from '../seed/seed.ts';
import { isAliasName } from './aliases.ts';
import { checkUsage, defaultUsage, putNewKey } from './key-lifecycle.ts';
import { generateSymmetricMaterial, symmetricLength } from './key-material.ts';
import { findKey, primaryVersion } from './keys.ts';
import { aliasKey, isSymmetric, type KeySpec, type KeyUsage, keySpecs, openKms } from './records.ts';
import { openSecrets, sealSecretValue, secretKey } from './secrets.ts';

/** Makes a key of the seed; runs inside the seed's transaction. */
export function seedKey(platform: Platform, accountId: string, seed: SeedKey, path: string): void {
  const region = seed.region ?? platform.region;
  const keySpec = keySpecs.find((spec) => spec === (seed.spec ?? 'Aliyun_AES_256'));
  if (keySpec === undefined) throw invalidSeed(`${path}.spec: one of ${keySpecs.join(', ')}`);
  const keyUsage = (seed.usage ?? defaultUsage(keySpec)) as KeyUsage;
  try {
    checkUsage(keySpec, keyUsage);
  } catch (error) {
    if (error instanceof ServiceError) throw invalidSeed(`${path}.usage: ${error.message}`);
    throw error;
  }
  const kms = openKms(platform.store);
  const keyId = seed.id ?? randomUUID();
  if (!/^[\w-]{1,128}$/.test(keyId)) throw invalidSeed(`${path}.id: 1 to 128 letters, digits, - and _`);
  if (kms.keys.has(keyId)) throw invalidSeed(`${path}.id: key ${keyId} is there twice`);
  const now = platform.clock.now();
  putNewKey(
    platform,
    {
      keyId,
      accountId,
      region,
      keySpec,
      keyUsage,
      origin: 'Aliyun_KMS',
      protectionLevel: 'SOFTWARE',
      state: 'Enabled',
      description: seed.description ?? '',
      createDate: now,
      lastRotationDate: now,
      tags: seed.tags ?? {},
    },
    material(keySpec, seed.material, `${path}.material`),
  );
  if (seed.alias === undefined) return;
  const aliasName = seed.alias.startsWith('alias/') ? seed.alias : `alias/${seed.alias}`;
  if (!isAliasName(aliasName)) throw invalidSeed(`${path}.alias: ${aliasName} is no name for an alias`);
  kms.aliases.put(aliasKey(region, accountId, aliasName), { aliasName, accountId, region, keyId });
}

/** Makes a secret of the seed, after the keys; runs inside the seed's transaction. */
export function seedSecret(platform: Platform, accountId: string, seed: SeedSecret, path: string): void {
  const region = seed.region ?? platform.region;
  const secrets = openSecrets(platform.store);
  const at = secretKey(region, accountId, seed.name);
  if (secrets.has(at)) throw invalidSeed(`${path}.name: secret ${seed.name} is there twice`);
  const key = seed.keyId === undefined ? undefined : findKey(platform, region, accountId, seed.keyId);
  if (typeof key === 'string') throw invalidSeed(`${path}.keyId: there is no key ${seed.keyId} in ${region}`);
  const now = platform.clock.now();
  const versionId = seed.versionId ?? 'v1';
  const secret = {
    secretName: seed.name,
    accountId,
    region,
    description: seed.description ?? '',
    encryptionKeyId: key?.keyId,
    createTime: now,
    updateTime: now,
    tags: {},
  };
  const data =
    key === undefined
      ? seed.data
      : sealSecretValue(key, primaryVersion(openKms(platform.store), key), secret, versionId, seed.data);
  secrets.put(at, {
    ...secret,
    versions: [
      { versionId, createTime: now, dataType: seed.dataType ?? 'text', data, stages: ['ACSCurrent'] },
    ],
  });
}

function material(spec: KeySpec, given: string | undefined, path: string): string {
  if (isSymmetric(spec)) {
    if (given === undefined) return generateSymmetricMaterial(spec as 'Aliyun_AES_256');
    const bytes = Buffer.from(given, 'base64');
    if (bytes.length !== symmetricLength(spec) || bytes.toString('base64') !== given)
      throw invalidSeed(`${path}: ${symmetricLength(spec)} bytes in base64 are needed for ${spec}`);
    return given;
  }
  if (given !== undefined) throw invalidSeed(`${path}: material is for symmetric keys`);
  const { privateKey } = spec.startsWith('RSA_')
    ? generateKeyPairSync('rsa', { modulusLength: spec === 'RSA_2048' ? 2048 : 3072 })
    : generateKeyPairSync('ec', {
        namedCurve: spec === 'EC_P256' ? 'prime256v1' : spec === 'EC_P256K' ? 'secp256k1' : 'SM2',
      });
  return privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
}
