import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { accessKey } from './access-key.ts';
import { custom } from './custom.ts';
import { environment } from './environment.ts';
import { functionCompute } from './function-compute.ts';
import { stsToken } from './sts-token.ts';

describe('accessKey', () => {
  test('answers what it was given', async () => {
    const credentials = await accessKey({ accessKeyId: 'id', accessKeySecret: 'secret' }).getCredentials();
    expect(credentials).toEqual({ accessKeyId: 'id', accessKeySecret: 'secret', providerName: 'static_ak' });
    expect(inspect(credentials)).not.toContain('secret"');
    expect(JSON.stringify(credentials)).toContain('[hidden]');
  });
  test('refuses half a key, without printing it', () => {
    expect(() => accessKey({ accessKeyId: '', accessKeySecret: 'hush' })).toThrow(
      expect.objectContaining({
        code: 'InvalidConfiguration',
        message: expect.not.stringContaining('hush'),
      }),
    );
  });
});

describe('stsToken', () => {
  test('answers until its expiration', async () => {
    let now = 1_000;
    const given = { accessKeyId: 'STS.a', accessKeySecret: 's', securityToken: 't' };
    const provider = stsToken({ ...given, expiration: new Date(2_000), now: () => now });
    expect(await provider.getCredentials()).toMatchObject({ ...given, providerName: 'static_sts' });
    now = 2_000;
    await expect(provider.getCredentials()).rejects.toMatchObject({ code: 'CredentialsExpired' });
  });
});

describe('environment', () => {
  test('reads the three variables at every call', async () => {
    const env: Record<string, string> = {
      ALIBABA_CLOUD_ACCESS_KEY_ID: 'id',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret',
    };
    const provider = environment({ env });
    expect(await provider.getCredentials()).toEqual({
      accessKeyId: 'id',
      accessKeySecret: 'secret',
      providerName: 'env',
    });
    env.ALIBABA_CLOUD_SECURITY_TOKEN = 'token';
    expect(await provider.getCredentials()).toMatchObject({ securityToken: 'token' });
  });
  test.each([[{}], [{ ALIBABA_CLOUD_ACCESS_KEY_ID: 'id' }]])('says what is not set in %o', async (env) => {
    await expect(environment({ env }).getCredentials()).rejects.toMatchObject({
      code: 'ProviderNotConfigured',
    });
  });
});

describe('functionCompute', () => {
  const context = (n: number) => ({
    credentials: { accessKeyId: `STS.${n}`, accessKeySecret: `s${n}`, securityToken: `t${n}` },
  });
  const env = {
    ALIBABA_CLOUD_ACCESS_KEY_ID: 'STS.env',
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: 's',
    ALIBABA_CLOUD_SECURITY_TOKEN: 't',
  };
  test('uses the environment before the first invocation, then what the newest one brought', async () => {
    const provider = functionCompute({ env });
    expect(await provider.getCredentials()).toMatchObject({
      accessKeyId: 'STS.env',
      providerName: 'function_compute',
    });
    provider.useContext(context(1));
    expect(await provider.getCredentials()).toMatchObject({ accessKeyId: 'STS.1', securityToken: 't1' });
    provider.useHeaders({
      'x-fc-access-key-id': 'STS.2',
      'x-fc-access-key-secret': 's2',
      'x-fc-security-token': 't2',
    });
    expect(await provider.getCredentials()).toMatchObject({ accessKeyId: 'STS.2', accessKeySecret: 's2' });
  });
  test('takes a context at once', async () => {
    expect(await functionCompute({ env: {}, context: context(3) }).getCredentials()).toMatchObject({
      accessKeyId: 'STS.3',
    });
  });
  test('a function without a role', async () => {
    await expect(functionCompute({ env: {} }).getCredentials()).rejects.toMatchObject({
      code: 'ProviderNotConfigured',
    });
    expect(() => functionCompute({ env: {} }).useContext({} as never)).toThrow(/malformed/);
    expect(() => functionCompute({ env: {} }).useHeaders({})).toThrow(/\$\.accessKeyId/);
  });
});

describe('custom', () => {
  test('is called once for concurrent callers, and kept until it expires', async () => {
    let now = Date.now();
    let calls = 0;
    const provider = custom(
      async () => {
        calls += 1;
        return { accessKeyId: `id-${calls}`, accessKeySecret: 's', expiration: new Date(now + 3_600_000) };
      },
      { now: () => now, providerName: 'vault' },
    );
    const answers = await Promise.all(Array.from({ length: 100 }, () => provider.getCredentials()));
    expect(answers.at(-1)).toMatchObject({ accessKeyId: 'id-1', providerName: 'vault' });
    now += 3_600_001;
    expect(await provider.getCredentials()).toMatchObject({ accessKeyId: 'id-2' });
    expect(calls).toBe(2);
  });
  test('without expiration it is asked again after a quarter of an hour, in the background', async () => {
    let now = 0;
    let calls = 0;
    const get = async () => {
      calls += 1;
      return { accessKeyId: `id-${calls}`, accessKeySecret: 's' };
    };
    const provider = custom(get, { now: () => now });
    await provider.getCredentials();
    now += 11 * 60_000;
    expect(await provider.getCredentials()).toMatchObject({ accessKeyId: 'id-1' });
    expect(calls).toBe(1);
    now += 5 * 60_000;
    expect(await provider.getCredentials()).toMatchObject({ accessKeyId: 'id-1' });
    expect(calls).toBe(2);
    await new Promise(setImmediate);
    expect(await provider.getCredentials()).toMatchObject({ accessKeyId: 'id-2' });
  });
  test('a function that never answers is given up, and may answer the next time', async () => {
    let signals = 0;
    let hangs = true;
    const provider = custom(
      ({ signal }) => {
        signal.addEventListener('abort', () => (signals += 1));
        return hangs
          ? new Promise(() => undefined)
          : Promise.resolve({ accessKeyId: 'i', accessKeySecret: 's' });
      },
      { timeoutMs: 20, maxAttempts: 1 },
    );
    await expect(provider.getCredentials()).rejects.toMatchObject({
      code: 'EndpointUnreachable',
      message: 'The custom credentials function gave no answer: no answer within 20 ms.',
    });
    expect(signals).toBe(1);
    hangs = false;
    expect(await provider.getCredentials()).toMatchObject({ accessKeyId: 'i' });
  });
  test('what is no credential is refused with its path', async () => {
    const provider = custom(async () => ({ accessKeyId: 'id' }) as never, { maxAttempts: 1 });
    await expect(provider.getCredentials()).rejects.toMatchObject({ path: '$.accessKeySecret' });
    const badDate = custom(
      async () => ({ accessKeyId: 'i', accessKeySecret: 's', expiration: new Date('x') }),
      {
        maxAttempts: 1,
      },
    );
    await expect(badDate.getCredentials()).rejects.toMatchObject({ path: '$.expiration' });
  });
});
