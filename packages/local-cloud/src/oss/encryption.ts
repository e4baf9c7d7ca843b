import { decideAccess } from '../authorization/authorize.ts';
import { readParameters } from '../http/parameters.ts';
import type { RpcCall } from '../http/rpc-service.ts';
import { decryptBlob, newDataKey } from '../kms/cryptography.ts';
import type { Call } from './call.ts';
import { accessDenied, invalidArgument } from './errors.ts';
import { headerValue } from './signature/canonical.ts';
import type { AppliedEncryption, BucketRecord, EncryptionRule } from './storage/records.ts';

/**
 * Server-side encryption: what matters of it to a client. Under a KMS key, writing an object asks the local KMS for a
 * data key and reading it asks for that key's decryption, each as the caller, so that key states and RAM policies
 * decide as they do in the cloud. The bytes themselves lie on the disk of this machine as they came.
 */

const algorithms = ['AES256', 'KMS', 'SM4'] as const;

/** @throws ServiceError `InvalidEncryptionAlgorithm` */
export function parseAlgorithm(value: string): EncryptionRule['algorithm'] {
  const algorithm = algorithms.find((known) => known === value);
  if (algorithm === undefined) {
    throw invalidArgument(
      'x-oss-server-side-encryption',
      value,
      'The encryption algorithm is not one of AES256, KMS and SM4.',
    );
  }
  return algorithm;
}

/**
 * Encrypts what a request writes as its headers say, or else as its bucket does.
 *
 * @returns undefined where neither asks for encryption
 * @throws ServiceError `InvalidArgument`, `AccessDenied`, and what KMS answers
 */
export function applyEncryption(call: Call, bucket: BucketRecord): AppliedEncryption | undefined {
  const algorithm = headerValue(call.request.headers, 'x-oss-server-side-encryption');
  const keyId = headerValue(call.request.headers, 'x-oss-server-side-encryption-key-id') || undefined;
  if (keyId !== undefined && algorithm !== 'KMS') {
    throw invalidArgument(
      'x-oss-server-side-encryption-key-id',
      keyId,
      'A key id goes with the algorithm KMS alone.',
    );
  }
  const rule = algorithm === '' ? bucket.encryption : { algorithm: parseAlgorithm(algorithm), keyId };
  if (rule?.keyId === undefined) return rule;
  const { answer } = newDataKey(kmsCall(call, 'GenerateDataKey', { KeyId: rule.keyId, KeySpec: 'AES_256' }));
  return { ...rule, wrappedKey: answer.CiphertextBlob as string };
}

/**
 * Asks KMS, as the caller, to open the data key of what the call reads.
 *
 * @throws ServiceError `AccessDenied`, and what KMS answers
 */
export function openEncryption(call: Call, encryption: AppliedEncryption | undefined): void {
  if (encryption?.wrappedKey === undefined) return;
  decryptBlob(kmsCall(call, 'Decrypt', { CiphertextBlob: encryption.wrappedKey }), '');
}

/** A call of KMS in the name of OSS's caller. */
function kmsCall(call: Call, operation: string, parameters: Readonly<Record<string, string>>): RpcCall {
  const { platform, region, requestId, origin, caller } = call;
  if (caller === undefined) throw accessDenied('Anonymous requests cannot use a KMS key.');
  return {
    platform,
    operation,
    region,
    requestId,
    caller: caller.principal,
    accessKeyId: caller.accessKeyId,
    origin,
    parameters: readParameters(new Map(Object.entries(parameters))),
    authorize(action, resource, context = {}) {
      const { decision, explanation } = decideAccess(platform, origin, {
        caller: caller.principal,
        action,
        resource,
        context,
      });
      call.trail.decisions.push({ action, resource, decision });
      if (decision === 'Allow') return;
      call.trail.explanation = explanation;
      throw accessDenied(`This operation needs ${action} on ${resource}.`);
    },
    authorizedOtherwise() {},
  };
}
