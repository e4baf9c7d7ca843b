import { createConnection } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../index.ts';

let cloud: LocalCloud;
let defects: string[];
const note = (warning: Error) => defects.push(String(warning.stack));

beforeAll(async () => {
  cloud = await startLocalCloud({
    seed: {
      accounts: [
        {
          id: '1000000000000001',
          users: [
            {
              name: 'a',
              accessKeys: [{ id: 'a-key', secret: 'a-secret' }],
              policies: ['AdministratorAccess'],
            },
          ],
          buckets: [{ name: 'open', acl: 'public-read-write' }],
        },
      ],
    },
  });
  defects = [];
  process.on('warning', note);
});
afterAll(async () => {
  process.off('warning', note);
  await cloud.close();
});

/** Sends bytes as they are and gives back all that comes until the connection ends. */
function exchange(bytes: Buffer): Promise<string> {
  const { hostname, port } = new URL(cloud.endpoints.oss);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = createConnection({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.on('end', () => socket.destroy());
    socket.end(bytes);
  });
}

const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '%',
    '%zz',
    '%ff%fe',
    '%00',
    '../..',
    '//',
    '?',
    '&&==',
    '\u0000',
    '%2F',
    '\\',
    '1',
    '-1',
    '1e9',
    '0x10',
    'x'.repeat(2000),
  ),
);
/** Mostly what HTTP lets through, so that the service gets to see it; now and then not even that. */
const inTarget = fc.oneof(
  { weight: 20, arbitrary: odd.map(encodeURIComponent) },
  { weight: 1, arbitrary: odd },
);
const inHeader = fc.oneof(
  { weight: 20, arbitrary: odd.map((text) => text.replace(/[^\x20-\x7e]/g, '')) },
  { weight: 1, arbitrary: odd },
);
const method = fc.constantFrom('GET', 'PUT', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'BREW');
const target = fc
  .tuple(
    fc.constantFrom(
      '/',
      '/open/',
      '/open/key',
      '/none/key',
      'http://open.oss-cn-hangzhou.aliyuncs.com/k',
      '*',
    ),
    inTarget,
    fc.array(
      fc.tuple(
        fc.constantFrom(
          'uploads',
          'uploadId',
          'partNumber',
          'append',
          'position',
          'delete',
          'acl',
          'policy',
          'prefix',
          'marker',
          'max-keys',
          'list-type',
          'continuation-token',
          'Signature',
          'OSSAccessKeyId',
          'Expires',
          'x-oss-signature',
          'x-oss-signature-version',
          'x-oss-credential',
          'x-oss-date',
          'x-oss-expires',
          'response-content-type',
          'tagging',
          'encryption',
        ),
        inTarget,
      ),
      { maxLength: 4 },
    ),
  )
  .map(
    ([path, tail, query]) =>
      `${path}${tail}${query.length === 0 ? '' : `?${query.map(([name, value]) => `${name}=${value}`).join('&')}`}`,
  );
const header = fc.tuple(
  fc.constantFrom(
    'Authorization',
    'Date',
    'x-oss-date',
    'x-oss-security-token',
    'x-oss-copy-source',
    'x-oss-copy-source-range',
    'Range',
    'If-Match',
    'If-Modified-Since',
    'Content-MD5',
    'x-oss-acl',
    'x-oss-object-acl',
    'x-oss-tagging',
    'x-oss-meta-a',
    'x-oss-server-side-encryption',
    'x-oss-storage-class',
    'x-oss-complete-all',
    'Expect',
    'Host',
  ),
  fc.oneof(
    inHeader,
    fc.constantFrom(
      'OSS a-key:sig',
      'OSS2 AccessKeyId:a-key,Signature:x',
      'OSS4-HMAC-SHA256 Credential=a-key/20261121/cn-hangzhou/oss/aliyun_v4_request,Signature=0',
      'bytes=0-',
      'bytes=-1',
      '/open/key',
      '-1',
      '5',
      '1e9',
      'chunked',
      '100-continue',
      'open.oss-cn-hangzhou.aliyuncs.com',
      new Date().toUTCString(),
    ),
  ),
);
const body = fc.oneof(
  fc.constantFrom(
    '',
    'x',
    '<Delete><Object><Key>a</Key></Object></Delete>',
    '<CompleteMultipartUpload/>',
    '<a>'.repeat(1000),
    '5\r\nhello\r\n0\r\n\r\n',
  ),
  odd,
);

it('answers or drops every request, leaks no stack and goes on serving', async () => {
  await fc.assert(
    fc.asyncProperty(
      method,
      target,
      fc.array(header, { maxLength: 4 }),
      body,
      async (verb, path, headers, content) => {
        const head = [
          `${verb} ${path} HTTP/1.1`,
          'Host: 127.0.0.1',
          ...headers.map(([name, value]) => `${name}: ${value}`),
        ];
        const reply = await exchange(
          Buffer.from(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${content}`, 'utf8'),
        );
        expect(reply === '' || /^HTTP\/1\.1 [1-5]\d\d /.test(reply), reply).toBe(true);
        expect(reply).not.toMatch(/^HTTP\/1\.1 500/);
        expect(reply).not.toMatch(/\.ts:\d+|node:internal| {4}at /);
      },
    ),
    { numRuns: 1500 },
  );
  expect(defects).toEqual([]);
  expect((await fetch(`${cloud.endpoints.oss}/open/key-${'ok'}`, { method: 'PUT', body: 'x' })).status).toBe(
    200,
  );
}, 60_000);
