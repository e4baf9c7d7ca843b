import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** A TCP proxy that can cut connections after a number of bytes, in either direction. */
export interface CuttingProxy {
  readonly url: string;
  /** Cut the next `times` connections after this many bytes from the client, or from the server. */
  cut(after: { readonly fromClient?: number; readonly fromServer?: number }, times?: number): Promise<void>;
  /** What clients sent so far, of every connection. */
  readonly sent: Buffer[];
  close(): Promise<void>;
}

export async function openCuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const sent: Buffer[] = [];
  let pending: { fromClient: number; fromServer: number }[] = [];
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const budget = pending.shift() ?? { fromClient: Infinity, fromServer: Infinity };
    const both = [client, upstream];
    const end = () => {
      for (const socket of both) socket.destroy();
    };
    for (const socket of both) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    const relay = (from: Socket, to: Socket, direction: 'fromClient' | 'fromServer') => {
      from.on('data', (chunk) => {
        if (direction === 'fromClient') sent.push(chunk);
        const allowed = chunk.subarray(0, Math.max(0, budget[direction]));
        budget[direction] -= chunk.length;
        to.write(allowed);
        if (budget[direction] <= 0) to.end(() => end());
      });
    };
    relay(client, upstream, 'fromClient');
    relay(upstream, client, 'fromServer');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async cut({ fromClient = Infinity, fromServer = Infinity }, times = 1) {
      // Connections that are kept alive would escape the cut; the clients must have seen them end.
      for (const socket of sockets) socket.destroy();
      await setTimeout(10);
      pending = Array.from({ length: times }, () => ({ fromClient, fromServer }));
    },
    sent,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
