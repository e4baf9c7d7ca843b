import {
  createEncryptionClient,
  decodeAliyunBody,
  inspectMessage,
  joinAliyunMessage,
  parseAliyunHeader,
} from '@yunseal/crypto-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SharedDataKeyError } from '../errors.ts';
import { kmsKeyring } from '../keyrings/kms-keyring.ts';
import { arns, hangzhou, type KmsCloud, kmsCloud } from '../test-support/kms-cloud.ts';
import {
  kmsSecretProviderId,
  type SecretsManagerKeyringOptions,
  secretsManagerKeyring,
} from './secrets-manager-keyring.ts';

let local: KmsCloud;
beforeAll(async () => {
  local = await kmsCloud();
});
afterAll(() => local[Symbol.asyncDispose]());
afterEach(() => local.cloud.reset());

const secretName = 'shared-data-key';
const context = { fleet: 'orders' };

/** As one process of the fleet has it. */
function keyringOf(options: Partial<SecretsManagerKeyringOptions> = {}) {
  return secretsManagerKeyring({
    keyId: arns.hangzhou,
    secretName,
    credentials: local.administrator,
    endpoint: local.endpoint,
    ...options,
  });
}

const kmsCalls = () => local.cloud.auditLog().map((event) => event.eventName);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const stored = async () =>
  Buffer.from(
    (await local.administer(hangzhou, 'GetSecretValue', { SecretName: secretName })).SecretData as string,
    'base64',
  );

describe('a fleet', () => {
  it('shares one data key: each process asks KMS twice, whatever it encrypts', async () => {
    const first = createEncryptionClient({ keyring: keyringOf() });
    const { ciphertext } = await first.encrypt('hello', { context });
    expect(kmsCalls()).toEqual([
      'GetSecretValue',
      'GenerateDataKey',
      'CreateSecret',
      'GetSecretValue',
      'Decrypt',
    ]);
    for (let message = 0; message < 100; message++)
      await first.encrypt('again', { context: { other: String(message) } });
    expect(kmsCalls()).toHaveLength(5);

    const second = createEncryptionClient({ keyring: keyringOf() });
    expect(text((await second.decrypt(ciphertext)).plaintext)).toBe('hello');
    const { ciphertext: reply } = await second.encrypt('reply');
    expect(kmsCalls().slice(5)).toEqual(['GetSecretValue', 'Decrypt']);
    expect(text((await first.decrypt(reply)).plaintext)).toBe('reply');
    expect(kmsCalls()).toHaveLength(7);
  });

  it('agrees on one data key when all start at once', async () => {
    const fleet = Array.from({ length: 8 }, () => createEncryptionClient({ keyring: keyringOf() }));
    const messages = await Promise.all(fleet.map((client, index) => client.encrypt(`from ${index}`)));
    const reader = createEncryptionClient({ keyring: keyringOf() });
    for (const [index, { ciphertext }] of messages.entries()) {
      expect(text((await reader.decrypt(ciphertext)).plaintext)).toBe(`from ${index}`);
    }
    const versions = new Set(messages.map(({ header }) => text(header.encryptedDataKeys[0]!.ciphertext)));
    expect(versions.size).toBe(1);
  });

  it('takes up a newer version of the secret, and still reads what the older one wrote', async () => {
    const keyring = keyringOf({ maxAgeMs: 1 });
    const client = createEncryptionClient({ keyring });
    const { ciphertext: before } = await client.encrypt('before');
    const other = keyringOf({ secretName: 'another' });
    await createEncryptionClient({ keyring: other }).encrypt('makes a header');
    const header = await local.administer(hangzhou, 'GetSecretValue', { SecretName: 'another' });
    await local.administer(hangzhou, 'PutSecretValue', {
      SecretName: secretName,
      SecretData: header.SecretData as string,
      VersionId: 'newer',
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { ciphertext: after, header: written } = await client.encrypt('after');
    expect(text(written.encryptedDataKeys[0]!.ciphertext)).toBe('newer');
    const reader = createEncryptionClient({ keyring: keyringOf() });
    expect(text((await reader.decrypt(before)).plaintext)).toBe('before');
    expect(text((await reader.decrypt(after)).plaintext)).toBe('after');
  });
});

describe('the Java release’s form', () => {
  it('keeps the header’s DER in the secret, in Base64, and the body alone in the message', async () => {
    const writer = keyringOf();
    const client = createEncryptionClient({ keyring: writer }, { format: 'aliyun' });
    const { ciphertext } = await client.encrypt('hello', { context });
    const body = await writer.detachHeader(ciphertext);

    const header = parseAliyunHeader(await stored());
    expect(header).toMatchObject({ context, suite: { name: 'AES_GCM_NOPADDING_256' } });
    expect(header.encryptedDataKeys.map((key) => key.providerInfo)).toEqual([arns.hangzhou]);
    expect(body[0]).toBe(0x30);
    expect(body.length).toBeLessThan(ciphertext.length - header.headerLength);

    const reader = keyringOf();
    const message = await reader.attachHeader(body);
    const { plaintext } = await createEncryptionClient({ keyring: reader }, { format: 'aliyun' }).decrypt(
      message,
      { context },
    );
    expect(text(plaintext)).toBe('hello');

    // What Java does: the secret's header and the body, under the plain KMS keys.
    const joined = joinAliyunMessage({ header: await stored(), ...decodeAliyunBody(body, header.suite) });
    const plain = kmsKeyring({
      keyId: arns.hangzhou,
      credentials: local.administrator,
      endpoint: local.endpoint,
    });
    expect(text((await createEncryptionClient({ keyring: plain }).decrypt(joined)).plaintext)).toBe('hello');
  });

  it.each(['message', 'stream'] as const)(
    'keeps the body of the %s encoding, whole or not at all',
    async (encoding) => {
      const keyring = keyringOf();
      const client = createEncryptionClient({ keyring }, { format: 'aliyun' });
      const { ciphertext } = await client.encrypt('hello', { context, encoding });
      const body = await keyring.detachHeader(ciphertext, encoding);
      if (encoding === 'stream') {
        expect([...body.subarray(0, 4)]).toEqual([12, 0, 0, 0]);
        expect(Buffer.compare(ciphertext.subarray(-body.length), body)).toBe(0);
      }
      expect(text((await client.decrypt(await keyring.attachHeader(body, encoding))).plaintext)).toBe(
        'hello',
      );
      for (let length = 0; length < body.length; length++) {
        const cut = keyring.attachHeader(body.subarray(0, length), encoding);
        await expect(cut.then((message) => client.decrypt(message))).rejects.toThrow();
      }
    },
  );

  it('uses a secret that was there before', async () => {
    await createEncryptionClient(
      { keyring: keyringOf() },
      { format: 'aliyun', suite: 'SM4_GCM_NOPADDING_128' },
    ).encrypt('hello');
    const client = createEncryptionClient({ keyring: keyringOf() }, { format: 'aliyun' });
    await expect(client.encrypt('hello')).rejects.toThrow(SharedDataKeyError);
    expect(
      (await client.encrypt('hello', { suite: 'SM4_GCM_NOPADDING_128' })).ciphertext.length,
    ).toBeGreaterThan(0);
  });

  it('needs the context the secret was made with, as Java does', async () => {
    const client = createEncryptionClient({ keyring: keyringOf() }, { format: 'aliyun' });
    await client.encrypt('hello', { context });
    await expect(client.encrypt('hello', { context: { fleet: 'others' } })).rejects.toThrow(/context/);
  });

  it('refuses to take the header off a message of another data key', async () => {
    const keyring = keyringOf();
    await createEncryptionClient({ keyring }, { format: 'aliyun' }).encrypt('hello');
    const plain = kmsKeyring({
      keyId: arns.hangzhou,
      credentials: local.administrator,
      endpoint: local.endpoint,
    });
    const { ciphertext } = await createEncryptionClient({ keyring: plain }, { format: 'aliyun' }).encrypt(
      'hello',
    );
    await expect(keyring.detachHeader(ciphertext)).rejects.toThrow(SharedDataKeyError);
    expect(text((await createEncryptionClient({ keyring }).decrypt(ciphertext)).plaintext)).toBe('hello');
  });
});

describe('what is refused', () => {
  const put = (data: string, type = 'text') =>
    local.administer(hangzhou, 'CreateSecret', {
      SecretName: secretName,
      SecretData: data,
      SecretDataType: type,
      VersionId: 'v1',
    });
  const encrypt = () => createEncryptionClient({ keyring: keyringOf() }).encrypt('hello');

  it.each([
    ['no header', 'aGVsbG8='],
    ['nothing', 'x'],
  ])('a secret that holds %s', async (_, data) => {
    await put(data);
    await expect(encrypt()).rejects.toThrow(SharedDataKeyError);
  });

  it('a binary secret', async () => {
    await put('aGVsbG8=', 'binary');
    await expect(encrypt()).rejects.toThrow(/binary/);
  });

  it('a header that was changed', async () => {
    await encrypt();
    const changed = await stored();
    changed[changed.length - 1]! ^= 1;
    await local.administer(hangzhou, 'PutSecretValue', {
      SecretName: secretName,
      SecretData: changed.toString('base64'),
      VersionId: 'changed',
    });
    await expect(encrypt()).rejects.toThrow(/header was changed/);
  });

  it('a header under keys that are not configured', async () => {
    await encrypt();
    const stranger = createEncryptionClient({ keyring: keyringOf({ keyId: arns.hangzhouSecond }) });
    await expect(stranger.encrypt('hello')).rejects.toThrow(/none of the configured keys/);
  });

  it('a suite that would use the shared key itself for every message', async () => {
    const client = createEncryptionClient(
      { keyring: keyringOf() },
      { suite: 'ALG_AES_256_GCM_IV12_TAG16_NO_KDF', commitmentPolicy: 'allow' },
    );
    await expect(client.encrypt('hello')).rejects.toThrow(/derives no key/);
  });

  it('more messages than the limit', async () => {
    const client = createEncryptionClient({ keyring: keyringOf({ maxMessages: 2 }) });
    await client.encrypt('1');
    await client.encrypt('2');
    await expect(client.encrypt('3')).rejects.toThrow(/store a new version/);
  });
});

it('forgets and fetches again', async () => {
  const keyring = keyringOf();
  const client = createEncryptionClient({ keyring });
  const { ciphertext } = await client.encrypt('hello');
  const { encryptedDataKeys } = inspectMessage(ciphertext);
  expect(encryptedDataKeys[0]).toMatchObject({
    providerId: kmsSecretProviderId,
    providerInfo: `acs:kms:${hangzhou}:1000000000000001:secret/${secretName}`,
  });
  keyring.clear();
  expect(text((await client.decrypt(ciphertext)).plaintext)).toBe('hello');
});
