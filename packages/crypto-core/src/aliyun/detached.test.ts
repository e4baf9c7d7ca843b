import { describe, expect, it } from 'vitest';
import { createEncryptionClient } from '../client/client.ts';
import { AuthenticationError, InvalidArgumentError, MalformedMessageError } from '../errors.ts';
import { suites } from '../suites/table.ts';
import { suitesHere } from '../test-support/aliyun-platform.ts';
import { kmsStandIn } from '../test-support/kms-stand-in.ts';
import {
  decodeAliyunBody,
  encodeAliyunBody,
  joinAliyunMessage,
  parseAliyunHeader,
  sealAliyunHeader,
  splitAliyunMessage,
  verifyAliyunHeader,
} from './detached.ts';

const arn = 'acs:kms:cn-hangzhou:1000000000000001:key/k1';
const keyring = kmsStandIn(arn);
const client = createEncryptionClient({ keyring }, { format: 'aliyun' });
const text = 'kept apart';
const context = { 用途: 'test', b: '' };

describe('parts of a message kept apart', () => {
  it.each(['message', 'stream'] as const)(
    'are what the %s encoding holds, and join to a message',
    async (encoding) => {
      const { ciphertext: message } = await client.encrypt(text, { context, encoding });
      const parts = splitAliyunMessage(message);
      expect([parts.iv.length, parts.ciphertext.length, parts.tag.length]).toEqual([12, text.length, 16]);
      const joined = joinAliyunMessage(parts);
      if (encoding === 'message') expect(Buffer.compare(joined, message)).toBe(0);
      const { plaintext } = await client.decrypt(joined, { context });
      expect(Buffer.from(plaintext).toString()).toBe(text);
    },
  );

  it('read a body that stands alone', async () => {
    const { ciphertext: message } = await client.encrypt(text);
    const { header, ...body } = splitAliyunMessage(message);
    const alone = encodeAliyunBody(body);
    expect(Buffer.compare(message.subarray(-alone.length), alone)).toBe(0);
    expect(decodeAliyunBody(alone, parseAliyunHeader(header).suite)).toEqual(body);
    expect(() => decodeAliyunBody(Buffer.concat([alone, new Uint8Array(1)]), suites['0x0002'])).toThrow(
      'malformed message at byte 46: trailing bytes after the last field of the body: 1',
    );
    expect(() => decodeAliyunBody(alone, suites['0x0008'])).toThrow(MalformedMessageError);
  });

  it('refuse an IV or tag of another length', async () => {
    const parts = splitAliyunMessage((await client.encrypt(text)).ciphertext);
    expect(() => joinAliyunMessage({ ...parts, tag: parts.tag.subarray(1) })).toThrow(
      new InvalidArgumentError('tag is 15 bytes long; AES_GCM_NOPADDING_256 takes 16'),
    );
    expect(() => joinAliyunMessage({ ...parts, header: parts.header.subarray(1) })).toThrow(
      MalformedMessageError,
    );
  });
});

describe('a header that stands alone', () => {
  it('is sealed from materials, parsed, and verified with the data key', async () => {
    const materials = await keyring.onEncrypt({
      // SM4-GCM where the platform has it.
      suite: suitesHere.findLast(({ authenticated }) => authenticated)!,
      encryptionContext: context,
      encryptedDataKeys: [],
    });
    const dataKey = materials.plaintextDataKey!;
    const before = dataKey.slice();
    const header = await sealAliyunHeader(materials);
    const verified = await verifyAliyunHeader(header, dataKey);
    expect(dataKey).toEqual(before);
    expect(verified).toEqual(parseAliyunHeader(header));
    expect(verified).toMatchObject({ suite: materials.suite, context, headerLength: header.length });
    expect(verified.encryptedDataKeys).toEqual(materials.encryptedDataKeys);

    await expect(verifyAliyunHeader(header, new Uint8Array(dataKey.length))).rejects.toThrow(
      AuthenticationError,
    );
    const changed = header.slice();
    changed[changed.length - 1]! ^= 1;
    await expect(verifyAliyunHeader(changed, dataKey)).rejects.toThrow(AuthenticationError);
  });

  it('needs a data key and a suite of the format', async () => {
    const materials = { suite: suites['0x0002'], encryptionContext: {}, encryptedDataKeys: [] };
    await expect(sealAliyunHeader(materials)).rejects.toThrow('no plaintext data key');
    const plaintextDataKey = new Uint8Array(32);
    await expect(sealAliyunHeader({ ...materials, plaintextDataKey })).rejects.toThrow(
      'at least one encrypted data key',
    );
    await expect(sealAliyunHeader({ ...materials, suite: suites['0x0478'] })).rejects.toThrow(
      'no aliyun suite',
    );
  });
});
