import { execFile } from 'node:child_process';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { boundedRequest, maxResponseBytes } from './bounded-request.ts';

let server: http.Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(listener: http.RequestListener): Promise<URL> {
  server = http.createServer(listener);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/path?query`);
}

test('an answer of the largest allowed size passes, one byte more does not', async () => {
  let size = maxResponseBytes;
  const url = await serve((_, response) => response.end(Buffer.alloc(size, 0x61)));
  const get = () => boundedRequest({ method: 'GET', url, timeoutMs: 5_000, route: 'direct' });
  expect((await get()).text.length).toBe(maxResponseBytes);
  size += 1;
  await expect(get()).rejects.toThrow(/longer than 65536 bytes/);
});

test('a redirect is an answer like any other', async () => {
  let requests = 0;
  const url = await serve((_, response) => {
    requests += 1;
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  expect((await boundedRequest({ method: 'GET', url, timeoutMs: 5_000, route: 'direct' })).status).toBe(307);
  expect(requests).toBe(1);
});

test('an aborted request says so, and a message never holds the address', async () => {
  const url = await serve(() => undefined);
  const signal = AbortSignal.timeout(10);
  await expect(
    boundedRequest({ method: 'GET', url, timeoutMs: 5_000, route: 'direct', signal }),
  ).rejects.toThrow(/^the request was aborted$/);
});

test('a connection that breaks in the middle of the answer is a failure', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('half');
    setImmediate(() => response.destroy());
  });
  await expect(boundedRequest({ method: 'GET', url, timeoutMs: 5_000, route: 'direct' })).rejects.toThrow(
    /connection/,
  );
});

test('the direct route ignores every proxy the process is told to use, and the platform route does not', async () => {
  const seen: string[] = [];
  const proxy = await serve((request, response) => {
    seen.push(request.url ?? '');
    response.end('from the proxy');
  });
  // Nothing listens on port 1: only through the proxy can there be an answer.
  const script = (route: string) => `
    const { boundedRequest } = await import(${JSON.stringify(new URL('./bounded-request.ts', import.meta.url))});
    const url = new URL('http://127.0.0.1:1/');
    const answer = await boundedRequest({ method: 'GET', url, timeoutMs: 5000, route: '${route}' }).catch((e) => e);
    console.log(answer.text ?? answer.message);`;
  const run = async (route: string) => {
    const proxies = {
      HTTP_PROXY: proxy.origin,
      http_proxy: proxy.origin,
      ALL_PROXY: proxy.origin,
      NODE_USE_ENV_PROXY: '1',
    };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', script(route)],
      {
        env: { ...process.env, ...proxies, NO_PROXY: '', no_proxy: '' },
      },
    );
    return stdout.trim();
  };
  expect(await run('direct')).toContain('ECONNREFUSED');
  expect(seen).toEqual([]);
  expect(await run('platform')).toBe('from the proxy');
  expect(seen).toEqual(['http://127.0.0.1:1/']);
});
