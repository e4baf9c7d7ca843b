import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { accessKey, type CredentialsProvider, stsToken } from '@yunseal/credentials';
import { describe, expect, it } from 'vitest';
import type { KmsError } from '../errors.ts';
import type { KmsEvent } from '../events.ts';
import { expectNoSecrets } from '../test-support/no-secrets.ts';
import { type Reply, refuse, scriptedGateway } from '../test-support/scripted-gateway.ts';
import { type AlicloudKmsClientOptions, alicloudKmsClient } from './alicloud-kms-client.ts';

const keyId = '08c33a6f-4e0a-4a1b-a3fa-7ddfa1d4fb73';
const accessKeySecret = 'sEcReT/of+the=AccessKey0123456789';
const securityToken = 'CAIStoken/with+chars=that/need+escaping==';
const plaintext = Buffer.from('0123456789abcdef0123456789abcdef');
const secrets = [accessKeySecret, securityToken, plaintext.toString('base64')];
const credentials = stsToken({ accessKeyId: 'STS.temporary', accessKeySecret, securityToken });
const clock = { now: () => Date.now(), sleep: async () => undefined, random: () => 0 };

const encrypted: Reply = ({ form }) => ({
  RequestId: 'r-1',
  KeyId: form.get('KeyId'),
  KeyVersionId: 'v-1',
  CiphertextBlob: Buffer.from('wrapped').toString('base64'),
});

function client(endpoint: string, options: Partial<AlicloudKmsClientOptions> = {}) {
  return alicloudKmsClient({ region: 'cn-hangzhou', endpoint, credentials, clock, ...options });
}

async function errorOf(promise: Promise<unknown>): Promise<KmsError> {
  return promise.then(
    () => expect.unreachable('the call was to fail'),
    (error) => error as KmsError,
  );
}

const encrypt = (kms: ReturnType<typeof client>, signal?: AbortSignal) =>
  kms.encrypt({ keyId, plaintext, encryptionContext: { tenant: 'a' } }, { signal });

describe('what goes over the wire', () => {
  it('keeps parameters and token out of the URL and signs them in the body', async () => {
    await using gateway = await scriptedGateway(encrypted);
    await encrypt(client(gateway.endpoint));
    const [request] = gateway.seen;
    expect(request?.form.get('Plaintext')).toBe(plaintext.toString('base64'));
    expect(request?.form.get('EncryptionContext')).toBe('{"tenant":"a"}');
    expect(request?.form.get('SecurityToken')).toBe(securityToken);
    const inUrl = [...new URL(request?.url ?? '', 'http://gateway').searchParams.keys()].sort();
    expect(inUrl).toEqual([
      'AccessKeyId',
      'Action',
      'Format',
      'Signature',
      'SignatureMethod',
      'SignatureNonce',
      'SignatureVersion',
      'Timestamp',
      'Version',
    ]);
  });

  it('leaves an empty context out', async () => {
    await using gateway = await scriptedGateway(encrypted);
    await client(gateway.endpoint).encrypt({ keyId, plaintext, encryptionContext: {} });
    expect(gateway.seen[0]?.form.has('EncryptionContext')).toBe(false);
  });

  it('reads one snapshot of the credentials for each attempt', async () => {
    await using gateway = await scriptedGateway(refuse(503, 'ServiceUnavailableTemporary'), encrypted);
    let reads = 0;
    const provider: CredentialsProvider = {
      getCredentials: async () => {
        reads++;
        return {
          accessKeyId: `id-${reads}`,
          accessKeySecret: `secret-${reads}`,
          securityToken: `token-${reads}`,
          providerName: 'test',
        };
      },
    };
    await encrypt(client(gateway.endpoint, { credentials: provider }));
    const pairs = gateway.seen.map(({ url, form }) => [
      new URL(url, 'http://gateway').searchParams.get('AccessKeyId'),
      form.get('SecurityToken'),
    ]);
    expect(pairs).toEqual([
      ['id-1', 'token-1'],
      ['id-2', 'token-2'],
    ]);
  });

  it('keeps 1,000 parallel calls on a bounded number of connections', async () => {
    await using gateway = await scriptedGateway(encrypted);
    const kms = client(gateway.endpoint, { maxConnections: 8 });
    await Promise.all(Array.from({ length: 1_000 }, () => encrypt(kms)));
    expect(gateway.seen).toHaveLength(1_000);
    expect(gateway.peakConnections()).toBeLessThanOrEqual(8);
  });
});

describe('answers', () => {
  const cases: readonly [string, Reply, string, string][] = [
    ['a field is missing', () => ({ RequestId: 'r', KeyId: keyId }), 'KmsResponseInvalid', '/CiphertextBlob'],
    [
      'Base64 is not canonical',
      () => ({ RequestId: 'r', KeyId: keyId, CiphertextBlob: 'AB==' }),
      'KmsResponseInvalid',
      '/CiphertextBlob',
    ],
    [
      'another key was used',
      () => ({ RequestId: 'r', KeyId: 'another', CiphertextBlob: 'AAAA' }),
      'KmsResponseInvalid',
      '/KeyId',
    ],
    [
      'another context is echoed',
      () => ({ RequestId: 'r', KeyId: keyId, CiphertextBlob: 'AAAA', EncryptionContext: { tenant: 'b' } }),
      'KmsResponseInvalid',
      '/EncryptionContext',
    ],
    ['the answer is an array', () => [], 'KmsResponseInvalid', ''],
  ];
  it.each(cases)('are refused when %s', async (_, reply, code, path) => {
    await using gateway = await scriptedGateway(reply);
    const error = await errorOf(encrypt(client(gateway.endpoint, { retry: { maxAttempts: 3 } })));
    // What is no JSON object may be a proxy's doing; what is wrong in one field would be wrong again.
    expect(error).toMatchObject({ code, path, attempts: path === '' ? 3 : 1 });
  });

  it('are refused when the data key has another length', async () => {
    await using gateway = await scriptedGateway(() => ({
      RequestId: 'r',
      KeyId: keyId,
      CiphertextBlob: 'AAAA',
      Plaintext: plaintext.toString('base64'),
    }));
    const kms = client(gateway.endpoint, { retry: { maxAttempts: 1 } });
    const error = await errorOf(kms.generateDataKey({ keyId, numberOfBytes: 16, encryptionContext: {} }));
    expect(error).toMatchObject({ code: 'KmsResponseInvalid', path: '/Plaintext' });
    expectNoSecrets(error, secrets);
  });
});

describe('errors', () => {
  const services: readonly [number, string, string, number][] = [
    [400, 'Rejected.Throttling', 'KmsThrottled', 10],
    [429, 'Throttling.User', 'KmsThrottled', 10],
    [503, 'ServiceUnavailableTemporary', 'KmsUnavailable', 10],
    [500, 'InternalFailure', 'KmsUnavailable', 10],
    [403, 'Forbidden.NoPermission', 'KmsAccessDenied', 1],
    [404, 'Forbidden.KeyNotFound', 'KmsNotFound', 1],
    [404, 'Forbidden.KeyVersionNotFound', 'KmsNotFound', 1],
    [403, 'Forbidden.KeyVersionNotFound', 'KmsNotFound', 1],
    [404, 'InvalidAccessKeyId.NotFound', 'KmsCredentialsRejected', 3],
    [404, 'SomethingNew', 'KmsNotFound', 1],
    [409, 'Rejected.Disabled', 'KmsKeyUnusable', 1],
    [400, 'InvalidParameter', 'KmsRejected', 1],
    [403, 'InvalidSecurityToken.Expired', 'KmsCredentialsRejected', 3],
    [400, 'SignatureDoesNotMatch', 'KmsCredentialsRejected', 1],
  ];
  it.each(services)('HTTP %i %s is %s after %i attempts', async (status, serviceCode, code, attempts) => {
    await using gateway = await scriptedGateway(refuse(status, serviceCode));
    const error = await errorOf(encrypt(client(gateway.endpoint, { circuitBreaker: false })));
    expect(error).toMatchObject({
      code,
      serviceCode,
      httpStatus: status,
      operation: 'Encrypt',
      region: 'cn-hangzhou',
      resource: keyId,
      requestId: '5c1d8b2c-0d51-4b7f-9d68-3e1b5f0a7c11',
      attempts,
    });
    expect(gateway.seen).toHaveLength(attempts);
    expect(error.message).toContain(serviceCode);
    expect(error.message).toContain('5c1d8b2c-0d51-4b7f-9d68-3e1b5f0a7c11');
  });

  const quoting = (request: { url: string; form: URLSearchParams }): string =>
    `server string to sign is POST&%2F&${encodeURIComponent(`${request.url}&${request.form}`)}`;
  const faults: readonly [string, Reply][] = [
    ['a reset before the answer', (_, response) => void response.destroy()],
    ['a hang', () => undefined],
    [
      'a body that never ends',
      (_, response) => {
        response.setHeader('content-type', 'application/json');
        response.write('{"RequestId":');
      },
    ],
    [
      'a truncated body',
      (_, response) => {
        response.setHeader('content-length', '1000');
        response.write('{"RequestId":"r"');
        setTimeout(() => response.destroy(), 5);
      },
    ],
    ['an HTML page with 503', (_, response) => void response.writeHead(503).end('<html>down</html>')],
    ['an empty 200', (_, response) => void response.end()],
    [
      'a refusal that quotes the request',
      (request, response) => {
        response.statusCode = 400;
        return { Code: 'SignatureDoesNotMatch', Message: quoting(request), RequestId: 'r' };
      },
    ],
    [
      'a refusal that quotes the request under another code',
      (request, response) => {
        response.statusCode = 400;
        return {
          Code: 'InvalidParameter',
          Message: `bad ${request.url} ${request.form} ${request.form.get('Plaintext')} ${request.form.get('SecurityToken')}`,
          RequestId: request.url,
        };
      },
    ],
    [
      'an answer whose fields hold the request',
      (request) => ({ RequestId: 'r', KeyId: keyId, CiphertextBlob: request.url }),
    ],
  ];
  it.each(faults)('show no key, token, signature or URL after %s', async (_, reply) => {
    await using gateway = await scriptedGateway(reply);
    const events: KmsEvent[] = [];
    const kms = client(gateway.endpoint, {
      attemptTimeoutMs: 60,
      connectTimeoutMs: 60,
      retry: { maxAttempts: 2 },
      onEvent: (event) => events.push(event),
    });
    const error = await errorOf(encrypt(kms));
    const signature =
      new URL(gateway.seen[0]?.url ?? '', 'http://gateway').searchParams.get('Signature') ?? '';
    expect(signature).not.toBe('');
    expect(error.code).toMatch(/^Kms/);
    expectNoSecrets(error, [...secrets, signature]);
    expectNoSecrets(events, [...secrets, signature]);
  });

  it('show none either when nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const error = await errorOf(encrypt(client(`http://127.0.0.1:${port}`, { retry: { maxAttempts: 1 } })));
    expect(error).toMatchObject({ code: 'KmsConnectionFailed', systemCode: 'ECONNREFUSED' });
    expectNoSecrets(error, secrets);
  });
});

it('passes the credentials provider’s own error on, as it is', async () => {
  await using gateway = await scriptedGateway(encrypted);
  const failure = new Error('the vault is sealed');
  const provider: CredentialsProvider = { getCredentials: () => Promise.reject(failure) };
  expect(await errorOf(encrypt(client(gateway.endpoint, { credentials: provider })))).toBe(failure);
  expect(gateway.seen).toHaveLength(0);
});

it('does not let a listener that throws disturb a call', async () => {
  await using gateway = await scriptedGateway(refuse(503, 'ServiceUnavailable'), encrypted);
  let told = 0;
  const onEvent = (): void => {
    told++;
    throw new Error('the logger is full');
  };
  await encrypt(client(gateway.endpoint, { onEvent }));
  expect(told).toBe(1);
});

it('gives plaintext keys that do not print', async () => {
  await using gateway = await scriptedGateway(() => ({
    RequestId: 'r',
    KeyId: keyId,
    CiphertextBlob: 'AAAA',
    Plaintext: plaintext.toString('base64'),
  }));
  const kms = client(gateway.endpoint);
  const generated = await kms.generateDataKey({ keyId, numberOfBytes: 32, encryptionContext: {} });
  expect([...generated.plaintext]).toEqual([...plaintext]);
  for (const text of [inspect(generated), JSON.stringify(generated)]) {
    expect(text).toContain('[32 secret bytes]');
    expect(text).not.toContain([...plaintext].slice(0, 4).join(','));
  }
});

describe('giving up', () => {
  it('rejects with the signal’s reason, at once', async () => {
    await using gateway = await scriptedGateway(() => undefined);
    const controller = new AbortController();
    const call = encrypt(client(gateway.endpoint), controller.signal);
    while (gateway.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });

  it('does not send when the signal is aborted already', async () => {
    await using gateway = await scriptedGateway(encrypted);
    await expect(encrypt(client(gateway.endpoint), AbortSignal.abort(new Error('before')))).rejects.toThrow(
      'before',
    );
    expect(gateway.seen).toHaveLength(0);
  });

  it('ends within the total time, with the last attempt\u2019s error', async () => {
    await using gateway = await scriptedGateway(refuse(503, 'ServiceUnavailableTemporary'), () => undefined);
    const kms = client(gateway.endpoint, { retry: { totalTimeoutMs: 80 } });
    expect(await errorOf(encrypt(kms))).toMatchObject({ code: 'KmsUnavailable' });
  });
});

it('does not storm a gateway that allows 100 requests a second with 300 parallel calls', async () => {
  const accepted: number[] = [];
  let refused = 0;
  await using gateway = await scriptedGateway((request, response, raw) => {
    const now = performance.now();
    while (accepted[0] !== undefined && accepted[0] < now - 1_000) accepted.shift();
    if (accepted.length < 100) {
      accepted.push(now);
      return encrypted(request, response, raw);
    }
    refused++;
    return refuse(400, 'Rejected.Throttling')(request, response, raw);
  });
  const events: KmsEvent[] = [];
  const kms = client(gateway.endpoint, { clock: undefined, onEvent: (event) => events.push(event) });
  await Promise.all(Array.from({ length: 300 }, () => encrypt(kms)));
  expect(events.filter((event) => event.type === 'rate-lowered').length).toBeLessThanOrEqual(3);
  // Unpaced, each of the 200 calls beyond the first second's would be refused several times.
  expect(refused).toBeLessThan(200);
});

it('gets its connections back from answers that trickle forever', async () => {
  const trickling = new Set<NodeJS.Timeout>();
  await using gateway = await scriptedGateway((_, response) => {
    response.setHeader('content-type', 'application/json');
    trickling.add(setInterval(() => response.write(' '), 5));
  });
  const kms = client(gateway.endpoint, {
    maxConnections: 2,
    attemptTimeoutMs: 100,
    connectTimeoutMs: 100,
    retry: { maxAttempts: 3 },
    circuitBreaker: false,
  });
  const stuck = await Promise.allSettled([encrypt(kms), encrypt(kms), encrypt(kms), encrypt(kms)]);
  expect(stuck.map((one) => one.status === 'rejected' && one.reason.code)).toEqual(
    Array(4).fill('KmsTimeout'),
  );
  gateway.reply(encrypted);
  await encrypt(kms);
  for (const timer of trickling) clearInterval(timer);
});

it('shares one signal among many calls without warnings', async () => {
  await using gateway = await scriptedGateway(encrypted);
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  const kms = client(gateway.endpoint);
  const { signal } = new AbortController();
  await Promise.all(Array.from({ length: 200 }, () => encrypt(kms, signal)));
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});

describe('the circuit breaker', () => {
  it('stops sending to a region that is down, and probes it again', async () => {
    await using gateway = await scriptedGateway(refuse(503, 'ServiceUnavailable'));
    const events: string[] = [];
    const kms = client(gateway.endpoint, {
      retry: { maxAttempts: 1 },
      circuitBreaker: { minimumCalls: 3, openMs: 30 },
      onEvent: (event) => events.push(event.type),
    });
    for (let call = 0; call < 3; call++)
      expect(await errorOf(encrypt(kms))).toMatchObject({ code: 'KmsUnavailable' });
    expect(await errorOf(encrypt(kms))).toMatchObject({ code: 'KmsCircuitOpen' });
    expect(kms.health().available).toBe(false);
    expect(gateway.seen).toHaveLength(3);

    gateway.reply(encrypted);
    await new Promise((resolve) => setTimeout(resolve, 40));
    await encrypt(kms);
    expect(kms.health().available).toBe(true);
    expect(events).toEqual(['circuit-opened', 'circuit-closed']);
  });

  it('is not opened by throttling or refusals', async () => {
    await using gateway = await scriptedGateway(refuse(400, 'Rejected.Throttling'));
    const kms = client(gateway.endpoint, { retry: { maxAttempts: 1 }, circuitBreaker: { minimumCalls: 2 } });
    for (let call = 0; call < 5; call++)
      expect(await errorOf(encrypt(kms))).toMatchObject({ code: 'KmsThrottled' });
    expect(gateway.seen).toHaveLength(5);
  });
});

it('sends keys over plain HTTP to this machine only, unless told otherwise', () => {
  for (const endpoint of ['http://127.0.0.1:1', 'http://127.1.2.3', 'http://localhost:1', 'http://[::1]:1']) {
    expect(() => client(endpoint)).not.toThrow();
  }
  for (const endpoint of [
    'http://kms.cn-hangzhou.aliyuncs.com',
    'http://10.0.0.1',
    'http://127.0.0.1.example.com',
  ]) {
    expect(() => client(endpoint)).toThrow(/plain HTTP/);
    expect(() => client(endpoint, { allowPlainHttp: true })).not.toThrow();
  }
});

it('refuses an endpoint that is no host and no URL', () => {
  for (const endpoint of ['ftp://kms', 'http://a/b', 'http://user:pass@kms', 'http://kms?x', '']) {
    expect(() =>
      client(endpoint, { credentials: accessKey({ accessKeyId: 'a', accessKeySecret: 'b' }) }),
    ).toThrow(/endpoint/);
  }
});
