import { constants, createPublicKey, publicEncrypt } from 'node:crypto';
import type { Answer, RpcCall } from '../http/rpc-service.ts';
import { decryptBlob, newDataKey, plaintextBytes, readBase64 } from './cryptography.ts';
import { readEncryptionContext } from './encryption-context.ts';
import { kmsError } from './errors.ts';

const wrappingAlgorithms = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'RSAES_PKCS1_V1_5', 'SM2PKE'] as const;

/** ExportDataKey (KMS 2016-01-20): a wrapped data key, wrapped anew under the caller's public key. */
export async function exportDataKey(call: RpcCall): Promise<Answer> {
  const { plaintext, key, version } = decryptBlob(call, readEncryptionContext(call.parameters));
  const exported = await wrap(call, plaintextBytes(plaintext));
  return {
    KeyId: key.keyId,
    KeyVersionId: version.keyVersionId,
    ExportedDataKey: exported.toString('base64'),
  };
}

/** GenerateAndExportDataKey (KMS 2016-01-20). */
export async function generateAndExportDataKey(call: RpcCall): Promise<Answer> {
  const { dataKey, answer } = newDataKey(call);
  const exported = await wrap(call, dataKey);
  return { ...answer, ExportedDataKey: exported.toString('base64') };
}

async function wrap({ parameters }: RpcCall, dataKey: Buffer): Promise<Buffer> {
  const blob = readBase64(parameters, 'PublicKeyBlob');
  parameters.required('WrappingAlgorithm');
  parameters.required('WrappingKeySpec');
  const algorithm = parameters.oneOf('WrappingAlgorithm', wrappingAlgorithms);
  const spec = parameters.oneOf('WrappingKeySpec', ['RSA_2048', 'EC_SM2']);
  try {
    if (algorithm === 'SM2PKE' || spec === 'EC_SM2') {
      if (algorithm !== 'SM2PKE' || spec !== 'EC_SM2')
        throw kmsError.invalid('WrappingAlgorithm', 'EC_SM2 goes with SM2PKE');
      const spki = createPublicKey({ key: blob, format: 'der', type: 'spki' }).export({
        format: 'der',
        type: 'spki',
      });
      const { sm2 } = await import('sm-crypto-v2');
      const point = spki.subarray(spki.length - 65).toString('hex');
      return Buffer.from(sm2.doEncrypt(new Uint8Array(dataKey), point, 1, { asn1: true }), 'hex');
    }
    const key = createPublicKey({ key: blob, format: 'der', type: 'spki' });
    if (algorithm === 'RSAES_PKCS1_V1_5')
      return publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, dataKey);
    const oaepHash = algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256';
    return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, dataKey);
  } catch {
    throw kmsError.invalid(
      'PublicKeyBlob',
      `it is no ${spec} public key (SubjectPublicKeyInfo, DER, base64) that can wrap ${dataKey.length} bytes`,
    );
  }
}
