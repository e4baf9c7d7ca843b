import { isoSeconds } from '../clock/clock.ts';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { kmsError } from './errors.ts';
import { parseRotationInterval, readPage } from './key-lifecycle.ts';
import { generateAsymmetricMaterial } from './key-material.ts';
import { addVersion, authorizedKey, currentKey, requireEnabled, versionsOf } from './keys.ts';
import { isSymmetric, type KeyRecord, type KeyVersionRecord, openKms } from './records.ts';

const minIntervalMs = 7 * 24 * 3_600_000;
const maxVersions = 50;

/** CreateKeyVersion (KMS 2016-01-20): of an asymmetric key, seven days after the last one at the earliest. */
export async function createKeyVersion(call: RpcCall): Promise<Answer> {
  const { platform, parameters } = call;
  const key = authorizedKey(call, parameters.required('KeyId'));
  checkNewVersion(call, key);
  const material = await generateAsymmetricMaterial(key.keySpec);
  return platform.store.transaction(() => {
    // Another call may have been here while the key was made.
    const current = currentKey(platform, key.keyId);
    if (current === undefined) throw kmsError.keyNotFound();
    checkNewVersion(call, current);
    const kms = openKms(platform.store);
    const version = addVersion(kms, current, material, platform.clock.now());
    kms.keys.put(current.keyId, { ...current, lastRotationDate: version.createDate });
    return { KeyVersion: describe(version) };
  });
}

function checkNewVersion({ platform }: RpcCall, key: KeyRecord): void {
  if (isSymmetric(key.keySpec))
    throw kmsError.unsupported('versions of symmetric keys come by automatic rotation');
  requireEnabled(key);
  if (platform.clock.now() < key.lastRotationDate + minIntervalMs)
    throw kmsError.limit('a key gets a new version every seven days at most');
  if (versionsOf(openKms(platform.store), key.keyId).length >= maxVersions)
    throw kmsError.limit(`a key has at most ${maxVersions} versions`);
}

/** DescribeKeyVersion (KMS 2016-01-20). */
export function describeKeyVersion(call: RpcCall): Answer {
  const { platform, parameters } = call;
  const key = authorizedKey(call, parameters.required('KeyId'));
  const version = openKms(platform.store).versions.get(parameters.required('KeyVersionId'));
  if (version === undefined || version.keyId !== key.keyId) throw kmsError.versionNotFound();
  return { KeyVersion: describe(version) };
}

/** ListKeyVersions (KMS 2016-01-20), oldest first. */
export function listKeyVersions(call: RpcCall): Answer {
  const { platform, parameters } = call;
  const key = authorizedKey(call, parameters.required('KeyId'));
  const page = readPage(call);
  const versions = versionsOf(openKms(platform.store), key.keyId);
  return { ...page.answer(versions.length), KeyVersions: { KeyVersion: page.of(versions).map(describe) } };
}

/** UpdateRotationPolicy (KMS 2016-01-20). */
export function updateRotationPolicy(call: RpcCall): Answer {
  const { platform, parameters } = call;
  const key = authorizedKey(call, parameters.required('KeyId'));
  parameters.required('EnableAutomaticRotation');
  const enable = parameters.boolean('EnableAutomaticRotation') === true;
  if (!isSymmetric(key.keySpec) || key.origin === 'EXTERNAL')
    throw kmsError.unsupported('only symmetric keys whose material KMS made rotate by themselves');
  if (key.state !== 'Enabled') throw kmsError.state(key.state);
  const rotationSeconds = enable ? parseRotationInterval(parameters.required('RotationInterval')) : undefined;
  openKms(platform.store).keys.put(key.keyId, { ...key, rotationSeconds });
  return {};
}

function describe(version: KeyVersionRecord): Answer {
  return {
    KeyId: version.keyId,
    KeyVersionId: version.keyVersionId,
    CreationDate: isoSeconds(version.createDate),
  };
}
