import type { RpcService } from '../http/rpc-service.ts';
import type { Platform } from '../platform.ts';
import { createAlias, deleteAlias, listAliases, listAliasesByKeyId, updateAlias } from './aliases.ts';
import {
  asymmetricDecrypt,
  asymmetricEncrypt,
  asymmetricSign,
  asymmetricVerify,
  getPublicKey,
} from './asymmetric.ts';
import { blobVersionId } from './ciphertext-blob.ts';
import {
  decrypt,
  encrypt,
  generateDataKey,
  generateDataKeyWithoutPlaintext,
  reEncrypt,
} from './cryptography.ts';
import { kmsError } from './errors.ts';
import { exportDataKey, generateAndExportDataKey } from './export.ts';
import { deleteKeyMaterial, getParametersForImport, importKeyMaterial } from './import.ts';
import {
  cancelKeyDeletion,
  createKey,
  describeKey,
  disableKey,
  enableKey,
  listKeys,
  scheduleKeyDeletion,
  setDeletionProtection,
  updateKeyDescription,
} from './key-lifecycle.ts';
import { openKms } from './records.ts';
import {
  createSecret,
  deleteSecret,
  describeSecret,
  getRandomPassword,
  getSecretValue,
  listSecrets,
  listSecretVersionIds,
  putSecretValue,
  restoreSecret,
  updateSecret,
  updateSecretVersionStage,
} from './secrets.ts';
import { describeAccountKmsStatus, describeRegions, describeService } from './service-status.ts';
import { listResourceTags, tagResource, untagResource } from './tags.ts';
import { createKeyVersion, describeKeyVersion, listKeyVersions, updateRotationPolicy } from './versions.ts';

/** KMS 2016-01-20, the shared gateway. */
export const kmsService: RpcService = {
  service: 'kms',
  displayName: 'Kms',
  version: '2016-01-20',
  operations: {
    CreateKey: { asynchronous: createKey },
    DescribeKey: describeKey,
    ListKeys: listKeys,
    EnableKey: enableKey,
    DisableKey: disableKey,
    UpdateKeyDescription: updateKeyDescription,
    ScheduleKeyDeletion: scheduleKeyDeletion,
    CancelKeyDeletion: cancelKeyDeletion,
    SetDeletionProtection: setDeletionProtection,
    CreateAlias: createAlias,
    UpdateAlias: updateAlias,
    DeleteAlias: deleteAlias,
    ListAliases: listAliases,
    ListAliasesByKeyId: listAliasesByKeyId,
    Encrypt: encrypt,
    Decrypt: decrypt,
    ReEncrypt: reEncrypt,
    GenerateDataKey: generateDataKey,
    GenerateDataKeyWithoutPlaintext: generateDataKeyWithoutPlaintext,
    ExportDataKey: { asynchronous: exportDataKey },
    GenerateAndExportDataKey: { asynchronous: generateAndExportDataKey },
    AsymmetricSign: { asynchronous: asymmetricSign },
    AsymmetricVerify: { asynchronous: asymmetricVerify },
    AsymmetricEncrypt: { asynchronous: asymmetricEncrypt },
    AsymmetricDecrypt: { asynchronous: asymmetricDecrypt },
    GetPublicKey: getPublicKey,
    CreateKeyVersion: { asynchronous: createKeyVersion },
    DescribeKeyVersion: describeKeyVersion,
    ListKeyVersions: listKeyVersions,
    UpdateRotationPolicy: updateRotationPolicy,
    GetParametersForImport: { asynchronous: getParametersForImport },
    ImportKeyMaterial: importKeyMaterial,
    DeleteKeyMaterial: deleteKeyMaterial,
    CreateSecret: createSecret,
    GetSecretValue: getSecretValue,
    PutSecretValue: putSecretValue,
    UpdateSecretVersionStage: updateSecretVersionStage,
    ListSecretVersionIds: listSecretVersionIds,
    DescribeSecret: describeSecret,
    ListSecrets: listSecrets,
    UpdateSecret: updateSecret,
    DeleteSecret: deleteSecret,
    RestoreSecret: restoreSecret,
    GetRandomPassword: getRandomPassword,
    TagResource: tagResource,
    UntagResource: untagResource,
    ListResourceTags: listResourceTags,
    DescribeRegions: describeRegions,
    DescribeAccountKmsStatus: describeAccountKmsStatus,
    DescribeService: describeService,
  },
  regionOf,
  refusal: {
    code: 'Forbidden.NoPermission',
    message: 'This operation is forbidden by permission system.',
  },
  throttled: kmsError.throttled,
};

/**
 * The shared endpoint serves every region: a call is for the region of the key it names (by ARN, by id, or by the
 * ciphertext), or for the one it says.
 */
function regionOf(platform: Platform, parameters: ReadonlyMap<string, string>): string | undefined {
  const said = parameters.get('RegionId');
  if (said !== undefined && said !== '') return said;
  const { keys, versions } = openKms(platform.store);
  for (const name of ['CiphertextBlob', 'KeyId', 'ProtectedResourceArn', 'SecretName']) {
    const value = parameters.get(name);
    if (value === undefined) continue;
    const arn = /^acs:kms:([^:]+):/.exec(value);
    if (arn !== null) return arn[1];
    const blob =
      name === 'CiphertextBlob' ? blobVersionId(Buffer.from(value.slice(0, 64), 'base64')) : undefined;
    const keyId = blob === undefined ? value : versions.get(blob)?.keyId;
    const key = keyId === undefined ? undefined : keys.get(keyId);
    if (key !== undefined) return key.region;
  }
  return undefined;
}
