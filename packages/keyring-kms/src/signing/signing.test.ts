import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KmsAccessDeniedError, SignatureAlgorithmError } from '../errors.ts';
import type { KmsSignatureAlgorithm } from '../kms-client.ts';
import { certificateAround } from '../test-support/certificates.ts';
import { accountId, hangzhou, type KmsCloud, kmsCloud } from '../test-support/kms-cloud.ts';
import { kmsSigner } from './kms-signer.ts';
import { kmsVerifier } from './kms-verifier.ts';

let local: KmsCloud;
beforeAll(async () => {
  local = await kmsCloud();
});
afterAll(() => local[Symbol.asyncDispose]());

const message = new TextEncoder().encode('an order for 1,000 yuan');

/** A new asymmetric key in the local cloud. */
async function newKey(keySpec: string) {
  const created = await local.administer(hangzhou, 'CreateKey', {
    KeySpec: keySpec,
    KeyUsage: 'SIGN/VERIFY',
  });
  const { KeyId: keyId } = created.KeyMetadata as { KeyId: string };
  const listed = await local.administer(hangzhou, 'ListKeyVersions', { KeyId: keyId });
  const versions = listed.KeyVersions as { KeyVersion: { KeyVersionId: string }[] };
  return {
    keyId,
    keyVersionId: versions.KeyVersion[0]!.KeyVersionId,
    region: hangzhou,
    endpoint: local.endpoint(hangzhou),
    credentials: local.administrator,
  };
}

const kinds: readonly (readonly [string, KmsSignatureAlgorithm])[] = [
  ['RSA_2048', 'RSA_PSS_SHA_256'],
  ['RSA_2048', 'RSA_PKCS1_SHA_256'],
  ['RSA_3072', 'RSA_PSS_SHA_256'],
  ['EC_P256', 'ECDSA_SHA_256'],
  ['EC_P256K', 'ECDSA_SHA_256'],
  ['EC_SM2', 'SM2DSA'],
];

describe.each(kinds)('%s with %s', (keySpec, algorithm) => {
  it('signs through KMS; verifies through KMS and with the public key alone', async () => {
    const key = { ...(await newKey(keySpec)), algorithm };
    const signer = kmsSigner(key);
    const signature = await signer.sign(message);
    const verifiers = [kmsVerifier(key), kmsVerifier({ publicKey: await signer.publicKey(), algorithm })];
    for (const verifier of verifiers) {
      expect(await verifier.verify(message, signature)).toBe(true);
      expect(await verifier.verify('another message', signature)).toBe(false);
      for (const position of [5, signature.length - 1]) {
        const changed = signature.slice();
        changed[position]! ^= 1;
        // A malformed signature is either refused by KMS as such or not valid; it never verifies.
        const verdict = await verifier
          .verify(message, changed)
          .catch((error: Error & { code?: string }) => error.code);
        expect([false, 'KmsRejected']).toContain(verdict);
      }
    }
    const stranger = kmsVerifier({
      publicKey: await kmsSigner({ ...(await newKey(keySpec)), algorithm }).publicKey(),
      algorithm,
    });
    expect(await stranger.verify(message, signature)).toBe(false);
  });
});

describe('digests', () => {
  it.each(['EC_P256', 'EC_P256K'])(
    'of %s keys are signed and verified, remotely and locally',
    async (keySpec) => {
      const key = { ...(await newKey(keySpec)), algorithm: 'ECDSA_SHA_256' } as const;
      const signer = kmsSigner(key);
      const digest = createHash('sha256').update(message).digest();
      const signature = await signer.signDigest(digest);
      const verifiers = [kmsVerifier(key), kmsVerifier({ publicKey: await signer.publicKey() })];
      for (const verifier of verifiers) {
        expect(await verifier.verifyDigest(digest, signature)).toBe(true);
        expect(await verifier.verify(message, signature)).toBe(true);
        expect(await verifier.verifyDigest(createHash('sha256').digest(), signature)).toBe(false);
      }
      expect(await verifiers[1]!.verifyDigest(digest, signature.subarray(1))).toBe(false);
    },
  );

  it('of RSA and SM2 keys are verified through KMS only, and the error says so', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const verifier = kmsVerifier({ publicKey, algorithm: 'RSA_PSS_SHA_256' });
    await expect(verifier.verifyDigest(new Uint8Array(32), new Uint8Array(256))).rejects.toThrow(
      SignatureAlgorithmError,
    );
  });

  it('must have 32 bytes', async () => {
    const signer = kmsSigner({ ...(await newKey('EC_P256')), algorithm: 'ECDSA_SHA_256' });
    await expect(signer.signDigest(new Uint8Array(20))).rejects.toThrow(/32 bytes/);
  });
});

it('verifies the signature of the SM2 standard’s own example (GM/T 0003.5-2012, annex A.2)', async () => {
  const point = [
    '04',
    '09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020',
    'ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13',
  ].join('');
  const spki = Buffer.from(`3059301306072a8648ce3d020106082a811ccf5501822d034200${point}`, 'hex');
  const publicKey = createPublicKey({ key: spki, type: 'spki', format: 'der' });
  const signature = Buffer.from(
    [
      '3046022100',
      'f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3',
      '022100',
      'b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa',
    ].join(''),
    'hex',
  );
  const verifier = kmsVerifier({ publicKey });
  expect(verifier.algorithm).toBe('SM2DSA');
  expect(await verifier.verify('message digest', signature)).toBe(true);
  expect(await verifier.verify('message digesT', signature)).toBe(false);
});

describe('keys that do not fit', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ed25519 = generateKeyPairSync('ed25519');
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });

  it.each([
    ['an RSA key without an algorithm', () => kmsVerifier({ publicKey: rsa.publicKey })],
    ['an RSA key for ECDSA', () => kmsVerifier({ publicKey: rsa.publicKey, algorithm: 'ECDSA_SHA_256' })],
    ['an Ed25519 key', () => kmsVerifier({ publicKey: ed25519.publicKey })],
    ['a P-384 key', () => kmsVerifier({ publicKey: p384.publicKey })],
    ['a private key', () => kmsVerifier({ publicKey: rsa.privateKey })],
    ['no key', () => kmsVerifier({ publicKey: 'no key' })],
    ['no certificate', () => kmsVerifier({ certificate: 'no certificate' })],
  ])('are refused: %s', (_, make) => {
    expect(make).toThrow(SignatureAlgorithmError);
  });

  it('are found out when KMS gives the public key', async () => {
    const key = await newKey('EC_P256');
    await expect(kmsSigner({ ...key, algorithm: 'SM2DSA' }).sign(message)).rejects.toThrow(
      SignatureAlgorithmError,
    );
  });
});

it('reports a missing permission', async () => {
  const key = {
    ...(await newKey('EC_P256')),
    credentials: local.application,
    algorithm: 'ECDSA_SHA_256',
  } as const;
  await expect(kmsSigner(key).sign(message)).rejects.toBeInstanceOf(KmsAccessDeniedError);

  const keyId = `acs:kms:${hangzhou}:${accountId}:key/${key.keyId}`;
  const byArn = { ...key, keyId };
  await expect(kmsSigner(byArn).sign(message)).rejects.toMatchObject({
    operation: 'AsymmetricSign',
    resource: keyId,
    message: expect.stringContaining(`grant kms:AsymmetricSign on ${keyId} to the identity`),
  });
  await expect(kmsSigner(byArn).publicKey()).rejects.toMatchObject({ resource: keyId });
  await expect(kmsVerifier(byArn).verify(message, new Uint8Array(64))).rejects.toMatchObject({
    operation: 'AsymmetricVerify',
    resource: keyId,
  });
});

it('says that a key version is not there, rather than not allowed', async () => {
  const key = { ...(await newKey('EC_P256')), algorithm: 'ECDSA_SHA_256' } as const;
  const signer = kmsSigner({ ...key, keyVersionId: '99999999-9999-4999-8999-999999999999' });
  await expect(signer.sign(message)).rejects.toMatchObject({
    code: 'KmsNotFound',
    serviceCode: 'Forbidden.KeyVersionNotFound',
    httpStatus: 404,
  });
});

it('takes the public key out of an X.509 certificate', async () => {
  const key = { ...(await newKey('RSA_2048')), algorithm: 'RSA_PSS_SHA_256' } as const;
  const signer = kmsSigner(key);
  const certificate = certificateAround(await signer.publicKey());
  const verifier = kmsVerifier({ certificate, algorithm: 'RSA_PSS_SHA_256' });
  const signature = await signer.sign(message);
  expect(await verifier.verify(message, signature)).toBe(true);
  expect(await verifier.verify('another', signature)).toBe(false);
});

it('takes what node:crypto signed, so the two agree on padding and salt', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signature = sign('sha256', message, privateKey);
  const pkcs1 = kmsVerifier({ publicKey, algorithm: 'RSA_PKCS1_SHA_256' });
  const pss = kmsVerifier({ publicKey, algorithm: 'RSA_PSS_SHA_256' });
  expect(await pkcs1.verify(message, signature)).toBe(true);
  expect(await pss.verify(message, signature)).toBe(false);
});
