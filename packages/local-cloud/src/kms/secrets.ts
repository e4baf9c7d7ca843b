import { randomInt } from 'node:crypto';
import { isoSeconds } from '../clock/clock.ts';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import type { Collection, Store } from '../store/store.ts';
import { openBlob, sealBlob } from './ciphertext-blob.ts';
import { kmsError } from './errors.ts';
import { readFilters, readPage } from './key-lifecycle.ts';
import { authorizedKey, primaryVersion, requireSymmetric, tagContext } from './keys.ts';
import { type KeyRecord, type KeyVersionRecord, kmsArn, openKms } from './records.ts';

const dayMs = 24 * 3_600_000;
const maxSecretBytes = 30_720;
const maxVersions = 10;

/** A generic secret. */
export interface SecretRecord {
  readonly secretName: string;
  readonly accountId: string;
  readonly region: string;
  readonly description: string;
  /** The key of the account's own that encrypts the values, by id. */
  readonly encryptionKeyId?: string | undefined;
  readonly createTime: number;
  readonly updateTime: number;
  readonly plannedDeleteTime?: number | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** Oldest first. */
  readonly versions: readonly SecretVersion[];
}

interface SecretVersion {
  readonly versionId: string;
  readonly createTime: number;
  readonly dataType: 'text' | 'binary';
  /** The value; a ciphertext of KMS in base64 when the secret has a key. */
  readonly data: string;
  readonly stages: readonly string[];
}

export function openSecrets(store: Store): Collection<SecretRecord> {
  return store.collection('kms/secrets', { sealed: true });
}

export function secretKey(region: string, accountId: string, name: string): string {
  return `${region}/${accountId}/${name}`;
}

/** CreateSecret (KMS 2016-01-20), of the generic type. */
export function createSecret(call: RpcCall): Answer {
  const { platform, parameters, caller, region } = call;
  const secretName = parameters.required('SecretName');
  if (!/^[\w/+=.@-]{1,64}$/.test(secretName))
    throw kmsError.invalid('SecretName', '1 to 64 letters, digits and _ / + = . @ -');
  call.authorize('kms:CreateSecret', kmsArn.secrets(region, caller.accountId));
  if ((parameters.optional('SecretType') ?? 'Generic') !== 'Generic')
    throw kmsError.invalid('SecretType', 'the local cloud has generic secrets only');
  const keyName = parameters.optional('EncryptionKeyId');
  const encryptionKeyId =
    keyName === undefined ? undefined : authorizedKey(call, keyName, 'kms:GenerateDataKey').keyId;
  const secrets = openSecrets(platform.store);
  const at = secretKey(region, caller.accountId, secretName);
  if (currentSecret(call, secretName) !== undefined) throw kmsError.resourceExists(secretName);
  const now = platform.clock.now();
  const empty: SecretRecord = {
    secretName,
    accountId: caller.accountId,
    region,
    description: parameters.optional('Description') ?? '',
    encryptionKeyId,
    createTime: now,
    updateTime: now,
    tags: parameters.tags('Tags') ?? {},
    versions: [],
  };
  const version = readNewVersion(call, empty, ['ACSCurrent']);
  secrets.put(at, { ...empty, versions: [version] });
  return {
    Arn: kmsArn.secret(region, caller.accountId, secretName),
    SecretName: secretName,
    SecretType: 'Generic',
    VersionId: version.versionId,
  };
}

/** GetSecretValue (KMS 2016-01-20): by version, by stage, or the current one. */
export function getSecretValue(call: RpcCall): Answer {
  const { parameters } = call;
  const secret = authorizedSecret(call);
  requireNotDeleted(secret);
  const versionId = parameters.optional('VersionId');
  const stage = parameters.optional('VersionStage') ?? (versionId === undefined ? 'ACSCurrent' : undefined);
  const version = secret.versions.find(
    (one) =>
      (versionId === undefined || one.versionId === versionId) &&
      (stage === undefined || one.stages.includes(stage)),
  );
  if (version === undefined) throw kmsError.resourceNotFound();
  return {
    SecretName: secret.secretName,
    SecretType: 'Generic',
    VersionId: version.versionId,
    VersionStages: { VersionStage: version.stages },
    SecretDataType: version.dataType,
    SecretData: openValue(call, secret, version),
    CreateTime: isoSeconds(version.createTime),
  };
}

/** PutSecretValue (KMS 2016-01-20): a new version, which is the current one unless other stages are said. */
export function putSecretValue(call: RpcCall): Answer {
  const secret = authorizedSecret(call);
  requireNotDeleted(secret);
  if (secret.encryptionKeyId !== undefined)
    authorizedKey(call, secret.encryptionKeyId, 'kms:GenerateDataKey');
  const stages = readStages(call);
  const version = readNewVersion(call, secret, stages);
  const current = stages.includes('ACSCurrent');
  const older = secret.versions.map((one) => ({
    ...one,
    stages: one.stages
      .filter((stage) => !stages.includes(stage) && !(current && stage === 'ACSPrevious'))
      .concat(current && one.stages.includes('ACSCurrent') ? ['ACSPrevious'] : []),
  }));
  put(call, { ...secret, versions: bounded([...older, version]) });
  return {
    SecretName: secret.secretName,
    VersionId: version.versionId,
    VersionStages: { VersionStage: stages },
  };
}

/** UpdateSecretVersionStage (KMS 2016-01-20). */
export function updateSecretVersionStage(call: RpcCall): Answer {
  const { parameters } = call;
  const secret = authorizedSecret(call);
  requireNotDeleted(secret);
  const stage = parameters.required('VersionStage');
  const from = parameters.optional('RemoveFromVersion');
  const to = parameters.optional('MoveToVersion');
  if (from === undefined && to === undefined) parameters.required('MoveToVersion');
  if (to === undefined && isBuiltIn(stage))
    throw kmsError.invalid('MoveToVersion', `${stage} always marks a version`);
  for (const [name, id] of [
    ['RemoveFromVersion', from],
    ['MoveToVersion', to],
  ] as const)
    if (id !== undefined && !secret.versions.some(({ versionId }) => versionId === id))
      throw kmsError.invalid(name, `there is no version ${id}`);
  const holder = secret.versions.find(({ stages }) => stages.includes(stage));
  if (from !== undefined && holder?.versionId !== from)
    throw kmsError.invalid('RemoveFromVersion', `${stage} does not mark version ${from}`);
  const swapsCurrent = stage === 'ACSCurrent' && holder?.versionId !== to;
  put(call, {
    ...secret,
    versions: secret.versions.map((one) => {
      let stages = one.stages.filter(
        (other) => other !== stage && !(swapsCurrent && other === 'ACSPrevious'),
      );
      if (one.versionId === to) stages = [...stages, stage];
      if (swapsCurrent && one === holder) stages = [...stages, 'ACSPrevious'];
      return { ...one, stages };
    }),
  });
  return { SecretName: secret.secretName };
}

/** ListSecretVersionIds (KMS 2016-01-20): versions without a stage are deprecated, and left out unless asked for. */
export function listSecretVersionIds(call: RpcCall): Answer {
  const secret = authorizedSecret(call);
  const page = readPage(call);
  const all = call.parameters.boolean('IncludeDeprecated') === true;
  const versions = secret.versions.filter(({ stages }) => all || stages.length > 0);
  return {
    ...page.answer(versions.length),
    SecretName: secret.secretName,
    VersionIds: {
      VersionId: page.of(versions).map(({ versionId, createTime, stages }) => ({
        VersionId: versionId,
        CreateTime: isoSeconds(createTime),
        VersionStages: { VersionStage: stages },
      })),
    },
  };
}

/** DescribeSecret (KMS 2016-01-20). */
export function describeSecret(call: RpcCall): Answer {
  const secret = authorizedSecret(call);
  return {
    ...describe(secret, call.parameters.boolean('FetchTags') === true),
    Arn: kmsArn.secret(secret.region, secret.accountId, secret.secretName),
    Description: secret.description,
    EncryptionKeyId: secret.encryptionKeyId ?? '',
    AutomaticRotation: 'Disabled',
  };
}

/** ListSecrets (KMS 2016-01-20), by name; with `Filters`, by name, description and tags. */
export function listSecrets(call: RpcCall): Answer {
  const { platform, parameters, caller, region } = call;
  call.authorize('kms:ListSecrets', kmsArn.secrets(region, caller.accountId));
  const page = readPage(call);
  const tags = parameters.boolean('FetchTags') === true;
  const filters = readFilters<SecretRecord>(call, {
    SecretName: ({ secretName }, values) => values.some((value) => secretName.startsWith(value)),
    Description: ({ description }, values) => values.some((value) => description.startsWith(value)),
    TagKey: ({ tags }, values) => Object.keys(tags).some((key) => values.includes(key)),
    TagValue: ({ tags }, values) => Object.values(tags).some((value) => values.includes(value)),
  });
  const secrets = Array.from(openSecrets(platform.store).values())
    .filter((secret) => secret.accountId === caller.accountId && secret.region === region)
    .map((secret) => currentSecret(call, secret.secretName))
    .filter((secret) => secret !== undefined)
    .filter((secret) => filters.every((matches) => matches(secret)))
    .sort((a, b) => (a.secretName < b.secretName ? -1 : 1));
  return {
    ...page.answer(secrets.length),
    SecretList: { Secret: page.of(secrets).map((one) => describe(one, tags)) },
  };
}

/** UpdateSecret (KMS 2016-01-20): its description. */
export function updateSecret(call: RpcCall): Answer {
  const secret = authorizedSecret(call);
  requireNotDeleted(secret);
  put(call, { ...secret, description: call.parameters.optional('Description') ?? secret.description });
  return { SecretName: secret.secretName };
}

/** DeleteSecret (KMS 2016-01-20): after 7 to 30 days, or at once when forced. */
export function deleteSecret(call: RpcCall): Answer {
  const { platform, parameters } = call;
  const secret = authorizedSecret(call);
  const { secretName } = secret;
  if (parameters.boolean('ForceDeleteWithoutRecovery') === true) {
    openSecrets(platform.store).delete(secretKey(secret.region, secret.accountId, secretName));
    return { SecretName: secretName, PlannedDeleteTime: isoSeconds(platform.clock.now()) };
  }
  const days = parameters.integer('RecoveryWindowInDays', { min: 7, max: 30, default: 30 });
  const plannedDeleteTime = secret.plannedDeleteTime ?? platform.clock.now() + days * dayMs;
  put(call, { ...secret, plannedDeleteTime });
  return { SecretName: secretName, PlannedDeleteTime: isoSeconds(plannedDeleteTime) };
}

/** RestoreSecret (KMS 2016-01-20): takes a scheduled deletion back. */
export function restoreSecret(call: RpcCall): Answer {
  const secret = authorizedSecret(call);
  if (secret.plannedDeleteTime === undefined)
    throw kmsError.stateModified('the deletion of the secret is not scheduled');
  put(call, { ...secret, plannedDeleteTime: undefined });
  return { SecretName: secret.secretName };
}

const characters = {
  Lowercase: 'abcdefghijklmnopqrstuvwxyz',
  Uppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  Numbers: '0123456789',
  Punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
} as const;

/** GetRandomPassword (KMS 2016-01-20): 8 to 128 characters, 32 unless said, of every kind that is not excluded. */
export function getRandomPassword(call: RpcCall): Answer {
  const { parameters, region, caller } = call;
  call.authorize('kms:GetRandomPassword', kmsArn.secrets(region, caller.accountId));
  const length = parameters.integer('PasswordLength', { min: 8, max: 128, default: 32 });
  const excluded = new Set(parameters.optional('ExcludeCharacters') ?? '');
  const kinds = (Object.keys(characters) as (keyof typeof characters)[])
    .filter((kind) => parameters.boolean(`Exclude${kind}`) !== true)
    .map((kind) => [...characters[kind]].filter((character) => !excluded.has(character)))
    .filter((kind) => kind.length > 0);
  const all = kinds.flat();
  if (all.length === 0) throw kmsError.invalid('ExcludeCharacters', 'no character is left');
  const pick = (from: readonly string[]) => from[randomInt(from.length)] as string;
  const required = parameters.boolean('RequireEachIncludedType') === false ? [] : kinds.map(pick);
  const password = [...required, ...Array.from({ length: length - required.length }, () => pick(all))];
  // Fisher and Yates: the required ones must not always come first.
  for (let i = password.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [password[i], password[j]] = [password[j] as string, password[i] as string];
  }
  return { RandomPassword: password.join('') };
}

/** The secret of the parameter SecretName (a name or ARN), once RAM has allowed the operation on it. */
export function authorizedSecret(call: RpcCall): SecretRecord {
  const { parameters, caller, region, operation } = call;
  const named = parameters.required('SecretName');
  const arn = /^acs:kms:([^:]*):([^:]*):secret\/(.+)$/.exec(named);
  const name = arn?.[3] ?? named;
  const own = arn === null || (arn[1] === region && arn[2] === caller.accountId);
  const secret = own ? currentSecret(call, name) : undefined;
  call.authorize(
    `kms:${operation}`,
    kmsArn.secret(region, caller.accountId, name),
    secret && tagContext(secret),
  );
  if (secret === undefined) throw kmsError.resourceNotFound();
  return secret;
}

/** A secret as the clock has left it. */
function currentSecret({ platform, region, caller }: RpcCall, name: string): SecretRecord | undefined {
  const secrets = openSecrets(platform.store);
  const at = secretKey(region, caller.accountId, name);
  const secret = secrets.get(at);
  if (secret?.plannedDeleteTime !== undefined && platform.clock.now() >= secret.plannedDeleteTime) {
    secrets.delete(at);
    return undefined;
  }
  return secret;
}

function requireNotDeleted(secret: SecretRecord): void {
  if (secret.plannedDeleteTime !== undefined) throw kmsError.secretPendingDeletion();
}

function readNewVersion(call: RpcCall, secret: SecretRecord, stages: readonly string[]): SecretVersion {
  const { parameters, platform } = call;
  const versionId = parameters.required('VersionId');
  if (!/^[\w/+=.@-]{1,64}$/.test(versionId))
    throw kmsError.invalid('VersionId', '1 to 64 letters, digits and _ / + = . @ -');
  const data = parameters.required('SecretData');
  if (Buffer.byteLength(data) > maxSecretBytes)
    throw kmsError.invalid('SecretData', `it has more than ${maxSecretBytes} bytes`);
  const dataType = parameters.oneOf('SecretDataType', ['text', 'binary']) ?? 'text';
  if (secret.versions.some((one) => one.versionId === versionId))
    throw kmsError.resourceExists(`version ${versionId}`);
  return {
    versionId,
    createTime: platform.clock.now(),
    dataType,
    data: sealValue(call, secret, versionId, data),
    stages,
  };
}

function sealValue(call: RpcCall, secret: SecretRecord, versionId: string, data: string): string {
  if (secret.encryptionKeyId === undefined) return data;
  const key = authorizedKey(call, secret.encryptionKeyId, 'kms:GenerateDataKey');
  requireSymmetric(key);
  return sealSecretValue(key, primaryVersion(openKms(call.platform.store), key), secret, versionId, data);
}

/** A secret's value under the secret's key, bound to the secret and the version of it. */
export function sealSecretValue(
  key: KeyRecord,
  version: KeyVersionRecord,
  secret: Pick<SecretRecord, 'region' | 'accountId' | 'secretName'>,
  versionId: string,
  data: string,
): string {
  return sealBlob(key, version, Buffer.from(data, 'utf8'), context(secret, versionId)).toString('base64');
}

function openValue(call: RpcCall, secret: SecretRecord, { versionId, data }: SecretVersion): string {
  if (secret.encryptionKeyId === undefined) return data;
  const key = authorizedKey(call, secret.encryptionKeyId, 'kms:Decrypt');
  requireSymmetric(key);
  const blob = Buffer.from(data, 'base64');
  const version = openKms(call.platform.store).versions.get(blob.subarray(0, 36).toString('latin1'));
  return openBlob(key, version as KeyVersionRecord, blob, context(secret, versionId)).toString('utf8');
}

function context(
  { region, accountId, secretName }: Pick<SecretRecord, 'region' | 'accountId' | 'secretName'>,
  versionId: string,
): string {
  return `${kmsArn.secret(region, accountId, secretName)}#${versionId}`;
}

/** `["ACSCurrent"]`, or as the answers have it `{"VersionStage":["ACSCurrent"]}`. */
function readStages({ parameters }: RpcCall): readonly string[] {
  const text = parameters.optional('VersionStages');
  if (text === undefined) return ['ACSCurrent'];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw kmsError.invalid('VersionStages', 'it is not JSON');
  }
  const stages = Array.isArray(value) ? value : (value as { VersionStage?: unknown } | null)?.VersionStage;
  if (
    !Array.isArray(stages) ||
    stages.length === 0 ||
    stages.length > 8 ||
    stages.some((stage) => typeof stage !== 'string')
  )
    throw kmsError.invalid('VersionStages', 'it is not a JSON array of 1 to 8 stages');
  return [...new Set(stages as string[])];
}

function isBuiltIn(stage: string): boolean {
  return stage === 'ACSCurrent' || stage === 'ACSPrevious';
}

/** The oldest versions without a stage make way. */
function bounded(versions: readonly SecretVersion[]): readonly SecretVersion[] {
  const excess = versions.length - maxVersions;
  const leaving = new Set(versions.filter(({ stages }) => stages.length === 0).slice(0, Math.max(0, excess)));
  return versions.filter((version) => !leaving.has(version));
}

function put({ platform }: RpcCall, secret: SecretRecord): void {
  openSecrets(platform.store).put(secretKey(secret.region, secret.accountId, secret.secretName), {
    ...secret,
    updateTime: platform.clock.now(),
  });
}

function describe(secret: SecretRecord, tags: boolean): Answer {
  return {
    SecretName: secret.secretName,
    SecretType: 'Generic',
    CreateTime: isoSeconds(secret.createTime),
    UpdateTime: isoSeconds(secret.updateTime),
    PlannedDeleteTime: secret.plannedDeleteTime === undefined ? '' : isoSeconds(secret.plannedDeleteTime),
    ...(tags
      ? { Tags: { Tag: Object.entries(secret.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue })) } }
      : {}),
  };
}
