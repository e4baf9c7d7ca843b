import { constants, generateKeyPair, privateDecrypt, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { isoSeconds } from '../clock/clock.ts';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import type { Store } from '../store/store.ts';
import { privateKeyOf } from './asymmetric-algorithms.ts';
import { readBase64 } from './cryptography.ts';
import { kmsError } from './errors.ts';
import { materialHash, symmetricLength } from './key-material.ts';
import { addVersion, authorizedKey, removeMaterial } from './keys.ts';
import { type KeyRecord, openKms } from './records.ts';

/** An import token is good for a day. */
const tokenLifeMs = 24 * 3_600_000;

const wrappingAlgorithms = ['RSAES_PKCS1_V1_5', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] as const;

/** A wrapping key that was given out, by the token that goes with it. */
interface ImportTokenRecord {
  readonly keyId: string;
  readonly algorithm: (typeof wrappingAlgorithms)[number];
  /** PKCS #8 in DER, base64. */
  readonly privateKey: string;
  readonly expires: number;
}

const openTokens = (store: Store) =>
  store.collection<ImportTokenRecord>('kms/importTokens', { sealed: true });

/** GetParametersForImport (KMS 2016-01-20). */
export async function getParametersForImport(call: RpcCall): Promise<Answer> {
  const { platform, parameters } = call;
  const key = externalKey(call);
  parameters.required('WrappingAlgorithm');
  parameters.required('WrappingKeySpec');
  const algorithm = parameters.oneOf(
    'WrappingAlgorithm',
    wrappingAlgorithms,
  ) as (typeof wrappingAlgorithms)[number];
  parameters.oneOf('WrappingKeySpec', ['RSA_2048']);
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const expires = platform.clock.now() + tokenLifeMs;
  const token = randomBytes(96).toString('base64');
  platform.store.transaction(() => {
    const tokens = openTokens(platform.store);
    for (const [name, record] of [...tokens.entries()])
      if (record.expires < platform.clock.now()) tokens.delete(name);
    tokens.put(token, {
      keyId: key.keyId,
      algorithm,
      privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
      expires,
    });
  });
  return {
    KeyId: key.keyId,
    ImportToken: token,
    PublicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    TokenExpireTime: isoSeconds(expires),
  };
}

/** ImportKeyMaterial (KMS 2016-01-20): once imported, only the same material can come again. */
export function importKeyMaterial(call: RpcCall): Answer {
  const { platform, parameters } = call;
  const key = externalKey(call);
  if (key.state === 'PendingDeletion') throw kmsError.stateModified('its deletion is scheduled');
  const encrypted = readBase64(parameters, 'EncryptedKeyMaterial');
  const materialExpireTime = readExpiry(call);
  const token = openTokens(platform.store).get(parameters.required('ImportToken'));
  if (token === undefined || token.keyId !== key.keyId)
    throw kmsError.invalid('ImportToken', 'it was not given out for this key');
  if (platform.clock.now() >= token.expires) throw kmsError.invalid('ImportToken', 'it is expired');
  const material = unwrap(token, encrypted);
  const length = symmetricLength(key.keySpec);
  if (material.length !== length)
    throw kmsError.invalid(
      'EncryptedKeyMaterial',
      `it holds ${material.length} bytes, and a key of KeySpec ${key.keySpec} has ${length}`,
    );
  const importedMaterialHash = materialHash(material);
  if (key.importedMaterialHash !== undefined && key.importedMaterialHash !== importedMaterialHash)
    throw kmsError.invalid(
      'EncryptedKeyMaterial',
      'it is not the material that was imported into this key before',
    );
  const kms = openKms(platform.store);
  const text = material.toString('base64');
  material.fill(0);
  const previous = key.primaryVersion === undefined ? undefined : kms.versions.get(key.primaryVersion);
  let { primaryVersion } = key;
  if (previous === undefined) primaryVersion = addVersion(kms, key, text, platform.clock.now()).keyVersionId;
  else kms.versions.put(previous.keyVersionId, { ...previous, material: text });
  kms.keys.put(key.keyId, {
    ...key,
    primaryVersion,
    importedMaterialHash,
    materialExpireTime,
    state: key.state === 'PendingImport' ? 'Enabled' : key.state,
  });
  return {};
}

/** DeleteKeyMaterial (KMS 2016-01-20). */
export function deleteKeyMaterial(call: RpcCall): Answer {
  const key = externalKey(call);
  const kms = openKms(call.platform.store);
  const waiting = removeMaterial(kms, key);
  if (key.state === 'PendingDeletion') kms.keys.put(key.keyId, { ...waiting, state: 'PendingDeletion' });
  return {};
}

function externalKey(call: RpcCall): KeyRecord {
  const key = authorizedKey(call, call.parameters.required('KeyId'));
  if (key.origin !== 'EXTERNAL')
    throw kmsError.unsupported('its Origin is Aliyun_KMS, and EXTERNAL is needed');
  return key;
}

/** `KeyMaterialExpireUnix`: seconds since the epoch, 0 or absent for never. */
function readExpiry({ parameters, platform }: RpcCall): number | undefined {
  const seconds = parameters.integer('KeyMaterialExpireUnix', { min: 0, max: 99_999_999_999, default: 0 });
  if (seconds === 0) return undefined;
  if (seconds * 1000 <= platform.clock.now()) throw kmsError.invalid('KeyMaterialExpireUnix', 'it is past');
  return seconds * 1000;
}

function unwrap(token: ImportTokenRecord, encrypted: Buffer): Buffer {
  const key = privateKeyOf(token.privateKey);
  try {
    if (token.algorithm === 'RSAES_PKCS1_V1_5')
      return privateDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, encrypted);
    const oaepHash = token.algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256';
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, encrypted);
  } catch {
    throw kmsError.invalid(
      'EncryptedKeyMaterial',
      `it was not encrypted with ${token.algorithm} under the token's public key`,
    );
  }
}
