import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnsupportedAlgorithmError } from '../errors.ts';
import { aliyunSuites } from '../suites/aliyun.ts';
import type { BodyKey } from './body-key.ts';
import { bodyKey as nodeBodyKey } from './node-body-key.ts';
import { bodyKey as webBodyKey } from './web-body-key.ts';

const all = Object.values(aliyunSuites);
const onWeb = all.filter(({ cipher, padding }) => cipher.startsWith('aes') && padding !== 'none');

/** One key of a suite, on both platforms. */
async function bothKeys(suite: (typeof all)[number]): Promise<readonly [BodyKey, BodyKey]> {
  const bytes = Uint8Array.from({ length: suite.dataKeyLength }, (_, i) => i * 7);
  return [nodeBodyKey(suite, bytes), await webBodyKey(suite, bytes)];
}

async function encrypt(key: BodyKey, iv: Uint8Array, aad: Uint8Array, plaintext: Uint8Array) {
  // One block more than any padding needs, so that a write past the ciphertext shows.
  const output = new Uint8Array(plaintext.length + 33);
  const tag = await key.encrypt(iv, aad, plaintext, output, 1);
  return { output, tag: Uint8Array.from(tag) };
}

describe('body keys of node:crypto and of WebCrypto', () => {
  it.each(onWeb)('write the same $name, and read each other', async (suite) => {
    const [node, web] = await bothKeys(suite);
    const bytes = fc.uint8Array({ maxLength: 100 });
    const iv = fc.uint8Array({ minLength: suite.ivLength, maxLength: suite.ivLength });
    await fc.assert(
      fc.asyncProperty(iv, bytes, bytes, async (iv, aad, plaintext) => {
        const written = await encrypt(node, iv, aad, plaintext);
        expect(await encrypt(web, iv, aad, plaintext)).toEqual(written);
        const length =
          suite.padding === 'pkcs7' ? plaintext.length - (plaintext.length % 16) + 16 : plaintext.length;
        const ciphertext = written.output.subarray(1, 1 + length);
        expect(Uint8Array.from((await node.decrypt(iv, aad, ciphertext, written.tag))!)).toEqual(plaintext);
        expect(await web.decrypt(iv, aad, ciphertext, written.tag)).toEqual(plaintext);
      }),
      { numRuns: 30 },
    );
  });

  it.each(onWeb)('give the same GMAC for $name', async (suite) => {
    const [node, web] = await bothKeys(suite);
    const [iv, aad] = [new Uint8Array(12).fill(9), new Uint8Array(33).fill(1)];
    expect(Uint8Array.from(await web.gmac(iv, aad))).toEqual(Uint8Array.from(await node.gmac(iv, aad)));
  });

  it.each(onWeb.filter(({ authenticated }) => authenticated))(
    'refuse a changed $name body',
    async (suite) => {
      const [iv, aad, plaintext] = [new Uint8Array(12), new Uint8Array(5), new Uint8Array(40).fill(2)];
      for (const key of await bothKeys(suite)) {
        const { output, tag } = await encrypt(key, iv, aad, plaintext);
        const ciphertext = output.subarray(1, 41);
        for (const changed of [ciphertext, tag, aad, iv]) {
          changed[3]! ^= 1;
          expect(await key.decrypt(iv, aad, ciphertext, tag)).toBeUndefined();
          changed[3]! ^= 1;
        }
        expect(await key.decrypt(iv, aad, ciphertext, tag)).toHaveLength(40);
      }
    },
  );

  it.each(all)('$name on WebCrypto: whole bodies or a typed error, and never pieces', async (suite) => {
    const key = webBodyKey(suite, new Uint8Array(suite.dataKeyLength));
    if (!onWeb.includes(suite)) {
      await expect(key).rejects.toThrow(UnsupportedAlgorithmError);
      return;
    }
    const iv = new Uint8Array(suite.ivLength);
    const { encryptor, decryptor } = await key;
    expect(() => encryptor(iv, iv)).toThrow(UnsupportedAlgorithmError);
    expect(() => decryptor(iv, iv)).toThrow(UnsupportedAlgorithmError);
  });
});
