import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalCloud } from '../local-cloud.ts';
import type { ServiceName } from '../platform.ts';
import { startLocalCloud } from '../start.ts';
import { kmsCaller } from '../test-support/official-clients.ts';

/** How many malformed requests; the same ones in the same order each time. `FUZZ_REQUESTS=100000` for the long run. */
const requests = Number(process.env.FUZZ_REQUESTS ?? 4_000);

describe('what is no proper request', () => {
  let cloud: LocalCloud;
  const defects: string[] = [];
  const onWarning = (warning: Error) => {
    if (warning.name === 'LocalCloudDefect') defects.push(String(warning.stack));
  };
  beforeAll(async () => {
    process.on('warning', onWarning);
    cloud = await startLocalCloud({ admin: true });
  });
  afterAll(async () => {
    process.off('warning', onWarning);
    await cloud.close();
  });

  it(
    'never crashes the cloud, nor gets to see how it is made',
    async () => {
      const targets: Record<string, string> = { ...cloud.endpoints, admin: cloud.adminEndpoint as string };
      const names = Object.keys(targets);
      const random = xorshift(20_261_121);
      let sent = 0;
      const statuses = new Map<number, number>();
      const worker = async () => {
        while (sent < requests) {
          const index = sent++;
          const name = names[index % names.length] as string;
          const bytes = mutate(wellFormed(name, random), random);
          const answer = await exchange(new URL(targets[name] as string), bytes);
          // What the admin API took for a fault must not strike the others.
          if (name === 'admin') cloud.faults.clear();
          const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status >= 500 && status !== 501)
            throw new Error(`${name} answered ${status} to ${JSON.stringify(bytes.toString('latin1'))}`);
          if (/node_modules|node:internal|\bat [\w.<>]+ \(|TypeError|\.ts:\d|\.js:\d/.test(answer))
            throw new Error(
              `${name} shows its insides to ${JSON.stringify(bytes.toString('latin1'))}: ${answer}`,
            );
        }
      };
      await Promise.all(Array.from({ length: 24 }, worker));
      expect(defects).toEqual([]);
      // Most are refused as what they are; if nearly all were cut off unanswered, nothing would be shown.
      expect((statuses.get(400) ?? 0) + (statuses.get(404) ?? 0) + (statuses.get(403) ?? 0)).toBeGreaterThan(
        requests / 4,
      );
      cloud.clock.set(Date.now());
      await kmsCaller(cloud)('ListKeys');
    },
    Math.max(60_000, requests * 10),
  );

  it.each([
    ['kms', 'POST', 413],
    ['admin', 'POST', 413],
  ])('is refused by %s when its body is too large', async (name, method, status) => {
    const url = name === 'admin' ? (cloud.adminEndpoint as string) : cloud.endpoints[name as ServiceName];
    const answer = await fetch(url, {
      method,
      headers: {
        'content-type': name === 'admin' ? 'application/json' : 'application/x-www-form-urlencoded',
      },
      body: 'x'.repeat(300 * 1024),
    });
    expect(answer.status).toBe(status);
  });

  it('is refused when its headers are too large, or too many to be read', async () => {
    const url = new URL(cloud.endpoints.sts);
    const large = await exchange(
      url,
      Buffer.from(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(200 * 1024)}\r\n\r\n`),
    );
    expect(large).toMatch(/^HTTP\/1\.1 431 /);
    const many = Array.from({ length: 3000 }, (_, n) => `x${n}: y\r\n`).join('');
    expect(await exchange(url, Buffer.from(`GET / HTTP/1.1\r\nhost: x\r\n${many}\r\n`))).toMatch(
      /^HTTP\/1\.1 4\d\d /,
    );
  });
});

type Random = (below: number) => number;

function xorshift(seed: number): Random {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function wellFormed(service: string, random: Random): Buffer {
  const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T;
  if (service === 'imds')
    return Buffer.from(
      pick([
        'GET /latest/meta-data/ram/security-credentials/ HTTP/1.1\r\nHost: x\r\n\r\n',
        'PUT /latest/api/token HTTP/1.1\r\nHost: x\r\nX-aliyun-ecs-metadata-token-ttl-seconds: 60\r\n\r\n',
        'GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: x\r\nX-aliyun-ecs-metadata-token: AAAA\r\n\r\n',
      ]),
    );
  if (service === 'oss')
    return Buffer.from(
      pick([
        'GET /bucket/object?x-oss-process=a HTTP/1.1\r\nHost: x\r\nAuthorization: OSS id:signature\r\nDate: Sat, 21 Nov 2026 22:24:00 GMT\r\nRange: bytes=0-9\r\n\r\n',
        'PUT /bucket/object HTTP/1.1\r\nHost: bucket.oss-cn-hangzhou.aliyuncs.com\r\nAuthorization: OSS4-HMAC-SHA256 Credential=a/20261121/cn-hangzhou/oss/aliyun_v4_request,Signature=00\r\nContent-Length: 3\r\n\r\nabc',
        'POST /bucket?delete HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: 34\r\n\r\n<Delete><Object/></Delete><!---->',
        'GET /?list-type=2&prefix=a&max-keys=1 HTTP/1.1\r\nHost: b.localhost\r\n\r\n',
      ]),
    );
  if (service === 'admin')
    return Buffer.from(
      pick([
        'POST /faults HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 45\r\n\r\n{"kind":"expired-credential","service":"sts"}',
        'POST /clock HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"advance":0}',
        'DELETE /faults/1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n',
      ]),
    );
  const action = pick([
    'ListKeys',
    'Decrypt',
    'CreateRole',
    'AssumeRole',
    'AssumeRoleWithOIDC',
    'DescribeInstances',
    'GetCallerIdentity',
  ]);
  const version = { kms: '2016-01-20', ram: '2015-05-01', sts: '2015-04-01', ecs: '2014-05-26' }[service];
  const common = `Action=${action}&Version=${version}&AccessKeyId=id&SignatureNonce=1&Timestamp=2026-11-21T22%3A24%3A00Z&RoleArn=acs%3Aram%3A%3A1000000000000001%3Arole%2Fr&RoleSessionName=session&Tag.1.Key=a`;
  return Buffer.from(
    pick([
      `GET /?${common}&Signature=QUJD HTTP/1.1\r\nHost: x\r\n\r\n`,
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${common.length}\r\n\r\n${common}`,
      `POST /?${common} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"a":[1]\r\n1\r\n}\r\n0\r\n\r\n`,
      `POST /?x=y HTTP/1.1\r\nHost: x\r\nx-acs-action: ${action}\r\nx-acs-version: ${version}\r\nx-acs-date: 2026-11-21T22:24:00Z\r\nx-acs-signature-nonce: 1\r\nx-acs-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\r\nAuthorization: ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host;x-acs-date,Signature=${'0'.repeat(64)}\r\nContent-Length: 0\r\n\r\n`,
    ]),
  );
}

const fragments = [
  '%',
  '%zz',
  '%00',
  '%C0%AF',
  '\r\n',
  '\n',
  '\0',
  '..',
  '/../../',
  '//',
  '?',
  '&',
  '=',
  '__proto__',
  'constructor=1&',
  '[]',
  '{"a":',
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  '\ud800',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Expect: 100-continue\r\n',
  'Connection: upgrade\r\nUpgrade: websocket\r\n',
  'Host: a\r\nHost: b\r\n',
  '99999999999999999999',
  '-1',
  'NaN',
  ' ',
  '\t',
  'é',
  '\xff\xfe',
];

function mutate(request: Buffer, random: Random): Buffer {
  let bytes = Buffer.from(request);
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(bytes.length + 1);
    switch (random(6)) {
      case 0:
        if (at < bytes.length) bytes[at] = random(256);
        break;
      case 1:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(fragments[random(fragments.length)] as string),
          bytes.subarray(at),
        ]);
        break;
      case 2:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          bytes.subarray(Math.min(bytes.length, at + random(20))),
        ]);
        break;
      case 3:
        bytes = Buffer.concat([bytes, bytes.subarray(at)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(random(300), 0x41), bytes.subarray(at)]);
        break;
      default:
        if (random(4) === 0) bytes = bytes.subarray(0, at);
    }
  }
  return bytes;
}

/** Sends bytes, says that no more will come, and gives whatever came back. */
function exchange(url: URL, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(url.port), url.hostname, () => socket.end(bytes));
    const done = () => {
      socket.destroy();
      resolve(Buffer.concat(chunks).toString('latin1'));
    };
    socket.setTimeout(3_000, done);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', done);
    socket.on('end', done);
    socket.on('close', done);
  });
}
