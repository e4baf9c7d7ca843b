import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEncryptionClient } from '../client/client.ts';
import { inspectMessage } from '../client/inspect.ts';
import {
  LimitExceededError,
  MalformedMessageError,
  TruncatedMessageError,
  UnsupportedAlgorithmError,
} from '../errors.ts';
import { suites } from '../suites/table.ts';
import { allFramedSuites, testKeyring } from '../test-support/keyrings.ts';
import { decodeProviderInfo } from '../text.ts';
import { messageVersion, parseHeader, serializeHeaderBody } from './header.ts';

const text = fc.string({ unit: 'binary', maxLength: 30 }).filter((value) => value.isWellFormed());
const key = fc.record({
  providerId: text,
  providerInfo: fc.uint8Array({ maxLength: 60 }).map(decodeProviderInfo),
  ciphertext: fc.uint8Array({ maxLength: 100 }).map((bytes) => Uint8Array.from(bytes)),
});

test('what is written is read back to the same structure', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...allFramedSuites),
      fc.dictionary(text, text, { maxKeys: 6, noNullPrototype: true }),
      fc.array(key, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 0xffff_ffff }),
      fc.nat(50),
      (suite, context, encryptedDataKeys, frameLength, room) => {
        const version = messageVersion(suite);
        const messageId = crypto.getRandomValues(new Uint8Array(version === 1 ? 16 : 32));
        const commitment = crypto.getRandomValues(new Uint8Array(suite.commitmentLength));
        const authentication = version === 1 ? 28 : 16;
        const { bytes, bodyLength } = serializeHeaderBody(
          { suite, messageId, context, encryptedDataKeys, frameLength, commitment },
          authentication + room,
        );
        expect(bytes.length).toBe(bodyLength + authentication + room);
        const parsed = parseHeader(bytes, 10);
        expect(parsed.header).toEqual({
          format: 'framed',
          version,
          suite,
          messageId,
          context,
          encryptedDataKeys,
          contentType: 'framed',
          frameLength,
          headerLength: bodyLength + authentication,
        });
        expect(parsed.commitment).toEqual(commitment);
        for (let length = 0; length < bodyLength + authentication; length += 7) {
          expect(() => parseHeader(bytes.subarray(0, length), 10)).toThrow(TruncatedMessageError);
        }
      },
    ),
    { numRuns: 200 },
  );
});

/** A version 2 header from parts in hexadecimal; zeros for message id, commitment and tag. */
function header(parts: {
  suite?: string;
  context?: string;
  keys?: string;
  contentType?: string;
  frameLength?: string;
}) {
  const { suite = '0478', context = '0000', contentType = '02', frameLength = '00001000' } = parts;
  const keys = parts.keys ?? '0001 0001 70 0001 69 0001 63';
  const fields = ['02', suite, '00'.repeat(32), context, keys, contentType, frameLength, '00'.repeat(48)];
  return Uint8Array.from(Buffer.from(fields.join('').replaceAll(' ', ''), 'hex'));
}

describe('what is not well-formed is refused, with offset and reason', () => {
  test('the sample itself is', () => {
    expect(inspectMessage(header({}))).toMatchObject({
      frameLength: 4096,
      encryptedDataKeys: [{ providerId: 'p' }],
    });
  });

  test.each([
    ['an unknown version', Uint8Array.of(3, 0), 0, /no message format starts with 0x03/],
    ['a frame length of 0', header({ frameLength: '00000000' }), 49, /frame length 0/],
    ['a non-framed message with a frame length', header({ contentType: '01' }), 49, /frame length 4096/],
    ['an unknown content type', header({ contentType: '03' }), 48, /content type 0x03/],
    ['no encrypted data key', header({ keys: '0000' }), 37, /no encrypted data key/],
    ['a suite of version 1', header({ suite: '0178' }), 1, /does not belong to version 2/],
    ['an empty context with a count', header({ context: '0002 0000' }), 35, /must have length 0/],
    ['an entry beyond the context', header({ context: '0007 0001 0001 61 00ff' }), 44, /beyond the length/],
    [
      'bytes behind the last entry',
      header({ context: '0009 0001 0001 61 0001 62 ff' }),
      45,
      /1 bytes follow/,
    ],
    [
      'a key that comes twice',
      header({ context: '000e 0002 0001 61 0001 62 0001 61 0001 63' }),
      45,
      /"a" twice/,
    ],
    ['a key that is not UTF-8', header({ context: '0008 0001 0001 ff 0001 62' }), 39, /not valid UTF-8/],
    [
      'a provider id that is not UTF-8',
      header({ keys: '0001 0001 ff 0001 69 0001 63' }),
      39,
      /not valid UTF-8/,
    ],
  ])('%s', (_, bytes, offset, reason) => {
    try {
      inspectMessage(bytes);
      expect.fail('must be refused');
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedMessageError);
      expect((error as MalformedMessageError).reason).toMatch(reason);
      expect((error as MalformedMessageError).offset).toBe(offset);
    }
  });

  test('an unknown suite', () => {
    expect(() => inspectMessage(header({ suite: '0479' }))).toThrow(UnsupportedAlgorithmError);
    expect(() => inspectMessage(header({ suite: '0002' }))).toThrow(UnsupportedAlgorithmError);
  });

  test('lengths that claim more than there is allocate nothing', () => {
    const claims = [
      header({ keys: 'ffff ffff' }),
      header({ context: 'ffff ffff' }),
      header({ keys: '0001 ffff 70' }),
    ];
    const before = process.memoryUsage().arrayBuffers;
    for (const claim of claims)
      for (let i = 0; i < 200; i += 1) expect(() => inspectMessage(claim)).toThrow();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 2 ** 20);
  });

  test('version 1: type, reserved field and IV length', async () => {
    const client = createEncryptionClient({ keyring: testKeyring() }, { commitmentPolicy: 'allow' });
    const { ciphertext, header: parsed } = await client.encrypt('x', { suite: suites['0x0178'] });
    const end = parsed.headerLength;
    for (const [offset, reason] of [
      [1, 'type'],
      [end - 28 - 9, 'reserved'],
      [end - 28 - 5, 'IV length'],
    ] as const) {
      const changed = ciphertext.slice();
      changed[offset]! ^= 0x10;
      expect(() => inspectMessage(changed)).toThrow(reason);
    }
  });

  test('more encrypted data keys than allowed are refused before any is read', () => {
    expect(() => parseHeader(header({ keys: '000b' }), 10)).toThrow(LimitExceededError);
  });
});
