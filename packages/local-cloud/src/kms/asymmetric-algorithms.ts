import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  privateEncrypt,
  publicDecrypt,
  publicEncrypt,
} from 'node:crypto';
import { kmsError } from './errors.ts';
import type { KeySpec } from './records.ts';

/**
 * The asymmetric algorithms of KMS. It signs digests, and node:crypto only whole messages, so the parts that are
 * missing there come from libraries: ECDSA from noble, SM2 from sm-crypto-v2, the padding of PSS from node-forge.
 * They are loaded when first used.
 */

export const signatureAlgorithms = [
  'RSA_PSS_SHA_256',
  'RSA_PKCS1_SHA_256',
  'ECDSA_SHA_256',
  'SM2DSA',
] as const;
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];
export const encryptionAlgorithms = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'SM2PKE'] as const;
export type EncryptionAlgorithm = (typeof encryptionAlgorithms)[number];

/** Which algorithms a key is for ("AsymmetricSign", "AsymmetricEncrypt"). */
export function algorithmsOf(spec: KeySpec): readonly (SignatureAlgorithm | EncryptionAlgorithm)[] {
  switch (spec) {
    case 'RSA_2048':
    case 'RSA_3072':
      return ['RSA_PSS_SHA_256', 'RSA_PKCS1_SHA_256', 'RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'];
    case 'EC_P256':
    case 'EC_P256K':
      return ['ECDSA_SHA_256'];
    case 'EC_SM2':
      return ['SM2DSA', 'SM2PKE'];
    default:
      return [];
  }
}

/** The largest plaintext SM2PKE takes, in bytes. */
const sm2MaxPlaintext = 6047;

/** `material` as a key version holds it. */
export function privateKeyOf(material: string): KeyObject {
  return createPrivateKey({ key: Buffer.from(material, 'base64'), format: 'der', type: 'pkcs8' });
}

/** The public key as PEM (SubjectPublicKeyInfo). */
export function publicKeyPem(material: string): string {
  return createPublicKey(privateKeyOf(material)).export({ format: 'pem', type: 'spki' }).toString();
}

/**
 * Signs a digest of 32 bytes. ECDSA and SM2 signatures are DER (RFC 3279, GB/T 35276), RSA ones as long as the modulus.
 */
export async function signDigest(
  algorithm: SignatureAlgorithm,
  spec: KeySpec,
  material: string,
  digest: Buffer,
): Promise<Buffer> {
  const key = privateKeyOf(material);
  switch (algorithm) {
    case 'RSA_PKCS1_SHA_256':
      return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(digest));
    case 'RSA_PSS_SHA_256': {
      const { pss, asDigest } = await pssPadding();
      const encoded = pss.encode(asDigest(digest), modulusBits(key));
      return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, Buffer.from(encoded, 'binary'));
    }
    case 'ECDSA_SHA_256': {
      const curve = await ecdsaCurve(spec);
      const { secret } = await ecParts(key);
      return Buffer.from(curve.sign(digest, secret, { prehash: false, format: 'der' }));
    }
    case 'SM2DSA': {
      const { sm2 } = await import('sm-crypto-v2');
      const { secret, point } = await ecParts(key);
      const signature = sm2.doSignature(new Uint8Array(digest), secret.toString('hex'), {
        der: true,
        hash: false,
        publicKey: point.toString('hex'),
      });
      return Buffer.from(signature, 'hex');
    }
  }
}

/** Whether a signature over a digest of 32 bytes is good; what is no signature at all is not. */
export async function verifyDigest(
  algorithm: SignatureAlgorithm,
  spec: KeySpec,
  material: string,
  digest: Buffer,
  signature: Buffer,
): Promise<boolean> {
  const key = privateKeyOf(material);
  try {
    switch (algorithm) {
      case 'RSA_PKCS1_SHA_256':
        return publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature).equals(
          digestInfo(digest),
        );
      case 'RSA_PSS_SHA_256': {
        const encoded = publicDecrypt({ key, padding: constants.RSA_NO_PADDING }, signature);
        const { pss } = await pssPadding();
        return pss.verify(digest.toString('binary'), encoded.toString('binary'), modulusBits(key));
      }
      case 'ECDSA_SHA_256': {
        const curve = await ecdsaCurve(spec);
        const { point } = await ecParts(key);
        // OpenSSL and the SDKs make signatures with a high S as well.
        return curve.verify(signature, digest, point, { prehash: false, format: 'der', lowS: false });
      }
      case 'SM2DSA': {
        const { sm2 } = await import('sm-crypto-v2');
        const { point } = await ecParts(key);
        return sm2.doVerifySignature(
          new Uint8Array(digest),
          signature.toString('hex'),
          point.toString('hex'),
          {
            der: true,
            hash: false,
          },
        );
      }
    }
  } catch {
    return false;
  }
}

/** @throws ServiceError `InvalidParameter` for a plaintext that is too long */
export async function encryptAsymmetric(
  algorithm: EncryptionAlgorithm,
  material: string,
  plaintext: Buffer,
): Promise<Buffer> {
  const key = privateKeyOf(material);
  if (algorithm === 'SM2PKE') {
    if (plaintext.length === 0 || plaintext.length > sm2MaxPlaintext)
      throw kmsError.invalid('Plaintext', `SM2PKE takes 1 to ${sm2MaxPlaintext} bytes`);
    const { sm2 } = await import('sm-crypto-v2');
    const { point } = await ecParts(key);
    return Buffer.from(
      sm2.doEncrypt(new Uint8Array(plaintext), point.toString('hex'), 1, { asn1: true }),
      'hex',
    );
  }
  const oaepHash = algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256';
  const limit = modulusBits(key) / 8 - 2 * (oaepHash === 'sha1' ? 20 : 32) - 2;
  if (plaintext.length > limit)
    throw kmsError.invalid('Plaintext', `${algorithm} takes up to ${limit} bytes with this key`);
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, plaintext);
}

/** @throws ServiceError `InvalidParameter` for what the key does not open */
export async function decryptAsymmetric(
  algorithm: EncryptionAlgorithm,
  material: string,
  ciphertext: Buffer,
): Promise<Buffer> {
  const key = privateKeyOf(material);
  try {
    if (algorithm === 'SM2PKE') {
      const { sm2 } = await import('sm-crypto-v2');
      const { secret } = await ecParts(key);
      const opened = sm2.doDecrypt(ciphertext.toString('hex'), secret.toString('hex'), 1, {
        output: 'array',
        asn1: true,
      });
      if (opened.length > 0) return Buffer.from(opened);
    } else {
      const oaepHash = algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256';
      return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, ciphertext);
    }
  } catch {
    // One answer whatever was wrong with it.
  }
  throw kmsError.invalid('CiphertextBlob', `it was not encrypted with ${algorithm} under this key version`);
}

/** DigestInfo of SHA-256 (RFC 8017, section 9.2, note 1), which PKCS #1 v1.5 signs. */
function digestInfo(digest: Buffer): Buffer {
  return Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest]);
}

function modulusBits(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0;
}

async function ecdsaCurve(spec: KeySpec): Promise<typeof import('@noble/curves/nist.js').p256> {
  return spec === 'EC_P256K'
    ? (await import('@noble/curves/secp256k1.js')).secp256k1
    : (await import('@noble/curves/nist.js')).p256;
}

/** The secret scalar (32 bytes) and the public point (65 bytes, uncompressed) of an EC key. */
async function ecParts(key: KeyObject): Promise<{ secret: Buffer; point: Buffer }> {
  const { default: forge } = await import('node-forge');
  const { asn1 } = forge;
  const read = (der: string) => asn1.fromDer(der).value as import('node-forge').asn1.Asn1[];
  // PrivateKeyInfo (RFC 5208) holds an ECPrivateKey (RFC 5915), whose second field is the scalar.
  const info = read(key.export({ format: 'der', type: 'pkcs8' }).toString('binary'));
  const secret = Buffer.from(read(info[2]?.value as string)[1]?.value as string, 'binary');
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { secret, point: spki.subarray(spki.length - 65) };
}

async function pssPadding(): Promise<{
  pss: {
    encode(digest: unknown, bits: number): string;
    verify(digest: string, encoded: string, bits: number): boolean;
  };
  asDigest: (digest: Buffer) => unknown;
}> {
  const { default: forge } = await import('node-forge');
  const pss = forge.pss.create({
    md: forge.md.sha256.create(),
    mgf: forge.mgf.mgf1.create(forge.md.sha256.create()),
    saltLength: 32,
    prng: { getBytesSync: forge.random.getBytesSync },
  } as never) as never;
  return {
    pss,
    asDigest: (digest) => ({ digest: () => forge.util.createBuffer(digest.toString('binary')) }),
  };
}
