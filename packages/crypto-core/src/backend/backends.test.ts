import { createECDH, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { UnsupportedAlgorithmError } from '../errors.ts';
import { suites } from '../suites/table.ts';
import { decodeEcdsaSignature, encodeEcdsaSignature } from './ecdsa-signature.ts';
import { compressPoint, decompressPoint } from './elliptic-point.ts';
import { backend as node } from './node.ts';
import { backend as web } from './web.ts';

const pairs = [
  ['node to web', node, web],
  ['web to node', web, node],
] as const;
const bytes = (length: number) => crypto.getRandomValues(new Uint8Array(length));

describe.each(pairs)('%s', (_, from, to) => {
  test.each([16, 24, 32])('GCM with %i-byte keys', async (length) => {
    const [key, iv, aad, plaintext] = [bytes(length), bytes(12), bytes(50), bytes(60_001)];
    const sealed = new Uint8Array(plaintext.length + 16);
    await (await from.gcmKey(key)).seal(iv, aad, plaintext, sealed, 0);
    const opened = new Uint8Array(plaintext.length + 5);
    const reader = await to.gcmKey(key);
    expect(await reader.open(iv, aad, sealed, opened, 5)).toBe(true);
    expect(Buffer.compare(opened.subarray(5), plaintext)).toBe(0);
    sealed[10]! ^= 1;
    const untouched = new Uint8Array(plaintext.length);
    expect(await reader.open(iv, aad, sealed, untouched, 0)).toBe(false);
    expect(untouched.every((byte) => byte === 0)).toBe(true);
  });

  test('HKDF and SHA-384', async () => {
    const [key, salt] = [bytes(32), bytes(32)];
    for (const hash of ['sha256', 'sha384', 'sha512'] as const) {
      const infos = [bytes(10), bytes(0)];
      expect(await from.hkdf(hash, key, salt, infos, 32)).toEqual(await to.hkdf(hash, key, salt, infos, 32));
    }
    expect(await from.sha384(salt)).toBe(await to.sha384(salt));
  });

  test.each([suites['0x0214'], suites['0x0578']])('signatures of $name', async ({ signature }) => {
    for (let round = 0; round < 20; round += 1) {
      const { privateKey, publicPoint } = await from.generateSigningKey(signature!);
      const message = bytes(300);
      const signer = from.signer(signature!, privateKey);
      signer.update(message);
      const der = await signer.sign();
      const verify = async (input: Uint8Array, candidate: Uint8Array) => {
        const verifier = await to.verifier(signature!, publicPoint);
        verifier.update(input);
        return verifier.verify(candidate);
      };
      expect(await verify(message, der)).toBe(true);
      expect(await verify(bytes(300), der)).toBe(false);
      expect(await verify(message, der.subarray(1))).toBe(false);
    }
  });

  test('RSA', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const key = bytes(32);
    for (const padding of ['oaep-sha1', 'oaep-sha256', 'oaep-sha384', 'oaep-sha512'] as const) {
      const wrapped = await (await from.rsaPublicKey(publicKey, padding)).encrypt(key);
      const reader = await to.rsaPrivateKey(privateKey, padding);
      expect(await reader.decrypt(wrapped)).toEqual(key);
      expect(await reader.decrypt(bytes(256))).toBeUndefined();
    }
  });

  test.each([suites.AES_GCM_NOPADDING_128, suites.AES_CBC_PKCS5_256, suites.AES_CTR_NOPADDING_128])(
    'bodies of $name',
    async (suite) => {
      const [key, iv, aad, plaintext] = [
        bytes(suite.dataKeyLength),
        bytes(suite.ivLength),
        bytes(20),
        bytes(1001),
      ];
      const writer = await from.bodyKey(suite, key);
      const reader = await to.bodyKey(suite, key);
      expect(
        Buffer.compare(
          await writer.gmac(iv.subarray(0, 12), aad),
          await reader.gmac(iv.subarray(0, 12), aad),
        ),
      ).toBe(0);
      const padded = suite.padding === 'pkcs7' ? 1008 : 1001;
      const ciphertext = new Uint8Array(padded);
      const tag = await writer.encrypt(iv, aad, plaintext, ciphertext, 0);
      expect(Buffer.compare((await reader.decrypt(iv, aad, ciphertext, tag))!, plaintext)).toBe(0);
    },
  );
});

test('what WebCrypto lacks is a typed error', async () => {
  for (const suite of [
    suites.SM4_GCM_NOPADDING_128,
    suites.SM4_CTR_NOPADDING_128,
    suites.AES_CBC_NOPADDING_128,
  ]) {
    await expect(web.bodyKey(suite, bytes(16))).rejects.toThrow(UnsupportedAlgorithmError);
  }
  const gcm = await web.bodyKey(suites.AES_GCM_NOPADDING_128, bytes(16));
  expect(() => gcm.encryptor(bytes(12), bytes(0))).toThrow(UnsupportedAlgorithmError);
  await expect(web.rsaPublicKey('', 'pkcs1')).rejects.toThrow(UnsupportedAlgorithmError);
});

describe.each([
  ['P-256', 'prime256v1', 32],
  ['P-384', 'secp384r1', 48],
] as const)('%s', (curve, opensslName, length) => {
  test('points compress and decompress as OpenSSL says', () => {
    for (let round = 0; round < 50; round += 1) {
      const ecdh = createECDH(opensslName);
      ecdh.generateKeys();
      const uncompressed = new Uint8Array(ecdh.getPublicKey());
      const compressed = new Uint8Array(ecdh.getPublicKey(undefined, 'compressed'));
      expect(compressPoint(uncompressed)).toEqual(compressed);
      expect(decompressPoint(compressed, curve)).toEqual(uncompressed);
    }
    expect(() => decompressPoint(new Uint8Array(1 + length).fill(0xff), curve)).toThrow(RangeError);
  });

  test('signatures have one DER form', () => {
    for (let round = 0; round < 200; round += 1) {
      const fixed = bytes(2 * length);
      // Leading zeros and high bits are where encodings differ.
      if (round % 3 === 0) fixed.fill(0, 0, round % length);
      if (round % 5 === 0) fixed.fill(0, length, length + (round % length));
      const der = encodeEcdsaSignature(fixed, curve);
      expect(decodeEcdsaSignature(der, curve)).toEqual(fixed);
      expect(decodeEcdsaSignature(Uint8Array.of(...der, 0), curve)).toBeUndefined();
      expect(decodeEcdsaSignature(der.subarray(0, -1), curve)).toBeUndefined();
    }
    for (const bad of [
      '',
      '3000',
      '3006020100020100ff',
      '300702020001020101',
      '30060201800201ff',
      '30810602010102 0101',
    ]) {
      expect(decodeEcdsaSignature(Buffer.from(bad.replace(' ', ''), 'hex'), curve), bad).toBeUndefined();
    }
  });
});
