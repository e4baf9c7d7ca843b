import type { AlgorithmSuite, HashName, SuiteSignature } from './suite.ts';

const p256: SuiteSignature = { curve: 'P-256', hash: 'sha256' };
const p384: SuiteSignature = { curve: 'P-384', hash: 'sha384' };

type FramedOptions = { kdfHash?: HashName; commitmentLength?: number; signature?: SuiteSignature };

function suite<const Name extends string>(
  id: number,
  name: Name,
  keyBits: 128 | 192 | 256,
  options: FramedOptions = {},
): AlgorithmSuite & { readonly name: Name; readonly format: 'framed' } {
  return Object.freeze({
    id,
    name,
    format: 'framed',
    cipher: `aes-${keyBits}-gcm`,
    dataKeyLength: keyBits / 8,
    ivLength: 12,
    tagLength: 16,
    authenticated: true,
    kdfHash: options.kdfHash,
    commitmentLength: options.commitmentLength ?? 0,
    signature: options.signature,
  });
}

/** The eleven suites of the framed format, by hex id. */
export const framedSuites = Object.freeze({
  '0x0014': suite(0x0014, 'ALG_AES_128_GCM_IV12_TAG16_NO_KDF', 128),
  '0x0046': suite(0x0046, 'ALG_AES_192_GCM_IV12_TAG16_NO_KDF', 192),
  '0x0078': suite(0x0078, 'ALG_AES_256_GCM_IV12_TAG16_NO_KDF', 256),
  '0x0114': suite(0x0114, 'ALG_AES_128_GCM_IV12_TAG16_HKDF_SHA256', 128, { kdfHash: 'sha256' }),
  '0x0146': suite(0x0146, 'ALG_AES_192_GCM_IV12_TAG16_HKDF_SHA256', 192, { kdfHash: 'sha256' }),
  '0x0178': suite(0x0178, 'ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA256', 256, { kdfHash: 'sha256' }),
  '0x0214': suite(0x0214, 'ALG_AES_128_GCM_IV12_TAG16_HKDF_SHA256_ECDSA_P256', 128, {
    kdfHash: 'sha256',
    signature: p256,
  }),
  '0x0346': suite(0x0346, 'ALG_AES_192_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384', 192, {
    kdfHash: 'sha384',
    signature: p384,
  }),
  '0x0378': suite(0x0378, 'ALG_AES_256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384', 256, {
    kdfHash: 'sha384',
    signature: p384,
  }),
  '0x0478': suite(0x0478, 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY', 256, {
    kdfHash: 'sha512',
    commitmentLength: 32,
  }),
  '0x0578': suite(0x0578, 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384', 256, {
    kdfHash: 'sha512',
    commitmentLength: 32,
    signature: p384,
  }),
});
