import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backend } from '#backend';
import { createEncryptionClient } from '../client/client.ts';
import { inspectMessage } from '../client/inspect.ts';
import { rewrapMessage } from '../client/rewrap.ts';
import {
  AuthenticationError,
  LimitExceededError,
  MalformedMessageError,
  TruncatedMessageError,
  UnsupportedOperationError,
} from '../errors.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';
import { suites } from '../suites/table.ts';
import { rememberingKeyring, testKeyring } from '../test-support/keyrings.ts';
import { streamThrough } from '../test-support/streams.ts';
import { frameCipher } from './frame.ts';
import { messageVersion, serializeHeaderBody } from './header.ts';
import { authenticateHeader, authenticationLength } from './header-authentication.ts';
import { deriveMessageKeys } from './message-keys.ts';

const keyring = testKeyring();
const client = createEncryptionClient({ keyring }, { commitmentPolicy: 'allow' });

/** A message with a non-framed body, which this package reads and never writes: put together here for its readers. */
async function nonFramed(
  plaintext: Uint8Array,
  suite: AlgorithmSuite,
  claim = plaintext.length,
): Promise<Uint8Array> {
  const context = { old: 'message' };
  const materials = await keyring.onEncrypt({ suite, encryptionContext: context, encryptedDataKeys: [] });
  const version = messageVersion(suite);
  const messageId = crypto.getRandomValues(new Uint8Array(version === 1 ? 16 : 32));
  const { cipher, commitment } = await deriveMessageKeys(suite, materials.plaintextDataKey!, messageId);
  const { encryptedDataKeys } = materials;
  const header = serializeHeaderBody(
    { suite, messageId, context, encryptedDataKeys, frameLength: 0, contentType: 'non-framed', commitment },
    authenticationLength(version),
  );
  await authenticateHeader(cipher, header, {}, version, new Uint8Array(12));

  const iv = Uint8Array.from({ length: 12 }, (_, index) => (index === 11 ? 1 : 0));
  const aad = Buffer.concat([
    messageId,
    Buffer.from('AWSKMSEncryptionClient Single Block'),
    Buffer.from('00000001', 'hex'),
    Buffer.from(plaintext.length.toString(16).padStart(16, '0'), 'hex'),
  ]);
  const sealed = new Uint8Array(plaintext.length + 16);
  await cipher.seal(iv, aad, plaintext, sealed, 0);
  const length = Buffer.from(claim.toString(16).padStart(16, '0'), 'hex');
  return new Uint8Array(Buffer.concat([header.bytes, iv, length, sealed]));
}

describe('a non-framed body', () => {
  test('is read whole and as a stream, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(suites['0x0014'], suites['0x0178'], suites['0x0478']),
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        async (suite, plaintext, randomCuts) => {
          const message = await nonFramed(plaintext, suite);
          expect(inspectMessage(message)).toMatchObject({ contentType: 'non-framed', frameLength: 0 });
          expect([...(await client.decrypt(message)).plaintext]).toEqual([...plaintext]);
          const cuts = randomCuts.map((cut) => cut % (message.length + 1)).sort((a, b) => a - b);
          expect([...(await streamThrough(client.decryptStream(), message, cuts))]).toEqual([...plaintext]);
        },
      ),
      { numRuns: backend.name === 'node' ? 60 : 20 },
    );
  });

  test('changed, cut off or lengthened, it is refused', async () => {
    const message = await nonFramed(new Uint8Array(40).fill(5), suites['0x0478']);
    const { headerLength } = inspectMessage(message);
    for (let bit = headerLength * 8; bit < message.length * 8; bit += 5) {
      const changed = message.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      await expect(client.decrypt(changed), `bit ${bit}`).rejects.toThrow();
      await expect(streamThrough(client.decryptStream(), changed, 50), `bit ${bit}`).rejects.toThrow();
    }
    const changed = message.slice();
    changed[message.length - 1]! ^= 1;
    await expect(client.decrypt(changed)).rejects.toThrow(AuthenticationError);
    await expect(client.decrypt(message.subarray(0, -1))).rejects.toThrow(TruncatedMessageError);
    await expect(client.decrypt(Buffer.concat([message, Buffer.of(0)]))).rejects.toThrow(
      MalformedMessageError,
    );
  });

  test('a length that claims gigabytes allocates nothing', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const claim = await nonFramed(new Uint8Array(40), suites['0x0478'], 2 ** 36 - 32);
    await expect(client.decrypt(claim)).rejects.toThrow(TruncatedMessageError);
    await expect(streamThrough(client.decryptStream(), claim, 50)).rejects.toThrow(LimitExceededError);
    const beyond = await nonFramed(new Uint8Array(40), suites['0x0478'], 2 ** 36);
    await expect(client.decrypt(beyond)).rejects.toThrow(MalformedMessageError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 2 ** 20);
  });

  test('is rewrapped as it is, and cannot be read in part', async () => {
    const message = await nonFramed(new Uint8Array(40).fill(5), suites['0x0178']);
    const to = testKeyring(9, 'new');
    const rewrapped = await rewrapMessage(message, { from: keyring, to });
    const after = createEncryptionClient({ keyring: to }, { commitmentPolicy: 'allow' });
    expect((await after.decrypt(rewrapped)).plaintext).toEqual(new Uint8Array(40).fill(5));
    await expect(client.openMessage(message)).rejects.toThrow(UnsupportedOperationError);
  });

  test('becomes frames when it is rewrapped with new ones', async () => {
    for (const length of [0, 40]) {
      const message = await nonFramed(new Uint8Array(length).fill(5), suites['0x0478']);
      const to = testKeyring(9, 'new');
      const renewed = await rewrapMessage(message, { from: keyring, to, frames: 'renew' });
      expect(inspectMessage(renewed)).toMatchObject({ contentType: 'framed', frameLength: 65_536 });
      const after = createEncryptionClient({ keyring: to });
      expect((await after.decrypt(renewed)).plaintext).toEqual(new Uint8Array(length).fill(5));
    }
  });
});

test('frames of the IV and sequence number of the specification', async () => {
  const key = await backend.gcmKey(new Uint8Array(32).fill(1));
  const frames = frameCipher(key, new Uint8Array(32));
  const output = new Uint8Array(60);
  await frames.seal('final', 0x01020304, Uint8Array.of(9), output, 10);
  expect(Buffer.from(output.subarray(10, 34)).toString('hex')).toBe(
    'ffffffff01020304000000000000000001020304' + '00000001',
  );
  const { ciphertext } = await createEncryptionClient({ keyring: rememberingKeyring() }).encrypt('ab', {
    frameLength: 1,
  });
  const { headerLength } = inspectMessage(ciphertext);
  expect(Buffer.from(ciphertext.subarray(headerLength, headerLength + 16)).toString('hex')).toBe(
    '00000001' + '0000000000000000' + '00000001',
  );
});
