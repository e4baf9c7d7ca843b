import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { CredentialsEvent } from '../events.ts';
import {
  type CountingMetadataService,
  startCountingMetadataService,
} from '../test-support/counting-metadata-service.ts';
import { ecsRamRole } from './ecs-ram-role.ts';

const env = {};
let service: CountingMetadataService | undefined;

async function start(...overrides: Parameters<typeof startCountingMetadataService>) {
  service = await startCountingMetadataService(...overrides);
  return service;
}

afterEach(async () => {
  await service?.close();
  service = undefined;
});

describe('requests to the metadata service', () => {
  test('a cold start of 1,000 concurrent callers takes three, or two when the role is named', async () => {
    const { endpoint, requests } = await start();
    const discovering = ecsRamRole({ endpoint, env });
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => discovering.getCredentials()));
    expect(new Set(answers).size).toBe(1);
    expect(requests).toEqual(['PUT token', 'GET role', 'GET credentials']);

    requests.length = 0;
    const named = ecsRamRole({ endpoint, env, roleName: 'EcsRamRoleTest' });
    await Promise.all(Array.from({ length: 1_000 }, () => named.getCredentials()));
    expect(requests).toEqual(['PUT token', 'GET credentials']);
  });

  test('a warm provider makes none, also with a credential that lives for one hour only', async () => {
    const { endpoint, requests } = await start({ lifetimeMs: 3_600_000 });
    const provider = ecsRamRole({ endpoint, env });
    const first = await provider.getCredentials();
    requests.length = 0;
    for (let call = 0; call < 1_000; call += 1) expect(await provider.getCredentials()).toBe(first);
    expect(requests).toEqual([]);
  });

  test('a refresh takes one while the metadata token lasts, and two after the service forgot it', async () => {
    let now = Date.now();
    const { endpoint, requests, forgetTokens } = await start({ now: () => now });
    const provider = ecsRamRole({ endpoint, env, now: () => now });
    const first = await provider.getCredentials();
    requests.length = 0;
    now += 6 * 3_600_000;
    const second = await provider.getCredentials();
    expect(second.accessKeyId).not.toBe(first.accessKeyId);
    expect(requests).toEqual(['GET credentials']);

    requests.length = 0;
    forgetTokens();
    now += 6 * 3_600_000;
    await provider.getCredentials();
    expect(requests).toEqual(['GET credentials', 'PUT token', 'GET credentials']);
  });
});

test('the answer is a frozen snapshot that prints without its secrets', async () => {
  const { endpoint, issued } = await start();
  const credentials = await ecsRamRole({ endpoint, env }).getCredentials();
  const known = issued.get(credentials.accessKeyId);
  expect(credentials.accessKeySecret).toBe(known?.secret);
  expect(credentials.securityToken).toBe(known?.token);
  expect(credentials.providerName).toBe('ecs_ram_role');
  expect(Object.isFrozen(credentials)).toBe(true);
  for (const printed of [inspect(credentials), JSON.stringify({ credentials }), `${credentials}`]) {
    expect(printed).not.toContain(known?.secret);
    expect(printed).not.toContain(known?.token);
  }
});

describe('hardened mode', () => {
  test('without a token service it fails unless plain reads are allowed', async () => {
    const { endpoint } = await start({ mode: 'v1-only' });
    await expect(ecsRamRole({ endpoint, env }).getCredentials()).rejects.toMatchObject({
      code: 'MetadataHardenedModeUnsupported',
    });
    const allowed = ecsRamRole({ endpoint, env, allowImdsV1: true });
    expect((await allowed.getCredentials()).accessKeyId).toMatch(/^STS\./);
    const overruled = ecsRamRole({
      endpoint,
      allowImdsV1: true,
      env: { ALIBABA_CLOUD_IMDSV1_DISABLED: 'True' },
    });
    await expect(overruled.getCredentials()).rejects.toMatchObject({
      code: 'MetadataHardenedModeUnsupported',
    });
  });

  test('is used even where plain reads are allowed', async () => {
    const { endpoint, requests } = await start({ mode: 'both' });
    await ecsRamRole({ endpoint, env, allowImdsV1: true }).getCredentials();
    expect(requests[0]).toBe('PUT token');
  });

  test('a plain read that is refused says that hardened mode is required', async () => {
    const { endpoint } = await start({
      fault: (request, response) => {
        if (request !== 'PUT token') return false;
        response.writeHead(405).end();
        return true;
      },
    });
    await expect(ecsRamRole({ endpoint, env, allowImdsV1: true }).getCredentials()).rejects.toMatchObject({
      code: 'MetadataHardenedModeRequired',
    });
  });
});

describe('errors, one for each cause', () => {
  test('no role, or another one', async () => {
    const { endpoint, behaviour } = await start({ roleName: undefined });
    await expect(ecsRamRole({ endpoint, env }).getCredentials()).rejects.toMatchObject({
      code: 'RoleNotAttached',
    });
    behaviour.roleName = 'Another';
    await expect(ecsRamRole({ endpoint, env, roleName: 'Mine' }).getCredentials()).rejects.toThrow(
      /RAM role Mine/,
    );
  });

  test('a discovered role that is replaced is discovered again', async () => {
    let now = Date.now();
    const { endpoint, behaviour } = await start({ now: () => now });
    const provider = ecsRamRole({ endpoint, env, now: () => now });
    await provider.getCredentials();
    behaviour.roleName = 'Another';
    now += 7 * 3_600_000;
    await expect(provider.getCredentials()).rejects.toMatchObject({ code: 'RoleNotAttached' });
    expect((await provider.getCredentials()).accessKeyId).toMatch(/^STS\./);
  });

  test('nothing listens there', async () => {
    const { endpoint, close } = await start();
    await close();
    service = undefined;
    await expect(ecsRamRole({ endpoint, env }).getCredentials()).rejects.toMatchObject({
      code: 'MetadataServiceUnreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  const faults: [string, (response: import('node:http').ServerResponse) => void, string][] = [
    ['500', (response) => response.writeHead(500).end('secret-in-body'), 'UnexpectedStatus'],
    ['429', (response) => response.writeHead(429).end('secret-in-body'), 'UnexpectedStatus'],
    ['HTML', (response) => response.end('<html>secret-in-body</html>'), 'MalformedResponse'],
    ['truncated JSON', (response) => response.end('{"AccessKeyId":"secret-in-body'), 'MalformedResponse'],
    ['a failure code', (response) => response.end('{"Code":"secret-in-body"}'), 'MalformedResponse'],
    ['a number as id', (response) => response.end('{"Code":"Success","AccessKeyId":7}'), 'MalformedResponse'],
    [
      'a body that never ends, slowly',
      (response) => {
        response.write('{');
        const more = setInterval(() => response.write(' '), 20);
        response.on('close', () => clearInterval(more));
      },
      'MetadataServiceUnreachable',
    ],
    [
      'a body that never ends, fast',
      (response) => {
        const chunk = Buffer.alloc(16_384, 0x20);
        const more = setInterval(() => response.write(chunk), 1);
        response.on('close', () => clearInterval(more));
      },
      'MetadataServiceUnreachable',
    ],
    ['no answer', () => undefined, 'MetadataServiceUnreachable'],
    ['a reset', (response) => response.socket?.resetAndDestroy(), 'MetadataServiceUnreachable'],
    [
      'a redirect',
      (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end(),
      'UnexpectedStatus',
    ],
  ];
  // The only ones that end by the deadline; the others must not meet it, however slow the machine is.
  const silent = new Set(['a body that never ends, slowly', 'no answer']);
  test.each(faults)('an answer of %s', async (what, answer, code) => {
    const { endpoint } = await start({
      fault: (request, response) => {
        if (request !== 'GET credentials') return false;
        answer(response);
        return true;
      },
    });
    const timeoutMs = silent.has(what) ? 150 : 10_000;
    const provider = ecsRamRole({ endpoint, env, timeoutMs, maxAttempts: 1 });
    const error: unknown = await provider.getCredentials().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code });
    expect(inspect(error, { depth: 9 })).not.toContain('secret-in-body');
  });

  test('names the path of what is malformed', async () => {
    const { endpoint } = await start({
      fault: (request, response) => {
        if (request !== 'GET credentials') return false;
        const rest = { AccessKeyId: 'a', AccessKeySecret: 'b', SecurityToken: 'c', Expiration: 'tomorrow' };
        response.end(JSON.stringify({ Code: 'Success', ...rest }));
        return true;
      },
    });
    await expect(
      ecsRamRole({ endpoint, env, timeoutMs: 10_000, maxAttempts: 1 }).getCredentials(),
    ).rejects.toMatchObject({
      code: 'MalformedResponse',
      path: '$.Expiration',
    });
  });

  test('an endpoint that is no address', () => {
    expect(() => ecsRamRole({ endpoint: 'file:///etc/passwd' })).toThrow(/HTTP address/);
    expect(() => ecsRamRole({ endpoint: '100.100.100.200' })).toThrow(/HTTP address/);
  });
});

test('a temporary fault costs attempts, not the call', async () => {
  let faults = 2;
  const events: CredentialsEvent[] = [];
  const { endpoint } = await start({
    fault: (request, response) => {
      if (request !== 'GET credentials' || faults === 0) return false;
      faults -= 1;
      response.writeHead(503).end();
      return true;
    },
  });
  const provider = ecsRamRole({ endpoint, env, onEvent: (event) => events.push(event) });
  expect((await provider.getCredentials()).accessKeyId).toMatch(/^STS\./);
  expect(events.map((event) => event.type)).toEqual([
    'refresh-started',
    'refresh-failed',
    'refresh-started',
    'refresh-failed',
    'refresh-started',
    'refresh-succeeded',
  ]);
});

test('environment variables name the role and switch the provider off', async () => {
  const { endpoint, requests } = await start();
  await ecsRamRole({ endpoint, env: { ALIBABA_CLOUD_ECS_METADATA: 'EcsRamRoleTest' } }).getCredentials();
  expect(requests).toEqual(['PUT token', 'GET credentials']);
  const disabled = ecsRamRole({ endpoint, env: { ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true' } });
  await expect(disabled.getCredentials()).rejects.toMatchObject({ code: 'ProviderNotConfigured' });
});
