import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sm4GcmDecryptor, sm4GcmEncryptor } from './node-sm4-gcm.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));

// RFC 8998, appendix A.1.
const example = {
  key: createSecretKey(hex('0123456789ABCDEFFEDCBA9876543210')),
  iv: hex('00001234567800000000ABCD'),
  aad: hex('FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2'),
  plaintext: hex(
    `AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD
     EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA`,
  ),
  ciphertext: hex(
    `17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735
     D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D`,
  ),
  tag: hex('83DE3541E4C2B58177E065A9BF7B62EC'),
};

describe('SM4-GCM', () => {
  it('is that of RFC 8998, appendix A.1', () => {
    const { key, iv, aad, plaintext, ciphertext, tag } = example;
    const encryptor = sm4GcmEncryptor(key, iv, aad);
    expect(Buffer.compare(encryptor.update(plaintext), ciphertext)).toBe(0);
    expect(Buffer.compare(encryptor.final().tag, tag)).toBe(0);
    const decryptor = sm4GcmDecryptor(key, iv, aad);
    expect(Buffer.compare(decryptor.update(ciphertext), plaintext)).toBe(0);
    expect(decryptor.final(tag)).toHaveLength(0);
  });

  it('refuses another tag, a short one and none', () => {
    const { key, iv, aad, ciphertext, tag } = example;
    const changed = tag.slice();
    changed[15]! ^= 0x80;
    for (const wrong of [changed, tag.subarray(1), new Uint8Array(0)]) {
      const decryptor = sm4GcmDecryptor(key, iv, aad);
      decryptor.update(ciphertext);
      expect(decryptor.final(wrong)).toBeUndefined();
    }
  });

  it('gives the same whatever the pieces', () => {
    const { key, iv, aad } = example;
    const cuts = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, (pieces) => {
        const whole = sm4GcmEncryptor(key, iv, aad);
        const ciphertext = whole.update(Buffer.concat(pieces));
        const cut = sm4GcmEncryptor(key, iv, aad);
        const parts = pieces.map((piece) => cut.update(piece));
        expect(Buffer.compare(Buffer.concat(parts), ciphertext)).toBe(0);
        expect(Buffer.compare(cut.final().tag, whole.final().tag)).toBe(0);
      }),
    );
  });
});
