import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { accessKey, assumeRole, type CredentialsProvider } from '@yunseal/credentials';
import { YunsealError } from '@yunseal/crypto-core';
import { type FaultKind, type LocalCloud, startLocalCloud } from '@yunseal/local-cloud';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createOssEncryptionClient, type OssEncryptionClient } from './client.ts';
import { StoreAccessDeniedError, StoreConnectionError, StoreCredentialsError, StoreError } from './errors.ts';
import type { RetryOptions } from './retry.ts';
import type { ObjectStore } from './store/object-store.ts';
import { createBucket, storeMakers, storeOptions } from './test-support/cloud.ts';
import { type CuttingProxy, openCuttingProxy } from './test-support/cutting-proxy.ts';
import { expectBytes, newKeyring } from './test-support/fixtures.ts';
import { WriteFailedError } from './write-outcome.ts';

const account = '1000000000000001';
const roleArn = `acs:ram::${account}:role/uploader`;
const reader = { id: 'LTAIReaderReaderReader', secret: 'reader-secret-reader-secret-re' };

let cloud: LocalCloud;
let proxy: CuttingProxy;
beforeAll(async () => {
  cloud = await startLocalCloud({
    seed: {
      accounts: [
        {
          id: account,
          users: [
            {
              name: 'administrator',
              accessKeys: [{ id: 'LTAIAdminAdminAdminAdm', secret: 'admin-secret-admin-secret-admi' }],
              policies: ['AdministratorAccess'],
            },
            {
              name: 'reader',
              accessKeys: [reader],
              policies: [
                {
                  Version: '1',
                  Statement: [{ Effect: 'Allow', Action: 'oss:GetObject', Resource: 'acs:oss:*:*:faults/*' }],
                },
              ],
            },
          ],
          roles: [
            {
              name: 'uploader',
              trustPolicy: {
                Version: '1',
                Statement: [
                  {
                    Effect: 'Allow',
                    Action: 'sts:AssumeRole',
                    Principal: { RAM: [`acs:ram::${account}:root`] },
                  },
                ],
              },
              policies: ['AdministratorAccess'],
            },
          ],
        },
      ],
    },
  });
  await createBucket(cloud, 'faults');
  proxy = await openCuttingProxy(cloud.endpoints.oss);
});
afterEach(() => cloud.faults.clear());
afterAll(async () => {
  await proxy.close();
  await cloud.close();
});

const keyring = newKeyring();
const quick: RetryOptions = { initialDelayMs: 1, maxDelayMs: 4 };

describe.each(Object.entries(storeMakers))('%s', (name, makeStore) => {
  let store: ObjectStore;
  let proxied: ObjectStore;
  let counter = 0;
  const newKey = () => `${name}-${counter++}`;
  const clientOver = (over: ObjectStore, retry = quick): OssEncryptionClient =>
    createOssEncryptionClient({ store: over, keyring, frameLength: 1024, retry });
  beforeAll(() => {
    store = makeStore(storeOptions(cloud, 'faults'));
    proxied = makeStore({ ...storeOptions(cloud, 'faults'), endpoint: proxy.url, idleTimeoutMs: 2_000 });
  });

  it('a put whose connection is cut anywhere leaves the old object or the new one, and says which', async () => {
    const key = newKey();
    const direct = clientOver(store);
    await direct.put(key, 'old');
    const content = randomBytes(3_000).toString('hex');
    for (const after of [
      ...[1, 100, 400, 700, 1_000, 3_000, 6_000, 7_000].map((fromClient) => ({ fromClient })),
      ...[1, 10, 100, 200, 300].map((fromServer) => ({ fromServer })),
    ]) {
      await direct.put(key, 'old');
      await proxy.cut(after, 1);
      const outcome = await clientOver(proxied, { retries: 0 })
        .put(key, content)
        .then(
          () => 'new' as const,
          (error) => {
            expect(error).toBeInstanceOf(WriteFailedError);
            return (error as WriteFailedError).outcome;
          },
        );
      const found = await (await direct.get(key)).text();
      expect([outcome, found === content ? 'new' : found]).toEqual(
        outcome === 'new' ? ['new', 'new'] : ['unchanged', 'old'],
      );
      await proxy.cut(after, 2);
      await clientOver(proxied).put(key, content);
      expect(await (await direct.get(key)).text()).toBe(content);
    }
  });

  it('a get whose connection is cut anywhere goes on where it broke', async () => {
    const key = newKey();
    const bytes = new Uint8Array(randomBytes(300_000));
    await clientOver(store).put(key, bytes);
    for (const fromServer of [1, 50, 500, 1_000, 70_000, 200_000, 300_000]) {
      await proxy.cut({ fromServer }, 3);
      expectBytes(await (await clientOver(proxied).get(key)).bytes(), bytes);
    }
  });

  it('an upload and a download whose connections are cut finish', async () => {
    const key = newKey();
    const bytes = new Uint8Array(randomBytes(600_000));
    await proxy.cut({ fromClient: 50_000 }, 3);
    await clientOver(proxied).upload(key, bytes, { partSize: 102_400 });
    await proxy.cut({ fromServer: 50_000 }, 3);
    expectBytes(await (await clientOver(proxied).get(key)).bytes(), bytes);
    expectBytes(
      await (await clientOver(proxied).getRange(key, { first: 250_000 })).bytes(),
      bytes.subarray(250_000),
    );
  });

  it.each<FaultKind>(['reset', 'error', 'html', 'throttle', 'truncate'])('%s is ridden out', async (kind) => {
    const key = newKey();
    const client = clientOver(store);
    const bytes = new Uint8Array(randomBytes(250_000));
    const strike = () => {
      cloud.faults.clear();
      cloud.faults.inject({ service: 'oss', kind, times: 2, ...(kind === 'error' ? { status: 503 } : {}) });
    };
    strike();
    await client.put(key, bytes);
    strike();
    expectBytes(await (await client.get(key)).bytes(), bytes);
    strike();
    expectBytes(await (await client.getRange(key, { suffix: 10 })).bytes(), bytes.subarray(-10));
    strike();
    expect((await client.head(key)).length).toBe(bytes.length);
    strike();
    await client.upload(key, bytes, { partSize: 102_400 });
    strike();
    const listed = [];
    for await (const entry of client.list({ prefix: key })) listed.push(entry.key);
    expect(listed).toContain(key);
    strike();
    await client.delete(key);
    cloud.faults.clear();
    expect(await client.exists(key)).toBe(false);
  });

  it('a service that never answers is given up after the time limit', async () => {
    const impatient = makeStore({ ...storeOptions(cloud, 'faults'), idleTimeoutMs: 100 });
    const key = newKey();
    cloud.faults.inject({ service: 'oss', kind: 'hang' });
    const attempt = impatient.get(key);
    await expect(attempt).rejects.toThrow(StoreConnectionError);
    await expect(attempt).rejects.toMatchObject({ systemCode: 'ETIMEDOUT', retryable: true });
  });

  it('a missing permission is named', async () => {
    const key = newKey();
    await clientOver(store).put(key, 'x');
    const credentials = accessKey({ accessKeyId: reader.id, accessKeySecret: reader.secret });
    const limited = clientOver(makeStore(storeOptions(cloud, 'faults', credentials)));
    expect(await (await limited.get(key)).text()).toBe('x');
    const attempt = limited.put(key, 'y');
    await expect(attempt).rejects.toThrow(StoreAccessDeniedError);
    await expect(attempt).rejects.toMatchObject({
      request: {
        action: 'oss:PutObject',
        bucket: 'faults',
        key,
        statusCode: 403,
        requestId: expect.any(String),
      },
    });
    await expect(limited.delete(key)).rejects.toThrow(/lack oss:DeleteObject on acs:oss:\*:\*:faults\//);
  });

  it('credentials that OSS does not know, or that are signed with wrongly, are told apart from permissions', async () => {
    for (const [accessKeyId, accessKeySecret] of [
      ['LTAIUnknownUnknownUnkn', 'x'.repeat(30)],
      [reader.id, 'y'.repeat(30)],
    ] as const) {
      const credentials = accessKey({ accessKeyId, accessKeySecret });
      const limited = clientOver(makeStore(storeOptions(cloud, 'faults', credentials)));
      await expect(limited.get(newKey())).rejects.toThrow(StoreCredentialsError);
      await expect(limited.head(newKey())).rejects.toThrow(StoreCredentialsError);
    }
  });

  it('temporary credentials that OSS refuses are reported to their provider, and the next ones are used', async () => {
    const { accessKeyId, accessKeySecret } = cloud.administrator;
    const revoked = { accessKeyId: 'STS.revoked', accessKeySecret: 'x'.repeat(30), securityToken: 'gone' };
    const reported: string[] = [];
    const replacing: CredentialsProvider = {
      getCredentials: async () => ({
        ...(reported.length === 0 ? revoked : { accessKeyId, accessKeySecret }),
        providerName: 'test',
      }),
      reportRejected: (credentials) => void reported.push(credentials.accessKeyId),
    };
    for (const [index, use] of [
      (client: OssEncryptionClient, key: string) => client.put(key, 'text'),
      (client: OssEncryptionClient, key: string) => client.get(key).then((object) => object.bytes()),
      (client: OssEncryptionClient, key: string) => client.head(key),
    ].entries()) {
      reported.length = 0;
      const key = newKey();
      if (index > 0) await clientOver(store).put(key, 'text');
      await use(clientOver(makeStore(storeOptions(cloud, 'faults', replacing))), key);
      expect(reported).toEqual(['STS.revoked']);
    }
  });

  it('a write that never got past authentication has replaced nothing', async () => {
    const credentials: CredentialsProvider = {
      getCredentials: async () => ({
        accessKeyId: 'STS.revoked',
        accessKeySecret: 'x'.repeat(30),
        securityToken: 'gone',
        providerName: 'test',
      }),
    };
    const client = clientOver(makeStore(storeOptions(cloud, 'faults', credentials)));
    for (const bytes of [new Uint8Array(10), new Uint8Array(5 * 1024 * 1024)]) {
      await expect(client.put(newKey(), bytes)).rejects.toMatchObject({
        outcome: 'unchanged',
        cause: { code: 'StoreCredentialsRejected' },
      });
    }
  });

  it('an upload of an hour outlives its tokens of 15 minutes, with 16 parts in flight', async () => {
    const { accessKeyId, accessKeySecret } = cloud.administrator;
    const provider = assumeRole({
      source: accessKey({ accessKeyId, accessKeySecret }),
      roleArn,
      durationSeconds: 900,
      endpoint: cloud.endpoints.sts,
      now: () => cloud.clock.now(),
    });
    const used = new Set<string>();
    const watching = {
      getCredentials: async () => {
        const credentials = await provider.getCredentials();
        used.add(credentials.accessKeyId);
        return credentials;
      },
    };
    const timed = makeStore(storeOptions(cloud, 'faults', watching));
    const refused: string[] = [];
    const noting: ObjectStore = {
      ...timed,
      async uploadPart(...parameters) {
        cloud.clock.advance(15_000);
        try {
          return await timed.uploadPart(...parameters);
        } catch (error) {
          refused.push((error as StoreError).request.serviceCode ?? '');
          throw error;
        }
      },
    };
    const key = newKey();
    const bytes = new Uint8Array(randomBytes(256 * 102_400));
    await clientOver(noting).upload(key, bytes, { partSize: 102_400, concurrency: 16 });
    provider.close?.();
    expect(used.size).toBeGreaterThanOrEqual(4);
    expect(refused.filter((code) => code !== 'RequestTimeTooSkewed')).toEqual([]);
    const reading = clientOver(makeStore(storeOptions(cloud, 'faults')));
    expectBytes(await (await reading.get(key)).bytes(), bytes);
  });

  it('no error shows a URL, a signature, a token or a key', async () => {
    const { accessKeyId, accessKeySecret } = cloud.administrator;
    const token = 'token-token-token-token';
    const secrets = [accessKeySecret, token, 'Signature=', 'OSS4-HMAC', '127.0.0.1', reader.secret];
    const failing = [
      makeStore({
        ...storeOptions(cloud, 'faults'),
        endpoint: 'http://127.0.0.1:9',
        credentials: {
          getCredentials: async () => ({
            accessKeyId,
            accessKeySecret,
            securityToken: token,
            providerName: 'x',
          }),
        },
      }),
      makeStore({
        ...storeOptions(cloud, 'faults'),
        credentials: {
          getCredentials: async () => ({
            accessKeyId,
            accessKeySecret,
            securityToken: token,
            providerName: 'x',
          }),
        },
      }),
      makeStore(
        storeOptions(cloud, 'faults', accessKey({ accessKeyId: reader.id, accessKeySecret: 'z'.repeat(30) })),
      ),
    ];
    for (const broken of failing) {
      const client = clientOver(broken, { retries: 0 });
      const attempts = [
        () => client.put('k', 'plaintext-plaintext'),
        () => client.get('k'),
        () => client.head('k'),
        () => client.upload('k', 'x'),
        () => client.delete('k'),
        () => broken.list(),
        () => broken.copy('k', 'l'),
        () => broken.listParts('k', 'id'),
      ];
      for (const attempt of attempts) {
        const error = await attempt().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(YunsealError);
        const shown =
          inspect(error, { depth: Infinity, showHidden: true }) + JSON.stringify(error) + String(error);
        for (const secret of secrets) expect(shown).not.toContain(secret);
      }
    }
  });
});

describe('ali-oss by itself', () => {
  it('sends expired tokens while one of its requests refreshes them, which the stores never do', async () => {
    const { accessKeyId, accessKeySecret } = cloud.administrator;
    const provider = assumeRole({
      source: accessKey({ accessKeyId, accessKeySecret }),
      roleArn,
      durationSeconds: 900,
      endpoint: cloud.endpoints.sts,
      now: () => cloud.clock.now(),
    });
    const tokenNow = async () => {
      const { accessKeyId, accessKeySecret, securityToken: stsToken } = await provider.getCredentials();
      return { accessKeyId, accessKeySecret, stsToken };
    };
    const { default: OSS } = await import('ali-oss');
    const client = new OSS({
      ...(await tokenNow()),
      refreshSTSToken: tokenNow,
      refreshSTSTokenInterval: 1,
      bucket: 'faults',
      region: `oss-${cloud.region}`,
      endpoint: cloud.endpoints.oss,
      authorizationV4: true,
      amendTimeSkewed: cloud.clock.now() - Date.now() + 20 * 60_000,
    });
    cloud.clock.advance(20 * 60_000);
    const puts = Array.from({ length: 16 }, (_, part) => client.put(`race-${part}`, Buffer.from('x'), {}));
    const failed = (await Promise.allSettled(puts)).filter(({ status }) => status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    for (const { reason } of failed as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ status: 403, code: expect.stringMatching(/Token/) });
    }
    const store = storeMakers.aliOssStore(storeOptions(cloud, 'faults', provider));
    const sound = createOssEncryptionClient({ store, keyring, retry: quick });
    cloud.clock.advance(20 * 60_000);
    await Promise.all(Array.from({ length: 16 }, (_, part) => sound.put(`race-${part}`, 'x')));
    provider.close?.();
  });
});

describe('what goes over the wire', () => {
  it('is never plaintext, nor is what is refused stored', async () => {
    const store = storeMakers.alicloudOssStore({ ...storeOptions(cloud, 'faults'), endpoint: proxy.url });
    const client = createOssEncryptionClient({ store, keyring, retry: quick });
    const secret = `secret-${randomBytes(40).toString('hex')}`;
    await client.put('wire', secret);
    await client.upload('wire', secret);
    expect(await (await client.get('wire')).text()).toBe(secret);
    expect(Buffer.concat(proxy.sent).includes(secret)).toBe(false);
  });

  it('a 5 GiB declared size is refused or passed on without allocating it', async () => {
    const store = storeMakers.alicloudOssStore(storeOptions(cloud, 'faults'));
    const client = createOssEncryptionClient({ store, keyring, retry: quick });
    const huge = Object.create(Blob.prototype, { size: { value: 5 * 1024 ** 3 + 1 } }) as Blob;
    await expect(client.put('huge', huge)).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(
      store.put('huge', { stream: (async function* () {})(), length: 5 * 1024 ** 3 }),
    ).rejects.toMatchObject({ code: 'InvalidArgument' });
    await expect(store.head('huge')).rejects.toBeInstanceOf(StoreError);
  });
});
