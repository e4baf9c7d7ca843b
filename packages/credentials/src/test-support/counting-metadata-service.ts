import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A metadata service for tests: real sockets, every request counted, every credential it ever gave out remembered. */
export interface CountingMetadataService {
  readonly endpoint: string;
  /** `PUT token`, `GET role`, `GET credentials`, in the order they came. */
  readonly requests: string[];
  /** Secret and token of each AccessKey id handed out so far. */
  readonly issued: ReadonlyMap<string, { readonly secret: string; readonly token: string }>;
  behaviour: MetadataBehaviour;
  /** The next read is answered with a new credential. */
  rotate(): void;
  /** As after a restart of the service: metadata tokens given so far are refused. */
  forgetTokens(): void;
  close(): Promise<void>;
}

export interface MetadataBehaviour {
  /** The service's clock, milliseconds since 1970. */
  now: () => number;
  roleName: string | undefined;
  /** Life of a credential, milliseconds. */
  lifetimeMs: number;
  /** A credential is offered from its making until this long before its end, milliseconds. */
  rotateBeforeEndMs: number;
  /** Hardened: reads need a token. None: no token service at all. */
  mode: 'hardened' | 'both' | 'v1-only';
  /** Replaces the answer to every request, or to the named ones. */
  fault: ((request: string, response: http.ServerResponse) => boolean) | undefined;
}

export async function startCountingMetadataService(
  overrides: Partial<MetadataBehaviour> = {},
  address: { readonly host: string; readonly port: number } = { host: '127.0.0.1', port: 0 },
): Promise<CountingMetadataService> {
  const requests: string[] = [];
  const issued = new Map<string, { secret: string; token: string }>();
  const tokens = new Set<string>();
  const behaviour: MetadataBehaviour = {
    now: Date.now,
    roleName: 'EcsRamRoleTest',
    lifetimeMs: 6 * 3_600_000,
    rotateBeforeEndMs: 30 * 60_000,
    mode: 'hardened',
    fault: undefined,
    ...overrides,
  };
  let current: { body: string; rotateAt: number } | undefined;

  function credentialNow(): string {
    const now = behaviour.now();
    if (current === undefined || now >= current.rotateAt) {
      const id = `STS.${randomBytes(9).toString('hex')}`;
      const secret = randomBytes(20).toString('hex');
      const token = randomBytes(60).toString('base64');
      issued.set(id, { secret, token });
      const expiration = now + behaviour.lifetimeMs;
      const body = JSON.stringify({
        AccessKeyId: id,
        AccessKeySecret: secret,
        SecurityToken: token,
        Expiration: new Date(expiration).toISOString(),
        LastUpdated: new Date(now).toISOString(),
        Code: 'Success',
      });
      current = { body, rotateAt: expiration - behaviour.rotateBeforeEndMs };
    }
    return current.body;
  }

  const server = http.createServer((request, response) => {
    const path = request.url ?? '';
    const base = '/latest/meta-data/ram/security-credentials/';
    const name = request.method === 'PUT' ? 'PUT token' : path === base ? 'GET role' : 'GET credentials';
    requests.push(name);
    response.setHeader('date', new Date(behaviour.now()).toUTCString());
    if (behaviour.fault?.(name, response)) return;
    const answer = (status: number, body = '') => {
      response.statusCode = status;
      response.end(body);
    };
    if (name === 'PUT token') {
      const ttl = Number(request.headers['x-aliyun-ecs-metadata-token-ttl-seconds']);
      if (path !== '/latest/api/token' || behaviour.mode === 'v1-only') return answer(404, 'not found');
      if (!(ttl >= 1 && ttl <= 21_600)) return answer(400, 'bad ttl');
      const token = randomBytes(24).toString('base64');
      tokens.add(token);
      return answer(200, token);
    }
    const token = request.headers['x-aliyun-ecs-metadata-token'];
    const known = typeof token === 'string' && tokens.has(token);
    if (behaviour.mode === 'hardened' && !known) return answer(403, 'forbidden');
    if (behaviour.roleName === undefined) return answer(404, 'not found');
    if (name === 'GET role') return answer(200, behaviour.roleName);
    if (path !== base + behaviour.roleName) return answer(404, 'not found');
    return answer(200, credentialNow());
  });
  // A thousand clients may connect at once, which is more than the default queue holds.
  await new Promise<void>((resolve) => server.listen({ ...address, backlog: 4_096 }, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://${address.host}:${port}`,
    requests,
    issued,
    behaviour,
    rotate: () => {
      current = undefined;
    },
    forgetTokens: () => tokens.clear(),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
