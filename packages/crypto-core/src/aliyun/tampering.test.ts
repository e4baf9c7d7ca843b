import { describe, expect, it } from 'vitest';
import { createEncryptionClient } from '../client/client.ts';
import { YunsealError } from '../errors.ts';
import { hasBodyStreams, suitesHere } from '../test-support/aliyun-platform.ts';
import { kmsStandIn } from '../test-support/kms-stand-in.ts';
import { streamThrough } from '../test-support/streams.ts';

const keyring = kmsStandIn('acs:kms:cn-hangzhou:1:key/a', 'acs:kms:cn-beijing:1:key/b');
const client = createEncryptionClient({ keyring }, { format: 'aliyun', allowUnauthenticated: true });
const plaintext = Uint8Array.from({ length: 32 }, (_, i) => i);
const context = { purpose: 'test', 用途: '' };

const cases = suitesHere.flatMap((suite) =>
  (['message', 'stream'] as const).map((encoding) => ({ suite, encoding })),
);

/** What became of a changed message: refused by an error of ours, or taken. Anything else fails the test. */
async function outcome(decrypting: Promise<Uint8Array>): Promise<'refused' | Uint8Array> {
  try {
    return await decrypting;
  } catch (error) {
    expect(error).toBeInstanceOf(YunsealError);
    return 'refused';
  }
}

const whole = async (message: Uint8Array) => (await client.decrypt(message)).plaintext;
const streamed = (message: Uint8Array) => streamThrough(client.decryptStream(), message);
/** WebCrypto answers on another thread, so there one bit of each byte must do. */
const bits = hasBodyStreams ? [0, 1, 2, 3, 4, 5, 6, 7] : [5];

describe.each(cases)('$suite.name, $encoding encoding', ({ suite, encoding }) => {
  it('every flipped bit is refused, except in a body that nothing authenticates', async () => {
    const { ciphertext, header } = await client.encrypt(plaintext, { suite, encoding, context });
    for (let at = 0; at < ciphertext.length; at += 1) {
      for (const bit of bits) {
        const changed = ciphertext.slice();
        changed[at]! ^= 1 << bit;
        for (const result of [
          await outcome(whole(changed)),
          at % 7 === 0 ? await outcome(streamed(changed)) : 'refused',
        ]) {
          if (result === 'refused') continue;
          // CBC and CTR: IV and ciphertext can be changed, and come out as another plaintext.
          expect(suite.authenticated, `bit ${bit} of byte ${at}`).toBe(false);
          expect(at).toBeGreaterThanOrEqual(header.headerLength);
          expect(Buffer.compare(result, plaintext)).not.toBe(0);
        }
      }
    }
  });

  it('every truncation is refused, except of a stream that nothing authenticates', async () => {
    const { ciphertext, header } = await client.encrypt(plaintext, { suite, encoding, context });
    for (let length = 0; length < ciphertext.length; length += 1) {
      const cut = ciphertext.subarray(0, length);
      for (const result of [await outcome(whole(cut)), await outcome(streamed(cut))]) {
        if (result === 'refused') continue;
        expect({ suite, encoding }, `${length} bytes`).toMatchObject({
          suite: { authenticated: false },
          encoding: 'stream',
        });
        expect(length).toBeGreaterThanOrEqual(header.headerLength + 4 + suite.ivLength);
      }
    }
  });

  it('trailing bytes are refused, except after a stream that nothing authenticates', async () => {
    const { ciphertext } = await client.encrypt(plaintext, { suite, encoding, context });
    for (const extra of [1, 16, 100]) {
      const longer = new Uint8Array(ciphertext.length + extra);
      longer.set(ciphertext);
      for (const result of [await outcome(whole(longer)), await outcome(streamed(longer))]) {
        if (suite.authenticated || encoding === 'message') expect(result).toBe('refused');
      }
    }
  });
});
