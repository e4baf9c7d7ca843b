import {
  createEncryptionClient,
  DataKeyUnwrapError,
  type EncryptionClientOptions,
  inspectMessage,
  multiKeyring,
} from '@yunseal/crypto-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  KeyIdentifierError,
  KmsAccessDeniedError,
  KmsConnectionError,
  KmsError,
  KmsKeyStateError,
} from '../errors.ts';
import type { KmsEvent } from '../events.ts';
import { systemClock } from '../resilience/clock.ts';
import {
  accountId,
  arns,
  beijing,
  hangzhou,
  type KmsCloud,
  keyIds,
  kmsCloud,
} from '../test-support/kms-cloud.ts';
import { expectNoSecrets } from '../test-support/no-secrets.ts';
import { kmsDiscoveryKeyring } from './discovery-keyring.ts';
import { type KmsKeyringOptions, kmsKeyring } from './kms-keyring.ts';

let local: KmsCloud;
beforeAll(async () => {
  local = await kmsCloud();
});
afterAll(() => local[Symbol.asyncDispose]());
afterEach(() => local.cloud.reset());

/** Retries without pauses. */
const clock = { ...systemClock, random: () => 0 };
const context = { tenant: 'a', purpose: 'test' };

function options(overrides: Partial<KmsKeyringOptions> = {}): KmsKeyringOptions {
  return {
    keyId: arns.hangzhou,
    credentials: local.administrator,
    endpoint: local.endpoint,
    clock,
    ...overrides,
  };
}

function client(overrides: Partial<KmsKeyringOptions> = {}, clientOptions: EncryptionClientOptions = {}) {
  return createEncryptionClient({ keyring: kmsKeyring(options(overrides)) }, clientOptions);
}

const down = (region: string) => local.cloud.faults.inject({ service: 'kms', region, kind: 'region-down' });

describe('one key', () => {
  it('round-trips with one GenerateDataKey and one Decrypt', async () => {
    const { ciphertext, header } = await client().encrypt('hello', { context });
    expect(header.encryptedDataKeys.map((key) => [key.providerId, key.providerInfo])).toEqual([
      ['acs-kms', arns.hangzhou],
    ]);
    const { plaintext } = await client().decrypt(ciphertext, { context });
    expect(new TextDecoder().decode(plaintext)).toBe('hello');
    expect([local.count('GenerateDataKey'), local.count('Decrypt'), local.count('Encrypt')]).toEqual([
      1, 1, 0,
    ]);
  });

  it('needs only the two permissions the documents grant', async () => {
    const mine = client({ credentials: local.application });
    const { ciphertext } = await mine.encrypt('hello', { context });
    expect((await mine.decrypt(ciphertext)).plaintext).toHaveLength(5);
    const denied = client({ credentials: local.application, keyId: arns.beijing }).encrypt('hello');
    await expect(denied).rejects.toBeInstanceOf(KmsAccessDeniedError);
    await expect(denied).rejects.toThrow(/kms:GenerateDataKey/);
  });

  it.each([
    ['framed', 'ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384'],
    ['framed', 'ALG_AES_192_GCM_IV12_TAG16_HKDF_SHA256'],
    ['aliyun', 'AES_GCM_NOPADDING_128'],
    ['aliyun', 'AES_GCM_NOPADDING_256'],
    ['aliyun', 'SM4_GCM_NOPADDING_128'],
  ] as const)('reads and writes the %s format with %s', async (format, suite) => {
    const both = client({ additionalKeyIds: [arns.beijing] }, { format, suite, commitmentPolicy: 'allow' });
    const { ciphertext } = await both.encrypt('hello', { context });
    expect(inspectMessage(ciphertext)).toMatchObject({ format });
    for (const keyId of [arns.hangzhou, arns.beijing]) {
      const { plaintext } = await client({ keyId }, { commitmentPolicy: 'allow' }).decrypt(ciphertext);
      expect(new TextDecoder().decode(plaintext)).toBe('hello');
    }
  });

  it('is refused under another encryption context, and shows nothing secret', async () => {
    const { ciphertext } = await client({}, { format: 'aliyun' }).encrypt('hello', { context });
    const keyring = kmsKeyring(options());
    const { suite, encryptedDataKeys } = inspectMessage(ciphertext);
    const materials = { suite, encryptionContext: { ...context, tenant: 'b' } };
    const error = await keyring.onDecrypt(materials, encryptedDataKeys).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataKeyUnwrapError);
    const { accessKeySecret } = await local.administrator.getCredentials();
    expectNoSecrets(error, [accessKeySecret]);
  });

  it('says that the key is disabled', async () => {
    const generator = kmsKeyring(options());
    const { ciphertext } = await createEncryptionClient({ keyring: generator }).encrypt('hello');
    await disable(keyIds.hangzhou);
    await expect(client().encrypt('hello')).rejects.toBeInstanceOf(KmsKeyStateError);
    await expect(client().decrypt(ciphertext)).rejects.toThrow(/Rejected\.Disabled/);
  });
});

describe('several keys', () => {
  it('wraps for each, in parallel regions, and any one of them decrypts', async () => {
    const { ciphertext, header } = await client({
      additionalKeyIds: [arns.hangzhouSecond, arns.beijing, arns.shanghai],
    }).encrypt('hello', { context });
    expect(header.encryptedDataKeys.map((key) => key.providerInfo)).toEqual([
      arns.hangzhou,
      arns.hangzhouSecond,
      arns.beijing,
      arns.shanghai,
    ]);
    for (const keyId of Object.values(arns)) {
      expect((await client({ keyId }).decrypt(ciphertext)).plaintext).toHaveLength(5);
    }
    expect([local.count('GenerateDataKey'), local.count('Encrypt')]).toEqual([1, 3]);
  });

  it('re-encrypts within the generator’s region when asked to', async () => {
    const { ciphertext } = await client({
      additionalKeyIds: [arns.hangzhouSecond, arns.beijing],
      reEncrypt: true,
    }).encrypt('hello', { context });
    expect([local.count('ReEncrypt'), local.count('Encrypt')]).toEqual([1, 1]);
    expect((await client({ keyId: arns.hangzhouSecond }).decrypt(ciphertext)).plaintext).toHaveLength(5);
  });

  it('wraps a data key that another keyring made', async () => {
    const keyring = multiKeyring({
      generator: kmsKeyring(options()),
      children: [kmsKeyring(options({ keyId: arns.beijing, additionalKeyIds: [arns.shanghai] }))],
    });
    const { ciphertext } = await createEncryptionClient({ keyring }).encrypt('hello', { context });
    expect((await client({ keyId: arns.shanghai }).decrypt(ciphertext)).plaintext).toHaveLength(5);
    expect([local.count('GenerateDataKey'), local.count('Encrypt')]).toEqual([1, 2]);
  });

  it('tries configured keys only', async () => {
    const { ciphertext } = await client({ keyId: arns.beijing }).encrypt('hello');
    await expect(client().decrypt(ciphertext)).rejects.toBeInstanceOf(DataKeyUnwrapError);
    expect(local.count('Decrypt')).toBe(0);
  });

  it('refuses a key that is named twice', () => {
    expect(() => kmsKeyring(options({ additionalKeyIds: [arns.hangzhou] }))).toThrow(/twice/);
  });
});

describe('key names', () => {
  const aliasArn = `acs:kms:${hangzhou}:${accountId}:alias/orders` as const;
  it.each([
    ['an alias ARN', { keyId: aliasArn }, 0],
    ['an alias and an account', { keyId: 'alias/orders', region: hangzhou, accountId }, 0],
    ['an alias', { keyId: 'alias/orders', region: hangzhou }, 1],
    ['a bare key id', { keyId: keyIds.hangzhou, region: hangzhou }, 1],
    ['a bare key id and an account', { keyId: keyIds.hangzhou, region: hangzhou, accountId }, 0],
  ] satisfies [string, Partial<KmsKeyringOptions>, number][])('can be %s', async (_, named, describes) => {
    const mine = client(named);
    const { ciphertext, header } = await mine.encrypt('hello');
    expect(header.encryptedDataKeys[0]?.providerInfo).toBe(arns.hangzhou);
    expect((await mine.decrypt(ciphertext)).plaintext).toHaveLength(5);
    expect(local.count('DescribeKey')).toBe(describes);
    expect((await client().decrypt(ciphertext)).plaintext).toHaveLength(5);
    expect((await client(named).decrypt(ciphertext)).plaintext).toHaveLength(5);
  });

  it('explains that an alias needs kms:DescribeKey', async () => {
    const mine = client({ keyId: keyIds.hangzhou, region: hangzhou, credentials: local.application });
    await expect(mine.encrypt('hello')).rejects.toThrow(/kms:DescribeKey/);
    await expect(mine.encrypt('hello')).rejects.toBeInstanceOf(KeyIdentifierError);
  });

  it('collapses an alias and the key behind it into one wrapping', async () => {
    const { header } = await client({ additionalKeyIds: [aliasArn] }).encrypt('hello');
    expect(header.encryptedDataKeys).toHaveLength(1);
  });
});

describe('trouble', () => {
  it('bears throttling', async () => {
    local.cloud.faults.inject({ service: 'kms', kind: 'throttle', times: 3 });
    const events: KmsEvent[] = [];
    const { ciphertext } = await client({ onEvent: (event) => events.push(event) }).encrypt('hello');
    expect((await client().decrypt(ciphertext)).plaintext).toHaveLength(5);
    expect(events.filter((event) => event.type === 'retry')).toHaveLength(3);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'retry', errorCode: 'KmsThrottled', attempt: 3 }),
    );
  });

  it('decrypts through the other region when one is down, without waiting', async () => {
    const two = { additionalKeyIds: [arns.beijing], hedgeAfterMs: 60_000 };
    const { ciphertext } = await client(two).encrypt('hello');
    down(hangzhou);
    expect((await client(two).decrypt(ciphertext)).plaintext).toHaveLength(5);
  });

  it('decrypts through the other region when one hangs, after a bounded wait', async () => {
    const two = { additionalKeyIds: [arns.beijing], hedgeAfterMs: 5 };
    const { ciphertext } = await client(two).encrypt('hello');
    local.cloud.faults.inject({ service: 'kms', region: hangzhou, kind: 'hang' });
    expect((await client(two).decrypt(ciphertext)).plaintext).toHaveLength(5);
    expect(local.count('Decrypt')).toBeGreaterThan(0);
  });

  it('waits no longer for a region whose alias would have to be looked up there', async () => {
    const two = { additionalKeyIds: [arns.beijing], hedgeAfterMs: 5 };
    const { ciphertext } = await client(two).encrypt('hello');
    local.cloud.faults.inject({ service: 'kms', region: hangzhou, kind: 'hang' });
    const named = client({ ...two, keyId: 'alias/orders', region: hangzhou });
    expect((await named.decrypt(ciphertext)).plaintext).toHaveLength(5);
  });

  it('asks the configured regions first', async () => {
    const two = { additionalKeyIds: [arns.beijing], regionOrder: [beijing] };
    const { ciphertext } = await client(two).encrypt('hello');
    await client(two).decrypt(ciphertext);
    const asked = local.cloud.auditLog().filter((event) => event.eventName === 'Decrypt');
    expect(asked.map((event) => event.acsRegion)).toEqual([beijing]);
  });

  it('fails on encrypt with the region’s error by default', async () => {
    down(beijing);
    const two = client({ additionalKeyIds: [arns.beijing], retry: { maxAttempts: 2 } });
    await expect(two.encrypt('hello')).rejects.toBeInstanceOf(KmsConnectionError);
    await expect(two.encrypt('hello')).rejects.toMatchObject({ region: beijing, attempts: 2 });
  });

  it.each([
    ['an additional key’s', beijing, [arns.hangzhou, arns.shanghai], [arns.beijing]],
    ['the generator’s', hangzhou, [arns.beijing, arns.shanghai], [arns.hangzhou]],
  ])('by option wraps without %s region, and says so', async (_, region, wrapped, missing) => {
    down(region);
    const events: KmsEvent[] = [];
    const keyring = kmsKeyring(
      options({
        additionalKeyIds: [arns.beijing, arns.shanghai],
        whenRegionDown: 'skip',
        retry: { maxAttempts: 2 },
        onEvent: (event) => events.push(event),
      }),
    );
    const { ciphertext, header } = await createEncryptionClient({ keyring }).encrypt('hello');
    expect(header.encryptedDataKeys.map((key) => key.providerInfo)).toEqual(wrapped);
    expect(keyring.missingKeys(header)).toEqual(missing);
    expect(keyring.missingKeys(inspectMessage(ciphertext))).toEqual(missing);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'key-skipped', keyId: missing[0], region }),
    );
    expect((await createEncryptionClient({ keyring }).decrypt(ciphertext)).plaintext).toHaveLength(5);
  });

  it('by option skips a region that hangs after a bounded wait', async () => {
    local.cloud.faults.inject({ service: 'kms', region: hangzhou, kind: 'hang' });
    const keyring = kmsKeyring(
      options({ additionalKeyIds: [arns.beijing], whenRegionDown: 'skip', skipAfterMs: 30 }),
    );
    const { header } = await createEncryptionClient({ keyring }).encrypt('hello');
    expect(keyring.missingKeys(header)).toEqual([arns.hangzhou]);
  });

  it('by option loses no time with a region that is known to be down', async () => {
    down(beijing);
    const events: KmsEvent[] = [];
    const keyring = kmsKeyring(
      options({
        additionalKeyIds: [arns.beijing],
        whenRegionDown: 'skip',
        skipAfterMs: 60_000,
        circuitBreaker: { minimumCalls: 2, openMs: 600_000 },
        retry: { maxAttempts: 3 },
        onEvent: (event) => events.push(event),
      }),
    );
    const { encrypt } = createEncryptionClient({ keyring });
    for (let message = 0; message < 5; message++) await encrypt('hello');
    expect(events.filter((event) => event.type === 'key-skipped')).toHaveLength(5);
    expect(
      events.filter((event) => event.type === 'retry' && event.errorCode === 'KmsConnectionFailed'),
    ).toHaveLength(2);
  });

  it('does not paper over a refusal with another key', async () => {
    await disable(keyIds.hangzhou);
    const skipping = client({ additionalKeyIds: [arns.beijing], whenRegionDown: 'skip' });
    await expect(skipping.encrypt('hello')).rejects.toBeInstanceOf(KmsKeyStateError);
    await disable(keyIds.beijing, beijing);
    const other = client({ keyId: arns.shanghai, additionalKeyIds: [arns.beijing], whenRegionDown: 'skip' });
    await expect(other.encrypt('hello')).rejects.toBeInstanceOf(KmsKeyStateError);
  });

  it('fails when every region is down, naming each', async () => {
    const two = { additionalKeyIds: [arns.beijing], retry: { maxAttempts: 2 } };
    const { ciphertext } = await client(two).encrypt('hello');
    local.cloud.faults.inject({ service: 'kms', kind: 'region-down' });
    const error = await client(two)
      .decrypt(ciphertext)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataKeyUnwrapError);
    expect((error as DataKeyUnwrapError).errors).toHaveLength(2);
    expect((error as Error).message).toMatch(/cn-hangzhou.*cn-beijing/s);
    const skipping = client({ ...two, whenRegionDown: 'skip' });
    await expect(skipping.encrypt('hello')).rejects.toMatchObject({ code: 'DataKeyWrapFailed' });
  });

  it('is given up by its signal', async () => {
    local.cloud.faults.inject({ service: 'kms', kind: 'hang' });
    const controller = new AbortController();
    const encrypting = client({ signal: controller.signal }).encrypt('hello');
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(encrypting).rejects.toThrow('enough');
  });

  it('survives a rotation between attempts', async () => {
    local.cloud.faults.inject({ service: 'kms', kind: 'expired-credential', times: 1 });
    expect((await client().encrypt('hello')).ciphertext.length).toBeGreaterThan(0);
  });
});

describe('the discovery keyring', () => {
  it('decrypts by whatever key the message names, within its filter', async () => {
    const { ciphertext } = await client({ additionalKeyIds: [arns.beijing] }).encrypt('hello', { context });
    const base = { credentials: local.administrator, endpoint: local.endpoint, clock };
    const decrypt = (filter: { accounts?: string[]; regions?: string[] }) =>
      createEncryptionClient({ keyring: kmsDiscoveryKeyring({ ...base, ...filter }) }).decrypt(ciphertext);
    expect((await decrypt({})).plaintext).toHaveLength(5);
    expect((await decrypt({ accounts: [accountId], regions: [beijing] })).plaintext).toHaveLength(5);
    await expect(decrypt({ accounts: ['1000000000000009'] })).rejects.toBeInstanceOf(DataKeyUnwrapError);
    await expect(decrypt({ regions: ['cn-shenzhen'] })).rejects.toBeInstanceOf(DataKeyUnwrapError);
    expect(
      local.cloud
        .auditLog()
        .filter((event) => event.eventName === 'Decrypt')
        .map((event) => event.acsRegion),
    ).toEqual([hangzhou, beijing]);
  });

  it('refuses to encrypt', async () => {
    const keyring = kmsDiscoveryKeyring({ credentials: local.administrator });
    await expect(createEncryptionClient({ keyring }).encrypt('hello')).rejects.toMatchObject({
      code: 'DiscoveryKeyringCannotEncrypt',
    });
  });
});

it('every KMS error has a stable code and says operation, region, key and request id', async () => {
  await disable(keyIds.hangzhou);
  const error = (await client()
    .encrypt('hello')
    .catch((thrown: unknown) => thrown)) as KmsError;
  expect(error).toBeInstanceOf(KmsError);
  expect(error).toMatchObject({ code: 'KmsKeyUnusable', operation: 'GenerateDataKey', region: hangzhou });
  expect(error.requestId).toMatch(/^[0-9A-F-]{36}$/i);
  expect(error.message).toContain(keyIds.hangzhou);
});

describe('an error names the key as the configuration does', () => {
  const aliasArn = `acs:kms:${hangzhou}:${accountId}:alias/orders`;
  const failing = async (operation: string, overrides: Partial<KmsKeyringOptions>) => {
    local.cloud.faults.inject({
      service: 'kms',
      operation,
      kind: 'error',
      status: 403,
      code: 'Forbidden.NoPermission',
    });
    return (await client(overrides)
      .encrypt('hello')
      .catch((thrown: unknown) => thrown)) as KmsError;
  };

  it.each([
    ['GenerateDataKey', 'key ARN', arns.hangzhou, { keyId: arns.hangzhou }],
    ['GenerateDataKey', 'alias ARN', aliasArn, { keyId: aliasArn }],
    ['GenerateDataKey', 'alias', 'alias/orders', { keyId: 'alias/orders', region: hangzhou }],
    ['Encrypt', 'key ARN', arns.beijing, { additionalKeyIds: [arns.beijing] }],
    [
      'ReEncrypt',
      'key ARN',
      arns.hangzhouSecond,
      { additionalKeyIds: [arns.hangzhouSecond], reEncrypt: true },
    ],
  ] as const)('when %s is refused for a key given by %s', async (operation, _, resource, overrides) => {
    const error = await failing(operation, overrides);
    expect(error).toBeInstanceOf(KmsAccessDeniedError);
    expect(error).toMatchObject({ operation, resource });
    expect(error.message).toContain(`grant kms:${operation} on ${resource} to the identity`);
  });
});

async function disable(keyId: string, region = hangzhou): Promise<void> {
  await local.administer(region, 'DisableKey', { KeyId: keyId });
}
