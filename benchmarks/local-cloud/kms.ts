/**
 * How many GenerateDataKey calls a second one process of the local cloud answers over keep-alive connections, each
 * signed, checked for its nonce, decided by RAM (an identity policy with a condition) and logged; and beside it, in the
 * same run, what a bare node:http server answers to the same bytes. The ratio is what travels.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, requests: { type: 'string' }, 'bare-server': { type: 'boolean' } },
});
const requests = Number(values.requests ?? 30_000);
const connections = 16;

if (values['bare-server'] === true) serveBare();
else await compare();

async function compare(): Promise<void> {
  const rows = [];
  for (const [name, script, flags] of [
    ['local cloud', 'kms-server.ts', []],
    ['bare node:http', 'kms.ts', ['--bare-server']],
  ] as const) {
    const server = fork(join(import.meta.dirname, script), flags, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(server, 'message');
    const { url } = await ask(server);
    await drive(url, Math.min(5_000, requests));
    const before = await ask(server);
    const start = performance.now();
    await drive(url, requests);
    const seconds = (performance.now() - start) / 1000;
    const after = await ask(server);
    const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
    rows.push({
      server: name,
      requests,
      seconds: round(seconds),
      requestsPerSecond: Math.round(requests / seconds),
      requestsPerCpuSecond: Math.round(requests / cpuSeconds),
      residentMiB: Math.round(after.residentBytes / 2 ** 20),
    });
    server.kill();
  }
  if (values.json === true) console.log(JSON.stringify(rows));
  else console.table(rows);
}

interface State {
  readonly url: string;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

async function ask(server: ChildProcess): Promise<State> {
  server.send('state');
  const [state] = (await once(server, 'message')) as [State];
  return state;
}

/** Requests are signed ahead, so that only sending and receiving is in the measured time. */
async function drive(url: string, count: number): Promise<void> {
  const signed = Array.from({ length: count }, request);
  const { port } = new URL(url);
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.setNoDelay(true);
      let answered: (() => void) | undefined;
      let received = '';
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        const head = received.indexOf('\r\n\r\n');
        if (head < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(received)?.[1]);
        if (received.length < head + 4 + length) return;
        if (!received.startsWith('HTTP/1.1 200')) throw new Error(received);
        received = '';
        answered?.();
      });
      while (next < count) {
        const bytes = signed[next++] as string;
        await new Promise<void>((resolve) => {
          answered = resolve;
          socket.write(bytes);
        });
      }
      socket.destroy();
    }),
  );
}

function request(): string {
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const query = Object.entries({
    AccessKeyId: 'LTAIapplication',
    Action: 'GenerateDataKey',
    EncryptionContext: '{"purpose":"benchmark"}',
    Format: 'json',
    KeyId: 'acs:kms:cn-hangzhou:1000000000000001:key/key-1',
    SignatureMethod: 'HMAC-SHA1',
    SignatureNonce: randomUUID(),
    SignatureVersion: '1.0',
    Timestamp: `${new Date().toISOString().slice(0, 19)}Z`,
    Version: '2016-01-20',
  })
    .map(([name, value]) => `${name}=${encode(value)}`)
    .join('&');
  const signature = createHmac('sha1', 'application&')
    .update(`POST&%2F&${encode(query)}`)
    .digest('base64');
  return `POST /?${query}&Signature=${encode(signature)} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: benchmark\r\nContent-Length: 0\r\n\r\n`;
}

/** Answers as many bytes as GenerateDataKey does, and does nothing else. */
function serveBare(): void {
  const body = JSON.stringify({
    CiphertextBlob: 'x'.repeat(132),
    KeyId: 'key-1',
    KeyVersionId: randomUUID(),
    Plaintext: 'x'.repeat(44),
    RequestId: randomUUID(),
  });
  const server = createServer((incoming, outgoing) => {
    incoming.resume();
    outgoing.setHeader('content-type', 'application/json;charset=utf-8');
    outgoing.setHeader('content-length', body.length);
    outgoing.end(body);
  });
  server.listen(0, '127.0.0.1', () => process.send?.('ready'));
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const { port } = server.address() as AddressInfo;
    process.send?.({
      url: `http://127.0.0.1:${port}`,
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
    });
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
