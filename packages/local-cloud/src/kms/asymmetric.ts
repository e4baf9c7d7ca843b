import type { Answer, RpcCall } from '../http/rpc-service.ts';
import {
  algorithmsOf,
  decryptAsymmetric,
  encryptAsymmetric,
  encryptionAlgorithms,
  publicKeyPem,
  signatureAlgorithms,
  signDigest,
  verifyDigest,
} from './asymmetric-algorithms.ts';
import { readBase64 } from './cryptography.ts';
import { kmsError } from './errors.ts';
import { authorizedKey, requireEnabled } from './keys.ts';
import { isSymmetric, type KeyRecord, type KeyUsage, type KeyVersionRecord, openKms } from './records.ts';

/** AsymmetricSign (KMS 2016-01-20): signs a digest of 32 bytes. */
export async function asymmetricSign(call: RpcCall): Promise<Answer> {
  const { key, version } = namedVersion(call, 'SIGN/VERIFY');
  const algorithm = readAlgorithm(call, key, signatureAlgorithms);
  const signature = await signDigest(algorithm, key.keySpec, version.material, readDigest(call));
  return { ...named(version), Value: signature.toString('base64') };
}

/** AsymmetricVerify (KMS 2016-01-20). */
export async function asymmetricVerify(call: RpcCall): Promise<Answer> {
  const { key, version } = namedVersion(call, 'SIGN/VERIFY');
  const algorithm = readAlgorithm(call, key, signatureAlgorithms);
  const signature = readBase64(call.parameters, 'Value');
  const good = await verifyDigest(algorithm, key.keySpec, version.material, readDigest(call), signature);
  return { ...named(version), Value: good };
}

/** AsymmetricEncrypt (KMS 2016-01-20). */
export async function asymmetricEncrypt(call: RpcCall): Promise<Answer> {
  const { key, version } = namedVersion(call, 'ENCRYPT/DECRYPT');
  const algorithm = readAlgorithm(call, key, encryptionAlgorithms);
  const blob = await encryptAsymmetric(algorithm, version.material, readBase64(call.parameters, 'Plaintext'));
  return { ...named(version), CiphertextBlob: blob.toString('base64') };
}

/** AsymmetricDecrypt (KMS 2016-01-20). */
export async function asymmetricDecrypt(call: RpcCall): Promise<Answer> {
  const { key, version } = namedVersion(call, 'ENCRYPT/DECRYPT');
  const algorithm = readAlgorithm(call, key, encryptionAlgorithms);
  const plaintext = await decryptAsymmetric(
    algorithm,
    version.material,
    readBase64(call.parameters, 'CiphertextBlob'),
  );
  return { ...named(version), Plaintext: plaintext.toString('base64') };
}

/** GetPublicKey (KMS 2016-01-20). */
export function getPublicKey(call: RpcCall): Answer {
  const { version } = namedVersion(call);
  return { ...named(version), PublicKey: publicKeyPem(version.material) };
}

/** The key and version of a call on an asymmetric key, which must be enabled, and for `usage`. */
function namedVersion(call: RpcCall, usage?: KeyUsage): { key: KeyRecord; version: KeyVersionRecord } {
  const { parameters, platform } = call;
  const key = authorizedKey(call, parameters.required('KeyId'));
  const versionId = parameters.required('KeyVersionId');
  if (isSymmetric(key.keySpec))
    throw kmsError.unsupported(`its KeySpec is ${key.keySpec}, and an asymmetric one is needed`);
  if (usage !== undefined && key.keyUsage !== usage)
    throw kmsError.unsupported(`its KeyUsage is ${key.keyUsage}`);
  requireEnabled(key);
  const version = openKms(platform.store).versions.get(versionId);
  if (version === undefined || version.keyId !== key.keyId) throw kmsError.versionNotFound();
  return { key, version };
}

function readAlgorithm<const T extends string>(
  { parameters }: RpcCall,
  key: KeyRecord,
  known: readonly T[],
): T {
  parameters.required('Algorithm');
  const algorithm = parameters.oneOf('Algorithm', known) as T;
  if (!(algorithmsOf(key.keySpec) as readonly string[]).includes(algorithm))
    throw kmsError.invalid(
      'Algorithm',
      `a key of KeySpec ${key.keySpec} has ${algorithmsOf(key.keySpec).join(', ')}`,
    );
  return algorithm;
}

function readDigest({ parameters }: RpcCall): Buffer {
  const digest = readBase64(parameters, 'Digest');
  if (digest.length !== 32) throw kmsError.invalid('Digest', `it has ${digest.length} bytes instead of 32`);
  return digest;
}

function named(version: KeyVersionRecord): Answer {
  return { KeyId: version.keyId, KeyVersionId: version.keyVersionId };
}
