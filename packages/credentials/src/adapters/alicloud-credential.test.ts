import { AsyncResource } from 'node:async_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { accessKey } from '../providers/access-key.ts';
import { officialClients } from '../test-support/official-clients.ts';
import { rotatingProvider } from '../test-support/rotating-provider.ts';
import { type SignatureGate, startSignatureGate } from '../test-support/signature-gate.ts';
import { type AlicloudCredential, toAlicloudCredential } from './alicloud-credential.ts';

let gate: SignatureGate | undefined;
let timer: NodeJS.Timeout | undefined;
afterEach(async () => {
  clearInterval(timer);
  await gate?.close();
  gate = undefined;
});

const clients = ['kms20160120', 'oss-client', 'ram20150501', 'sts20150401', 'ecs20140526'];

test.each(clients)(
  '%s: 1,000 concurrent signings on one client, rotating every 50 ms, and none is torn',
  async (name) => {
    const provider = rotatingProvider();
    gate = await startSignatureGate(provider.issued);
    const call = officialClients(provider, gate.host)[name]!;
    timer = setInterval(provider.rotate, 50);
    await Promise.all(Array.from({ length: 1_000 }, call));
    expect(gate.torn).toEqual([]);
    expect(gate.whole).toBe(1_000);
  },
);

test('the same for calls that start all the time, across many rotations', async () => {
  const provider = rotatingProvider();
  gate = await startSignatureGate(provider.issued);
  const { kms20160120, 'oss-client': oss } = officialClients(provider, gate.host);
  timer = setInterval(provider.rotate, 5);
  const worker = async () => {
    for (let call = 0; call < 25; call += 1) {
      await kms20160120!();
      await oss!();
    }
  };
  await Promise.all(Array.from({ length: 20 }, worker));
  expect(gate.torn).toEqual([]);
  expect(gate.whole).toBe(1_000);
  expect(new Set(gate.ids).size).toBeGreaterThan(10);
});

test('the same load does tear a client whose credential is read field by field', async () => {
  const provider = rotatingProvider();
  gate = await startSignatureGate(provider.issued);
  const fieldByField = {
    getAccessKeyId: async () => (await provider.getCredentials()).accessKeyId,
    getAccessKeySecret: async () => (await provider.getCredentials()).accessKeySecret,
    getSecurityToken: async () => (await provider.getCredentials()).securityToken ?? '',
  };
  const { kms20160120 } = officialClients(provider, gate.host, fieldByField as unknown as AlicloudCredential);
  timer = setInterval(provider.rotate, 1);
  for (let call = 0; call < 300; call += 1) await kms20160120!();
  expect(gate.torn.length).toBeGreaterThan(0);
});

test('an AccessKey signs without a token', async () => {
  gate = await startSignatureGate(new Map([['id', { secret: 'secret', token: '' }]]));
  const calls = officialClients(accessKey({ accessKeyId: 'id', accessKeySecret: 'secret' }), gate.host);
  for (const name of clients) await calls[name]!();
  expect(gate.torn).toEqual([]);
  expect(gate.whole).toBe(clients.length);
});

test('getCredential answers one snapshot', async () => {
  const model = await toAlicloudCredential(rotatingProvider()).getCredential();
  expect(model).toMatchObject({
    accessKeyId: 'STS.1',
    accessKeySecret: 'secret-1',
    securityToken: 'token-1',
    type: 'sts',
  });
});

/** What a client may do between two getters. */
const pauses = {
  nothing: async () => undefined,
  promises: async () => {
    for (let tick = 0; tick < 5; tick += 1) await undefined;
  },
  turn: async () => {
    await nextTurn();
  },
  timer: async () => {
    await sleep(1);
  },
};
const pause = fc.constantFrom(...(Object.keys(pauses) as (keyof typeof pauses)[]));

test('whatever a client waits for between its getters, one request reads one snapshot', async () => {
  const requests = fc.array(fc.tuple(pause, pause, pause), { minLength: 2, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(requests, async (scripts) => {
      const provider = rotatingProvider();
      const credential = toAlicloudCredential(provider);
      const rotation = setInterval(provider.rotate, 1);
      const request = async ([before, between, after]: (typeof scripts)[number]) => {
        await pauses[before]();
        const id = await credential.getAccessKeyId();
        provider.rotate();
        await pauses[between]();
        const secret = await credential.getAccessKeySecret();
        provider.rotate();
        await pauses[after]();
        const token = await credential.getSecurityToken();
        expect({ secret, token }).toEqual(provider.issued.get(id));
      };
      await Promise.all(scripts.map(request)).finally(() => clearInterval(rotation));
    }),
    { numRuns: 100 },
  );
});

test('two clients with credentials of their own, side by side in one call, do not mix them', async () => {
  const [one, other] = [rotatingProvider(), rotatingProvider()];
  other.rotate();
  const request = async (provider: typeof one, credential: AlicloudCredential) => {
    const id = await credential.getAccessKeyId();
    provider.rotate();
    await nextTurn();
    const secret = await credential.getAccessKeySecret();
    await nextTurn();
    expect({ secret, token: await credential.getSecurityToken() }).toEqual(provider.issued.get(id));
  };
  const [first, second] = [toAlicloudCredential(one), toAlicloudCredential(other)];
  for (let round = 0; round < 20; round += 1) {
    await Promise.all([request(one, first), request(other, second), request(one, first)]);
  }
});

test('getters called side by side read one snapshot', async () => {
  const provider = rotatingProvider();
  const credential = toAlicloudCredential(provider);
  const request = async () => {
    const [id, secret, token] = await Promise.all([
      credential.getAccessKeyId(),
      credential.getAccessKeySecret(),
      credential.getSecurityToken(),
    ]);
    provider.rotate();
    expect({ secret, token }).toEqual(provider.issued.get(id));
  };
  for (let call = 0; call < 5; call += 1) await request();
});

test('a caller whose asynchronous context is lost reads one snapshot too, as long as it waits for promises only', async () => {
  const provider = rotatingProvider();
  const credential = toAlicloudCredential(provider);
  // Each getter runs in a context of its own, as behind a library that keeps none.
  const elsewhere = <T>(read: () => Promise<T>) => new AsyncResource('elsewhere').runInAsyncScope(read);
  timer = setInterval(provider.rotate, 1);
  const request = async () => {
    const id = await elsewhere(credential.getAccessKeyId);
    provider.rotate();
    await pauses.promises();
    const secret = await elsewhere(credential.getAccessKeySecret);
    provider.rotate();
    const token = await elsewhere(credential.getSecurityToken);
    expect({ secret, token }).toEqual(provider.issued.get(id));
  };
  for (let round = 0; round < 50; round += 1) {
    await Promise.all(Array.from({ length: 20 }, request));
    await nextTurn();
  }
});

test('each request reads anew: a rotation is picked up at the next turn of the event loop', async () => {
  const provider = rotatingProvider();
  const credential = toAlicloudCredential(provider);
  expect(await credential.getAccessKeyId()).toBe('STS.1');
  provider.rotate();
  await nextTurn();
  await nextTurn();
  expect(await credential.getAccessKeyId()).toBe('STS.2');
  expect(await credential.getAccessKeySecret()).toBe('secret-2');
});

test('a provider that fails rejects each getter and is asked again for the next request', async () => {
  let asked = 0;
  const credential = toAlicloudCredential({
    getCredentials: async () => {
      asked += 1;
      throw new Error('none');
    },
  });
  await expect(credential.getAccessKeyId()).rejects.toThrow('none');
  await expect(credential.getSecurityToken()).rejects.toThrow('none');
  expect(asked).toBe(1);
  await nextTurn();
  await nextTurn();
  await expect(credential.getAccessKeyId()).rejects.toThrow('none');
  expect(asked).toBe(2);
});
