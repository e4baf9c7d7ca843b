import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../clock/clock.ts';
import { type Listener, openListener } from './listener.ts';

describe('a listener', () => {
  let listener: Listener;
  beforeAll(async () => {
    listener = await openListener({
      name: 'test',
      host: '127.0.0.1',
      port: 0,
      clock: createClock(Date.UTC(2030, 0, 1)),
      bodyLimit: 1000,
      headerLimit: 2000,
      requestTimeoutMs: 300,
      idleTimeoutMs: 5_000,
      routes: (app) => app.post('/', () => 'good'),
    });
  });
  afterAll(() => listener.close());

  /** Sends a piece now and then, and gives what came back by the time the connection was closed. */
  const trickle = (pieces: string[]) =>
    new Promise<string>((resolve) => {
      let received = '';
      const socket = connect(listener.port, '127.0.0.1');
      const timer = setInterval(() => {
        const piece = pieces.shift();
        if (piece !== undefined) socket.write(piece);
      }, 50);
      socket.on('data', (chunk) => {
        received += String(chunk);
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        clearInterval(timer);
        resolve(received);
      });
    });

  it('does not wait for clients that take forever over their headers or their body', async () => {
    expect(await trickle(['POST / HTTP/1.1\r\n', 'Host: x\r\n'])).toMatch(/^HTTP\/1\.1 408 /);
    expect(
      await trickle([
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\nContent-Type: text/plain\r\n\r\n',
        'a',
        'b',
      ]),
    ).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('dates its answers by the local clock, errors included', async () => {
    for (const method of ['POST', 'DELETE']) {
      const { headers } = await fetch(listener.url, { method });
      expect(headers.get('date')).toMatch(/^Tue, 01 Jan 2030 /);
    }
    expect(await trickle(['nonsense\r\n\r\n'])).toMatch(
      /^HTTP\/1\.1 400 Bad Request\r\nDate: Tue, 01 Jan 2030 /,
    );
  });
});
