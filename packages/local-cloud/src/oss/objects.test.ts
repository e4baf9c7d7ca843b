import { createHash, createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { allow, policy } from '@yunseal/policy-builder';
import AliOss from 'ali-oss';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../index.ts';
import type { Snapshot } from '../store/store.ts';

const account = '1000000000000001';
const keyId = 'key-of-the-tests';
const bucket = 'objects';
let cloud: LocalCloud;
let start: Snapshot;

const seed = {
  accounts: [
    {
      id: account,
      users: [
        {
          name: 'administrator',
          accessKeys: [{ id: 'administrator-key', secret: 'administrator-secret' }],
          policies: ['AdministratorAccess'],
        },
        {
          name: 'oss-only',
          accessKeys: [{ id: 'oss-only-key', secret: 'oss-only-secret' }],
          policies: [{ ...policy(allow('oss:*').on('*')) }],
        },
      ],
      keys: [{ id: keyId }],
      buckets: [{ name: bucket }],
    },
  ],
};

beforeAll(async () => {
  cloud = await startLocalCloud({ seed });
  start = cloud.snapshot();
});
afterAll(() => cloud.close());
beforeEach(() => cloud.reset(start));

function as(name = 'administrator', options: object = {}): AliOss {
  return new AliOss({
    accessKeyId: `${name}-key`,
    accessKeySecret: `${name}-secret`,
    endpoint: cloud.endpoints.oss,
    region: 'oss-cn-hangzhou',
    bucket,
    ...options,
  } as AliOss.Options);
}

/** Methods that the client has and its declarations lack. */
interface BucketEncryption {
  putBucketEncryption(name: string, rule: object): Promise<unknown>;
  getBucketEncryption(name: string): Promise<{ encryption: object }>;
  deleteBucketEncryption(name: string): Promise<unknown>;
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** A request signed with version 1, for what no client sends. */
function signed(method: string, path: string, headers: Record<string, string> = {}): ClientRequest {
  const date = new Date().toUTCString();
  const [pathname = '', query = ''] = path.split('?', 2);
  const subResources = query.split('&').filter((pair) => !/^(list-type|max-keys|encoding-type|$)/.test(pair));
  const canonical = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-oss-'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value}\n`)
    .join('');
  const resource = `/${bucket}${decodeURIComponent(pathname)}`;
  const stringToSign = [
    method,
    headers['content-md5'] ?? '',
    headers['content-type'] ?? '',
    date,
    canonical +
      resource +
      (subResources.length === 0 ? '' : `?${subResources.map(decodeURIComponent).join('&')}`),
  ].join('\n');
  const signature = createHmac('sha1', 'administrator-secret').update(stringToSign).digest('base64');
  const { hostname, port } = new URL(cloud.endpoints.oss);
  return httpRequest({
    hostname,
    port,
    method,
    path: `/${bucket}${path}`,
    headers: { ...headers, date, authorization: `OSS administrator-key:${signature}` },
  });
}

function send(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = signed(method, path, headers);
    request.on('response', async (response) => {
      try {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text: await text(response) });
      } catch (error) {
        reject(error);
      }
    });
    request.on('error', reject);
    request.end(body);
  });
}

const code = (reply: Reply) => [reply.status, /<Code>(.*)<\/Code>/.exec(reply.text)?.[1]];
const md5 = (text: string) => createHash('md5').update(text).digest('base64');

describe('writing', () => {
  it('gives back ETag, MD5 and CRC-64 of what came', async () => {
    const reply = await send('PUT', '/a', {
      body: '123456789',
      headers: { 'content-md5': md5('123456789') },
    });
    expect(reply.headers).toMatchObject({
      etag: `"${createHash('md5').update('123456789').digest('hex').toUpperCase()}"`,
      'content-md5': md5('123456789'),
      'x-oss-hash-crc64ecma': '11051210869376104954',
      'x-oss-request-id': expect.stringMatching(/^[0-9A-F]{24}$/),
      server: 'AliyunOSS',
    });
  });

  it.each([
    ['content-md5', md5('another')],
    ['content-md5', 'bm90IDE2IGJ5dGVz'],
    ['x-oss-hash-crc64ecma', '1'],
  ])('refuses what does not have the %s it should, and keeps what was there', async (header, value) => {
    await send('PUT', '/a', { body: 'first' });
    expect(code(await send('PUT', '/a', { body: 'second', headers: { [header]: value } }))).toEqual([
      400,
      'InvalidDigest',
    ]);
    expect((await send('GET', '/a')).text).toBe('first');
  });

  it('does so for large objects, of a size that is told beforehand or not', async () => {
    const large = randomBytes(6_000_000);
    const contentMd5 = createHash('md5').update(large).digest('base64');
    const told = await send('PUT', '/told', { body: large, headers: { 'content-md5': contentMd5 } });
    expect([told.status, told.headers['content-md5']]).toEqual([200, contentMd5]);
    await as().putStream('untold', Readable.from([large.subarray(0, 1_000_000), large.subarray(1_000_000)]));
    const untold = await as().get('untold');
    expect((untold.content as Buffer).equals(large)).toBe(true);
    expect(untold.res.headers).toMatchObject({ etag: told.headers.etag });
    expect((await send('HEAD', '/untold')).headers['x-oss-hash-crc64ecma']).toBe(
      told.headers['x-oss-hash-crc64ecma'],
    );
  });

  it('overwrites unless that is forbidden', async () => {
    const headers = { 'x-oss-forbid-overwrite': 'true' };
    expect((await send('PUT', '/a', { body: '1', headers })).status).toBe(200);
    expect(code(await send('PUT', '/a', { body: '2', headers }))).toEqual([409, 'FileAlreadyExists']);
    expect((await send('PUT', '/a', { body: '3' })).status).toBe(200);
    const copy = { 'x-oss-copy-source': `/${bucket}/a`, ...headers };
    expect(code(await send('PUT', '/a', { headers: copy }))).toEqual([409, 'FileAlreadyExists']);
    expect((await send('GET', '/a')).text).toBe('3');
  });

  it('takes keys that clients would have tidied up', async () => {
    for (const key of ['/..', '/./a', '/a/../b', '/a//', '/%20', '/%0A', '/a%2Fb', '/%3F', '/%e4%bd%a0']) {
      expect((await send('PUT', key, { body: key })).status, key).toBe(200);
      expect((await send('GET', key)).text).toBe(key);
    }
    // A slash is a slash, encoded or not.
    expect((await send('GET', '/a/b')).text).toBe('/a%2Fb');
  });

  it.each([
    ['/%2Fa', 'InvalidObjectName'],
    ['/%5Ca', 'InvalidObjectName'],
    ['/%00', 'InvalidObjectName'],
    [`/${'x'.repeat(1024)}`, 'InvalidObjectName'],
    [`/${'%C3%BC'.repeat(512)}`, 'InvalidObjectName'],
  ])('refuses the key %s', async (path, expected) => {
    expect(code(await send('PUT', path, { body: 'x' }))).toEqual([400, expected]);
  });

  it('takes a key of 1,023 bytes, and an object of none', async () => {
    expect((await send('PUT', `/${'x'.repeat(1023)}`, { body: '' })).status).toBe(200);
    const reply = await send('GET', `/${'x'.repeat(1023)}`);
    expect([reply.status, reply.headers['content-length'], reply.text]).toEqual([200, '0', '']);
  });

  it('refuses more than 8 KB of metadata, more than ten tags, and unknown ACLs and classes', async () => {
    const put = (headers: Record<string, string>) => send('PUT', '/a', { headers, body: 'x' });
    expect(code(await put({ 'x-oss-meta-a': 'x'.repeat(8200) }))).toEqual([400, 'MetadataTooLarge']);
    expect(
      code(await put({ 'x-oss-tagging': Array.from({ length: 11 }, (_, i) => `k${i}=v`).join('&') })),
    ).toEqual([400, 'InvalidTag']);
    expect(code(await put({ 'x-oss-object-acl': 'public' }))).toEqual([400, 'InvalidArgument']);
    expect(code(await put({ 'x-oss-storage-class': 'Cold' }))).toEqual([400, 'InvalidArgument']);
  });

  it('keeps metadata as UTF-8', async () => {
    const utf8 = Buffer.from('Ünïcode 你好', 'utf8').toString('latin1');
    // The signature covers the header's bytes; the test's signer takes the text, and so signs another string.
    const { hostname, port } = new URL(cloud.endpoints.oss);
    const date = new Date().toUTCString();
    const stringToSign = `PUT\n\n\n${date}\nx-oss-meta-name:Ünïcode 你好\n/${bucket}/a`;
    const authorization = `OSS administrator-key:${createHmac('sha1', 'administrator-secret').update(stringToSign).digest('base64')}`;
    const status = await new Promise((resolve) =>
      httpRequest(
        {
          hostname,
          port,
          method: 'PUT',
          path: `/${bucket}/a`,
          headers: { date, authorization, 'x-oss-meta-name': utf8 },
        },
        (response) => resolve(response.resume().statusCode),
      ).end(Buffer.from('x')),
    );
    expect(status).toBe(200);
    expect((await send('HEAD', '/a')).headers['x-oss-meta-name']).toBe(utf8);
  });

  it('leaves nothing of an upload that breaks off', async () => {
    const { hostname, port } = new URL(cloud.endpoints.oss);
    const date = new Date().toUTCString();
    const signature = createHmac('sha1', 'administrator-secret')
      .update(`PUT\n\n\n${date}\n/${bucket}/broken`)
      .digest('base64');
    const socket = createConnection(Number(port), hostname);
    socket.write(
      `PUT /${bucket}/broken HTTP/1.1\r\nHost: x\r\nDate: ${date}\r\nAuthorization: OSS administrator-key:${signature}\r\nContent-Length: 1000000\r\n\r\n`,
    );
    socket.write(Buffer.alloc(400_000));
    await delay(50);
    socket.destroy();
    await expect
      .poll(
        () =>
          cloud
            .auditLog()
            .filter(({ eventName, errorCode }) => eventName === 'PutObject' && errorCode === 'IncompleteBody')
            .length,
      )
      .toBe(1);
    expect((await send('GET', '/broken')).status).toBe(404);
  });
});

describe('reading', () => {
  beforeEach(() => send('PUT', '/ten', { body: '0123456789', headers: { 'content-type': 'text/x-test' } }));

  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=7-20', 200, '0123456789', undefined],
    ['bytes=20-', 200, '0123456789', undefined],
  ])('%s', async (range, status, text, contentRange) => {
    const reply = await send('GET', '/ten', { headers: { range } });
    expect([reply.status, reply.text, reply.headers['content-range']]).toEqual([status, text, contentRange]);
    expect(reply.headers['content-length']).toBe(String(text.length));
  });

  it('answers ranges by the standard when asked to', async () => {
    const standard = { 'x-oss-range-behavior': 'standard' };
    expect((await send('GET', '/ten', { headers: { ...standard, range: 'bytes=7-20' } })).text).toBe('789');
    expect(code(await send('GET', '/ten', { headers: { ...standard, range: 'bytes=20-' } }))).toEqual([
      416,
      'InvalidRange',
    ]);
  });

  it('answers conditions, for GET and HEAD alike', async () => {
    const { headers } = await send('HEAD', '/ten');
    const etag = String(headers.etag);
    for (const method of ['GET', 'HEAD']) {
      const ask = async (condition: Record<string, string>) =>
        (await send(method, '/ten', { headers: condition })).status;
      expect(await ask({ 'if-match': etag })).toBe(200);
      expect(await ask({ 'if-match': '"other"' })).toBe(412);
      expect(await ask({ 'if-none-match': etag })).toBe(304);
      expect(await ask({ 'if-none-match': '"other"' })).toBe(200);
      expect(await ask({ 'if-modified-since': String(headers['last-modified']) })).toBe(304);
      expect(await ask({ 'if-unmodified-since': 'Thu, 01 Jan 2015 00:00:00 GMT' })).toBe(412);
    }
  });

  it('says what is wrong in a header where there is no body for it', async () => {
    const reply = await send('HEAD', '/missing');
    expect([reply.status, reply.text]).toEqual([404, '']);
    expect(Buffer.from(String(reply.headers['x-oss-err']), 'base64').toString('utf8')).toContain(
      '<Code>NoSuchKey</Code>',
    );
  });

  it('puts other headers in the place of the stored ones when asked to', async () => {
    const asked = await send('GET', '/ten?response-cache-control=no-store&response-content-type=text/%C3%BC');
    expect(asked.headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'text/\u00c3\u00bc' });
    expect(code(await send('GET', '/ten?response-content-type=%0d%0ax:%20y'))).toEqual([
      400,
      'InvalidArgument',
    ]);
  });

  it('tells less with objectMeta', async () => {
    const { status, headers } = await send('HEAD', '/ten?objectMeta');
    expect([status, headers['content-length'], headers['content-type']]).toEqual([200, '10', undefined]);
  });
});

describe('server-side encryption', () => {
  const kms = { 'x-oss-server-side-encryption': 'KMS', 'x-oss-server-side-encryption-key-id': keyId };

  it('is told of in every answer', async () => {
    for (const headers of [
      { 'x-oss-server-side-encryption': 'AES256' },
      { 'x-oss-server-side-encryption': 'KMS' },
      kms,
    ]) {
      expect((await send('PUT', '/a', { body: 'x', headers })).headers).toMatchObject(headers);
      expect((await send('GET', '/a')).headers).toMatchObject(headers);
      expect((await send('HEAD', '/a')).headers).toMatchObject(headers);
    }
    expect(
      code(await send('PUT', '/a', { body: 'x', headers: { 'x-oss-server-side-encryption': 'DES' } }))[0],
    ).toBe(400);
  });

  it('asks KMS in the name of the caller', async () => {
    await as().put('a', Buffer.from('x'), { headers: kms });
    await expect(as('oss-only').get('a')).rejects.toMatchObject({
      code: 'AccessDenied',
      message: expect.stringContaining('kms:Decrypt'),
    });
    await expect(as('oss-only').put('b', Buffer.from('x'), { headers: kms })).rejects.toMatchObject({
      code: 'AccessDenied',
      message: expect.stringContaining('kms:GenerateDataKey'),
    });
    await expect(
      as().put('b', Buffer.from('x'), {
        headers: { ...kms, 'x-oss-server-side-encryption-key-id': 'no-such-key' },
      }),
    ).rejects.toMatchObject({
      code: 'Forbidden.KeyNotFound',
    });
  });

  it('is done as the bucket says where the request says nothing', async () => {
    const client = as() as unknown as BucketEncryption;
    await client.putBucketEncryption(bucket, { SSEAlgorithm: 'KMS', KMSMasterKeyID: keyId });
    expect((await send('PUT', '/a', { body: 'x' })).headers).toMatchObject(kms);
    const { encryption } = await client.getBucketEncryption(bucket);
    expect(encryption).toMatchObject({ SSEAlgorithm: 'KMS', KMSMasterKeyID: keyId });
    await client.deleteBucketEncryption(bucket);
    expect((await send('PUT', '/a', { body: 'x' })).headers).not.toHaveProperty(
      'x-oss-server-side-encryption',
    );
  });
});

describe('multipart uploads', () => {
  const begin = async (key: string) =>
    /<UploadId>(.*)<\/UploadId>/.exec((await send('POST', `/${key}?uploads`)).text)?.[1] ?? '';
  const part = (key: string, uploadId: string, number: number, body: string | Buffer) =>
    send('PUT', `/${key}?partNumber=${number}&uploadId=${uploadId}`, { body });
  const complete = (key: string, uploadId: string, parts: readonly (readonly [number, unknown])[]) =>
    send('POST', `/${key}?uploadId=${uploadId}`, {
      body: `<CompleteMultipartUpload>${parts
        .map(
          ([number, etag]) =>
            `<Part><PartNumber>${number}</PartNumber><ETag>${String(etag).replaceAll('"', '&quot;')}</ETag></Part>`,
        )
        .join('')}</CompleteMultipartUpload>`,
    });

  it('has the CRC-64 of the whole, and its bytes at any place', async () => {
    const whole = randomBytes(350_000);
    const uploadId = await begin('whole');
    const etags: unknown[] = [];
    for (let index = 0; index < 3; index++) {
      const reply = await part(
        'whole',
        uploadId,
        index + 1,
        whole.subarray(index * 120_000, (index + 1) * 120_000),
      );
      etags.push(reply.headers.etag);
    }
    expect(code(await send('GET', '/whole'))).toEqual([404, 'NoSuchKey']);
    const done = await complete(
      'whole',
      uploadId,
      etags.map((etag, index) => [index + 1, etag] as const),
    );
    expect(done.status).toBe(200);
    const put = await send('PUT', '/at-once', { body: whole });
    expect(done.headers['x-oss-hash-crc64ecma']).toBe(put.headers['x-oss-hash-crc64ecma']);
    for (const [from, to] of [
      [0, 349_999],
      [119_999, 120_000],
      [100, 300_000],
      [240_000, 349_999],
    ] as const) {
      const { content } = await as().get('whole', undefined, { headers: { Range: `bytes=${from}-${to}` } });
      expect((content as Buffer).equals(whole.subarray(from, to + 1))).toBe(true);
    }
    expect(code(await part('whole', uploadId, 1, 'late'))).toEqual([404, 'NoSuchUpload']);
  });

  it('refuses what does not fit together', async () => {
    const uploadId = await begin('a');
    const { headers } = await part('a', uploadId, 1, 'small');
    const { headers: second } = await part('a', uploadId, 2, 'last');
    expect(code(await complete('a', uploadId, []))).toEqual([400, 'MalformedXML']);
    expect(code(await complete('a', uploadId, [[1, '"0"']]))).toEqual([400, 'InvalidPart']);
    expect(code(await complete('a', uploadId, [[3, headers.etag]]))).toEqual([400, 'InvalidPart']);
    expect(
      code(
        await complete('a', uploadId, [
          [2, second.etag],
          [1, headers.etag],
        ]),
      ),
    ).toEqual([400, 'InvalidPartOrder']);
    expect(
      code(
        await complete('a', uploadId, [
          [1, headers.etag],
          [2, second.etag],
        ]),
      ),
    ).toEqual([400, 'EntityTooSmall']);
    expect(code(await complete('b', uploadId, [[1, headers.etag]]))).toEqual([404, 'NoSuchUpload']);
    expect(code(await part('a', uploadId, 0, 'x'))).toEqual([400, 'InvalidArgument']);
    expect(code(await part('a', uploadId, 10_001, 'x'))).toEqual([400, 'InvalidArgument']);
    expect((await complete('a', uploadId, [[2, second.etag]])).status).toBe(200);
    expect((await send('GET', '/a')).text).toBe('last');
  });

  it('aborts, and keeps the bucket until then', async () => {
    const uploadId = await begin('a');
    expect(code(await send('DELETE', '/'))).toEqual([409, 'BucketNotEmpty']);
    expect((await send('DELETE', `/a?uploadId=${uploadId}`)).status).toBe(204);
    expect(code(await part('a', uploadId, 1, 'x'))).toEqual([404, 'NoSuchUpload']);
    expect((await send('DELETE', '/')).status).toBe(204);
  });

  it('pages through uploads and parts', async () => {
    const ids = [await begin('k'), await begin('k'), await begin('m')];
    const seen: string[] = [];
    let marker = {};
    for (;;) {
      const page = (await as().listUploads({ 'max-uploads': 1, ...marker })) as unknown as {
        uploads: { uploadId: string }[];
        isTruncated: boolean;
        nextKeyMarker: string;
        nextUploadIdMarker: string;
      };
      seen.push(...page.uploads.map(({ uploadId }) => uploadId));
      if (!page.isTruncated) break;
      marker = { 'key-marker': page.nextKeyMarker, 'upload-id-marker': page.nextUploadIdMarker };
    }
    expect(seen.sort()).toEqual([...ids].sort());
    for (const number of [3, 1, 2]) await part('m', ids[2] ?? '', number, `part ${number}`);
    const first = (await as().listParts('m', ids[2] ?? '', { 'max-parts': 2 } as never)) as unknown as {
      parts: { PartNumber: string }[];
      nextPartNumberMarker: string;
    };
    expect(first.parts.map(({ PartNumber }) => PartNumber)).toEqual(['1', '2']);
    expect(first.nextPartNumberMarker).toBe('2');
  });
});

describe('faults', () => {
  it('cut an object in half', async () => {
    await send('PUT', '/big', { body: Buffer.alloc(200_000) });
    cloud.faults.inject({ service: 'oss', operation: 'GetObject', kind: 'truncate', times: 1 });
    await expect(as().get('big')).rejects.toThrow();
    expect((await as().get('big')).res.status).toBe(200);
  });

  it('cut a connection at a byte, either way', async () => {
    await send('PUT', '/big', { body: Buffer.alloc(200_000) });
    cloud.faults.inject({
      service: 'oss',
      operation: 'GetObject',
      kind: 'truncate',
      afterBytes: 1234,
      times: 1,
    });
    const response = await new Promise<IncomingMessage>((resolve) =>
      signed('GET', '/big').on('response', resolve).end(),
    );
    let received = 0;
    response.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    await expect(once(response, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(received).toBe(1234);
    cloud.faults.inject({
      service: 'oss',
      operation: 'GetObject',
      kind: 'reset',
      afterBytes: 100_000,
      times: 1,
    });
    await expect(as().get('big')).rejects.toThrow();
    cloud.faults.inject({
      service: 'oss',
      operation: 'PutObject',
      kind: 'reset',
      afterBytes: 100_000,
      times: 1,
    });
    await expect(send('PUT', '/new', { body: Buffer.alloc(200_000) })).rejects.toThrow(
      /ECONNRESET|EPIPE|hang up/,
    );
    expect((await send('GET', '/new')).status).toBe(404);
    expect((await send('GET', '/big')).text.length).toBe(200_000);
  });

  it('throttle, fail, reset and expire', async () => {
    cloud.faults.inject({ service: 'oss', kind: 'throttle', times: 1 });
    expect(code(await send('GET', '/a'))).toEqual([503, 'SlowDown']);
    cloud.faults.inject({ service: 'oss', kind: 'error', status: 500, times: 1 });
    expect(code(await send('GET', '/a'))).toEqual([500, 'InternalError']);
    cloud.faults.inject({ service: 'oss', kind: 'expired-credential', times: 1 });
    expect(code(await send('GET', '/a'))).toEqual([403, 'SecurityTokenExpired']);
    cloud.faults.inject({ service: 'oss', kind: 'reset', times: 1 });
    await expect(send('GET', '/a')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(code(await send('GET', '/a'))).toEqual([404, 'NoSuchKey']);
  });
});

describe('what is not to be read', () => {
  it.each([
    ['PATCH', '/a', 405, 'MethodNotAllowed'],
    ['POST', '/a', 405, 'MethodNotAllowed'],
    ['GET', '/a?x-oss-process=image/resize,w_100', 501, 'NotImplemented'],
    ['PUT', '/?lifecycle', 501, 'NotImplemented'],
    ['GET', '/?max-keys=0', 400, 'InvalidArgument'],
    ['GET', '/?max-keys=1001', 400, 'InvalidArgument'],
    ['GET', '/?max-keys=x', 400, 'InvalidArgument'],
    ['GET', '/?encoding-type=base64', 400, 'InvalidArgument'],
    ['GET', '/?list-type=2&continuation-token=!', 400, 'InvalidArgument'],
    ['POST', '/?delete', 400, 'MalformedXML'],
  ])('%s %s: %d %s', async (method, path, status, expected) => {
    expect(code(await send(method, path))).toEqual([status, expected]);
  });
});

describe('the files of objects', () => {
  it('go when their objects go, and all with the cloud', async () => {
    const before = new Set(readdirSync(tmpdir()));
    const own = await startLocalCloud({ seed });
    const client = as('administrator', { endpoint: own.endpoints.oss });
    await client.put('big', Buffer.alloc(1_000_000));
    const made = readdirSync(tmpdir()).filter(
      (name) => !before.has(name) && name.startsWith('yunseal-local-cloud-'),
    );
    const folders = made.map((name) => join(tmpdir(), name, 'oss')).filter(existsSync);
    const files = () => folders.flatMap((folder) => readdirSync(folder));
    expect(files().length).toBeGreaterThanOrEqual(1);
    const count = files().length;
    await client.copy('copy', 'big');
    expect(files().length).toBe(count + 1);
    await client.delete('big');
    await expect.poll(() => files().length).toBe(count);
    expect((await client.get('copy')).res.status).toBe(200);
    await client.put('copy', Buffer.from('small'));
    await expect.poll(() => files().length).toBe(count - 1);
    // Who reads an object reads it to its end, though it is deleted meanwhile; who leaves holds nothing back.
    const large = randomBytes(5_000_000);
    for (const leaves of [false, true]) {
      await client.put('read', large);
      const before = files().length;
      const { stream } = await client.getStream('read');
      await once(stream as Readable, 'readable');
      await client.delete('read');
      if (leaves) (stream as Readable).destroy();
      else expect((await buffer(stream as Readable)).equals(large)).toBe(true);
      await expect.poll(() => files().length).toBe(before - 1);
    }
    await own.close();
    expect(folders.filter(existsSync)).toEqual([]);
  });

  it('outlive the process where there is a data directory', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'oss-durable-'));
    try {
      const contents = new Map(['', 'small', 'x'.repeat(200_000)].map((text, index) => [`k${index}`, text]));
      const first = await startLocalCloud({ seed, dataDir });
      let client = as('administrator', { endpoint: first.endpoints.oss });
      for (const [key, text] of contents) await client.put(key, Buffer.from(text));
      await client.append('log', Buffer.from('one,'));
      await client.append('log', Buffer.from('two'), { position: '4' });
      await client.put('gone', Buffer.from('x'));
      await client.delete('gone');
      await first.close();
      const second = await startLocalCloud({ seed, dataDir });
      client = as('administrator', { endpoint: second.endpoints.oss });
      for (const [key, text] of contents)
        expect(((await client.get(key)).content as Buffer).toString()).toBe(text);
      expect(((await client.get('log')).content as Buffer).toString()).toBe('one,two');
      const { objects } = await client.list({ 'max-keys': 10 }, {});
      expect(objects.map(({ name }) => name)).toEqual(['k0', 'k1', 'k2', 'log']);
      // One file each of two objects, two of the appended one; what was deleted or is empty has none.
      expect(readdirSync(join(dataDir, 'oss')).length).toBe(4);
      await second.close();
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
