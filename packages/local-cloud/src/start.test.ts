import { get } from 'node:https';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { PortInUseError } from './errors.ts';
import type { LocalCloud } from './local-cloud.ts';
import { startLocalCloud } from './start.ts';
import { kmsCaller } from './test-support/official-clients.ts';

describe('startLocalCloud', () => {
  it('listens on loopback, on ports in a row when told where', async () => {
    await using first = await startLocalCloud();
    const ports = Object.values(first.endpoints).map((url) => new URL(url));
    expect(new Set(ports.map(({ hostname }) => hostname))).toEqual(new Set(['127.0.0.1']));
    await expect(startLocalCloud({ port: Number(ports[0]?.port) })).rejects.toThrow(PortInUseError);
    await expect(startLocalCloud({ port: Number(ports[0]?.port) })).rejects.toMatchObject({
      code: 'PortInUse',
      port: Number(ports[0]?.port),
    });
  });

  it('leaves no listener behind when one port of the row is taken', async () => {
    const base = await freeRow();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(base + 1, '127.0.0.1', resolve));
    await expect(startLocalCloud({ port: base })).rejects.toMatchObject({ port: base + 1 });
    await new Promise((resolve) => taken.close(resolve));
    const cloud = await startLocalCloud({ port: base });
    expect(cloud.endpoints.sts).toBe(`http://127.0.0.1:${base + 1}`);
    await cloud.close();
    await cloud.close();
  });

  it('refuses addresses that others can reach, unless told otherwise', async () => {
    for (const host of ['0.0.0.0', '192.168.1.1', '::', 'example.com'])
      await expect(startLocalCloud({ host })).rejects.toMatchObject({ code: 'AddressRefused' });
    const cloud = await startLocalCloud({ host: '0.0.0.0', allowRemoteClients: true });
    await cloud.close();
  });

  it('serves HTTPS under an authority of its own', async () => {
    await using cloud = await startLocalCloud({ tls: true });
    const status = (ca?: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        get(cloud.endpoints.kms, { ca, agent: false }, (answer) => resolve(answer.resume().statusCode)).on(
          'error',
          reject,
        );
      });
    expect(await status(cloud.certificateAuthority)).toBe(400);
    await expect(status()).rejects.toThrow(/self-signed certificate/);
    expect(cloud.endpoints.imds).toMatch(/^http:/);
  });

  it('types what it returns', () => {
    expectTypeOf<LocalCloud['endpoints']>().toHaveProperty('kms').toEqualTypeOf<string>();
    expectTypeOf<Parameters<LocalCloud['faults']['inject']>[0]['kind']>()
      .extract<'throttle'>()
      .toEqualTypeOf<'throttle'>();
  });
});

/** The first of six free ports below those that the system gives out by itself. */
async function freeRow(): Promise<number> {
  for (let base = 21_000; ; base += 10) {
    try {
      await (await startLocalCloud({ port: base })).close();
      return base;
    } catch (error) {
      if (!(error instanceof PortInUseError) || base > 31_000) throw error;
    }
  }
}

describe('the admin API', () => {
  let cloud: LocalCloud;
  beforeAll(async () => {
    cloud = await startLocalCloud({ admin: true });
  });
  afterAll(() => cloud.close());
  const send = async (method: string, path: string, body?: unknown, type = 'application/json') => {
    const answer = await fetch(cloud.adminEndpoint + path, {
      method,
      headers: { 'content-type': type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, never> };
  };

  it('injects faults, moves the clock, shows the log, and resets', async () => {
    const { body } = await send('POST', '/faults', { service: 'kms', kind: 'throttle' });
    await expect(kmsCaller(cloud)('ListKeys')).rejects.toThrow();
    expect((await send('GET', '/faults')).body).toEqual([{ id: body.id, service: 'kms', kind: 'throttle' }]);
    await send('DELETE', `/faults/${body.id}`);
    await kmsCaller(cloud)('CreateKey');
    expect(
      ((await send('GET', '/audit-log')).body as unknown as { eventName: string }[]).at(-1)?.eventName,
    ).toBe('CreateKey');
    await send('POST', '/clock', { advance: 3_600_000 });
    expect(cloud.clock.now() - Date.now()).toBeGreaterThan(3_500_000);
    const beijing = (await send('GET', '/endpoints/kms/cn-beijing')).body.url;
    expect(beijing).toBe(await cloud.endpointOf('kms', 'cn-beijing'));
    await send('POST', '/reset');
    expect(await kmsCaller(cloud)('ListKeys')).toMatchObject({ TotalCount: 0 });
  });

  it('refuses what it does not understand, and what a web page could send', async () => {
    expect(await send('POST', '/faults', { kind: 'nonsense' })).toMatchObject({ status: 400 });
    expect(await send('POST', '/faults', { kind: 'latency' })).toMatchObject({ status: 400 });
    expect(await send('POST', '/clock', { set: 'never' })).toMatchObject({ status: 400 });
    expect(await send('GET', '/endpoints/ram/cn-beijing')).toMatchObject({ status: 404 });
    expect(await send('POST', '/reset', undefined, 'text/plain')).toMatchObject({ status: 415 });
  });
});
