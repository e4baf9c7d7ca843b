import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import * as OssClientModule from '@alicloud/oss-client';
import { RuntimeOptions } from '@alicloud/oss-util';
import AliOss from 'ali-oss';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../index.ts';

// The module is CommonJS: under Node.js its class is the default export's default.
const { default: imported, ...oss } = OssClientModule;
const OssClient = (imported.default ?? imported) as typeof imported.default;
const runtime = new RuntimeOptions({});

const bucket = 'official-clients';
let cloud: LocalCloud;
let credentials: { accessKeyId: string; accessKeySecret: string };

beforeAll(async () => {
  cloud = await startLocalCloud({
    seed: {
      accounts: [
        {
          id: '1000000000000001',
          users: [
            {
              name: 'administrator',
              accessKeys: [{ id: 'admin-key', secret: 'admin-secret' }],
              policies: ['AdministratorAccess'],
            },
          ],
          buckets: [{ name: bucket }],
        },
      ],
    },
  });
  credentials = cloud.administrator;
});
afterAll(() => cloud.close());

const keys = [
  'plain.txt',
  'a/b/c',
  'with space',
  'ünï/çødé',
  'emoji-\u{1f600}',
  'odd+%&?#=!\'()*~$,;:@[]{}|^`<>"',
  'tab\tkey',
  'a//b',
  '%41',
];

/** Methods that the client has and its declarations lack. */
interface ObjectTags {
  putObjectTagging(name: string, tag: Record<string, string>): Promise<unknown>;
  getObjectTagging(name: string): Promise<{ tag: Record<string, string> }>;
  deleteObjectTagging(name: string): Promise<unknown>;
}

async function text(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

describe.each(['V1', 'V2'])('@alicloud/oss-client, signature %s', (signatureVersion) => {
  const client = () =>
    new OssClient(
      new oss.Config({
        accessKeyId: credentials.accessKeyId,
        accessKeySecret: credentials.accessKeySecret,
        endpoint: new URL(cloud.endpoints.oss).host,
        protocol: 'http',
        regionId: cloud.region,
        hostModel: 'ip',
        signatureVersion,
        isEnableCrc: true,
        isEnableMD5: true,
      }),
    );

  it('makes, describes and deletes a bucket', async () => {
    const bucketName = `made-${signatureVersion.toLowerCase()}`;
    await client().putBucket(
      new oss.PutBucketRequest({
        bucketName,
        body: new oss.PutBucketRequestBody({
          createBucketConfiguration: new oss.PutBucketRequestBodyCreateBucketConfiguration({
            storageClass: 'IA',
          }),
        }),
        header: new oss.PutBucketRequestHeader({ acl: 'public-read' }),
      }),
      runtime,
    );
    const { bucketInfo } = await client().getBucketInfo(
      new oss.GetBucketInfoRequest({ bucketName }),
      runtime,
    );
    expect(bucketInfo.bucket).toMatchObject({
      name: bucketName,
      storageClass: 'IA',
      location: 'oss-cn-hangzhou',
      accessControlList: { grant: 'public-read' },
      owner: { iD: '1000000000000001' },
    });
    await client().deleteBucket(new oss.DeleteBucketRequest({ bucketName }), runtime);
    await expect(
      client().getBucketInfo(new oss.GetBucketInfoRequest({ bucketName }), runtime),
    ).rejects.toMatchObject({
      code: 'NoSuchBucket',
      data: { httpCode: 404, requestId: expect.stringMatching(/^[0-9A-F]{24}$/) },
    });
  });

  it('puts, gets, ranges, heads, lists and deletes, with CRC-64 and MD5 compared', async () => {
    const objectName = `dir-${signatureVersion}/object.txt`;
    await client().putObject(
      new oss.PutObjectRequest({
        bucketName: bucket,
        objectName,
        body: Readable.from([Buffer.from('hello, '), Buffer.from('world')]),
        header: new oss.PutObjectRequestHeader({ contentType: 'text/x-test' }),
      }),
      runtime,
    );
    const whole = await client().getObject(
      new oss.GetObjectRequest({ bucketName: bucket, objectName }),
      runtime,
    );
    expect(await text(whole.body)).toBe('hello, world');
    const range = await client().getObject(
      new oss.GetObjectRequest({
        bucketName: bucket,
        objectName,
        header: new oss.GetObjectRequestHeader({ range: 'bytes=7-' }),
      }),
      runtime,
    );
    expect(await text(range.body)).toBe('world');
    const head = await client().headObject(
      new oss.HeadObjectRequest({ bucketName: bucket, objectName }),
      runtime,
    );
    expect(head).toMatchObject({
      objectType: 'Normal',
      contentMd5: createHash('md5').update('hello, world').digest('base64'),
      hashCrc64ecma: expect.stringMatching(/^\d+$/),
    });
    const { listBucketResult } = await client().getBucket(
      new oss.GetBucketRequest({
        bucketName: bucket,
        filter: new oss.GetBucketRequestFilter({ prefix: `dir-${signatureVersion}/`, maxKeys: '10' }),
      }),
      runtime,
    );
    expect(listBucketResult.contents).toEqual([expect.objectContaining({ key: objectName, size: '12' })]);
    await client().deleteObject(new oss.DeleteObjectRequest({ bucketName: bucket, objectName }), runtime);
    await expect(
      client().getObject(new oss.GetObjectRequest({ bucketName: bucket, objectName }), runtime),
    ).rejects.toMatchObject({ code: 'NoSuchKey' });
  });

  it('appends', async () => {
    const objectName = `log-${signatureVersion}`;
    const append = (position: string, body: string) =>
      client().appendObject(
        new oss.AppendObjectRequest({
          bucketName: bucket,
          objectName,
          body: Readable.from([Buffer.from(body)]),
          filter: new oss.AppendObjectRequestFilter({ position }),
          header: new oss.AppendObjectRequestHeader({ contentType: 'text/plain' }),
        }),
        runtime,
      );
    expect(await append('0', 'one,')).toMatchObject({ nextAppendPosition: '4' });
    await expect(append('0', 'two')).rejects.toMatchObject({ code: 'PositionNotEqualToLength' });
  });

  it('names what a wrong secret gets', async () => {
    const wrong = new OssClient(
      new oss.Config({
        accessKeyId: credentials.accessKeyId,
        accessKeySecret: 'wrong',
        endpoint: new URL(cloud.endpoints.oss).host,
        protocol: 'http',
        regionId: cloud.region,
        hostModel: 'ip',
        signatureVersion,
      }),
    );
    await expect(
      wrong.getObject(new oss.GetObjectRequest({ bucketName: bucket, objectName: 'x' }), runtime),
    ).rejects.toMatchObject({ code: 'SignatureDoesNotMatch', data: { httpCode: 403 } });
  });
});

describe('@alicloud/oss-client, multipart', () => {
  it('signs parts with V1 as OSS does not: `&partNumber=` for `?partNumber=`', async () => {
    const client = new OssClient(
      new oss.Config({
        ...credentials,
        endpoint: new URL(cloud.endpoints.oss).host,
        protocol: 'http',
        regionId: cloud.region,
        hostModel: 'ip',
        signatureVersion: 'V1',
      }),
    );
    const sent = client.uploadPart(
      new oss.UploadPartRequest({
        bucketName: bucket,
        objectName: 'part',
        body: Readable.from([Buffer.from('x')]),
        filter: new oss.UploadPartRequestFilter({ partNumber: '1', uploadId: 'any' }),
      }),
      runtime,
    );
    await expect(sent).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
  });

  it('uploads parts, lists them and completes', async () => {
    const client = new OssClient(
      new oss.Config({
        ...credentials,
        endpoint: new URL(cloud.endpoints.oss).host,
        protocol: 'http',
        regionId: cloud.region,
        hostModel: 'ip',
      }),
    );
    const objectName = 'multipart.bin';
    const parts = [randomBytes(150_000), randomBytes(70_000)];
    const { initiateMultipartUploadResult } = await client.initiateMultipartUpload(
      new oss.InitiateMultipartUploadRequest({
        bucketName: bucket,
        objectName,
        filter: new oss.InitiateMultipartUploadRequestFilter({}),
      }),
      runtime,
    );
    const { uploadId } = initiateMultipartUploadResult;
    for (const [index, part] of parts.entries()) {
      await client.uploadPart(
        new oss.UploadPartRequest({
          bucketName: bucket,
          objectName,
          body: Readable.from([part]),
          filter: new oss.UploadPartRequestFilter({ partNumber: String(index + 1), uploadId }),
        }),
        runtime,
      );
    }
    const { listPartsResult } = await client.listParts(
      new oss.ListPartsRequest({
        bucketName: bucket,
        objectName,
        filter: new oss.ListPartsRequestFilter({ uploadId }),
      }),
      runtime,
    );
    const listed = listPartsResult.part as unknown as { partNumber: string; size: string; eTag: string }[];
    expect(listed.map(({ partNumber, size }) => [partNumber, size])).toEqual([
      ['1', '150000'],
      ['2', '70000'],
    ]);
    await client.completeMultipartUpload(
      new oss.CompleteMultipartUploadRequest({
        bucketName: bucket,
        objectName,
        filter: new oss.CompleteMultipartUploadRequestFilter({ uploadId }),
        body: new oss.CompleteMultipartUploadRequestBody({
          completeMultipartUpload: new oss.CompleteMultipartUploadRequestBodyCompleteMultipartUpload({
            part: listed.map(
              ({ partNumber, eTag }) =>
                new oss.CompleteMultipartUploadRequestBodyCompleteMultipartUploadPart({ partNumber, eTag }),
            ),
          }),
        }),
      }),
      runtime,
    );
    const { body } = await client.getObject(
      new oss.GetObjectRequest({ bucketName: bucket, objectName }),
      runtime,
    );
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(Buffer.concat(parts))).toBe(true);
  });
});

describe.each([
  ['V1', 'virtual-host', false],
  ['V4', 'virtual-host', true],
] as const)('ali-oss, signature %s, %s style', (_version, _style, authorizationV4) => {
  const client = (options: object = {}) =>
    new AliOss({
      ...credentials,
      endpoint: cloud.endpoints.oss,
      region: `oss-${cloud.region}`,
      bucket,
      authorizationV4,
      ...options,
    } as AliOss.Options);
  const prefix = `ali-${authorizationV4 ? 'v4' : 'v1'}/`;

  it.each(keys)('keeps the key %j', async (key) => {
    const name = prefix + key;
    await client().put(name, Buffer.from(key));
    const { content, res } = await client().get(name);
    expect((content as Buffer).toString('utf8')).toBe(key);
    expect(res.headers).toMatchObject({ 'x-oss-object-type': 'Normal' });
    const { objects } = await client().listV2({ prefix: name, 'max-keys': '1000' }, {});
    if (!/[\t]/.test(key)) expect(objects.map((object) => object.name)).toContain(name);
    await client().delete(name);
    await expect(client().get(name)).rejects.toMatchObject({ code: 'NoSuchKey', status: 404 });
  });

  it('keeps user metadata and headers, and copies them or puts others in their place', async () => {
    const name = `${prefix}meta`;
    await client().put(name, Buffer.from('x'), {
      meta: { uid: 1, pid: 2 } as AliOss.UserMeta,
      headers: { 'Cache-Control': 'no-cache', 'Content-Disposition': 'attachment' },
      mime: 'text/x-test',
    });
    const { meta, res } = await client().head(name);
    expect(meta).toEqual({ uid: '1', pid: '2' });
    expect(res.headers).toMatchObject({
      'content-type': 'text/x-test',
      'cache-control': 'no-cache',
      'content-disposition': 'attachment',
    });
    await client().copy(`${name}-same`, name);
    expect((await client().head(`${name}-same`)).meta).toEqual({ uid: '1', pid: '2' });
    await client().copy(`${name}-other`, name, { meta: { uid: 9 } as AliOss.UserMeta });
    expect((await client().head(`${name}-other`)).meta).toEqual({ uid: '9' });
  });

  it('pages through a listing, by marker and by token', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `${prefix}page/${index}`);
    for (const name of names) await client().put(name, Buffer.from(name));
    const byMarker: string[] = [];
    let marker: string | undefined;
    do {
      const page = await client().list(
        { prefix: `${prefix}page/`, 'max-keys': 3, ...(marker ? { marker } : {}) },
        {},
      );
      byMarker.push(...page.objects.map((object) => object.name));
      marker = page.nextMarker ?? undefined;
    } while (marker !== undefined);
    const byToken: string[] = [];
    let token: string | undefined;
    do {
      const query: Record<string, string> = { prefix: `${prefix}page/`, 'max-keys': '3' };
      if (token !== undefined) query['continuation-token'] = token;
      const page = (await client().listV2(query, {})) as unknown as {
        objects: { name: string }[];
        nextContinuationToken: string | null;
      };
      byToken.push(...page.objects.map((object) => object.name));
      token = page.nextContinuationToken ?? undefined;
    } while (token !== undefined);
    expect(byMarker).toEqual(names);
    expect(byToken).toEqual(names);
    const grouped = await client().list({ prefix, delimiter: '/', 'max-keys': 1000 }, {});
    expect(grouped.prefixes).toContain(`${prefix}page/`);
    const { deleted } = (await client().deleteMulti(names)) as unknown as { deleted: { Key: string }[] };
    expect(deleted.map(({ Key }) => Key)).toEqual(names);
  });

  it('uploads in parts, resumably, and copies in parts', async () => {
    const name = `${prefix}parts`;
    const content = randomBytes(350_000);
    await client().multipartUpload(name, content as unknown as File, { partSize: 120_000, parallel: 3 });
    const { content: read, res } = await client().get(name);
    expect((read as Buffer).equals(content)).toBe(true);
    expect(res.headers).toMatchObject({
      'x-oss-object-type': 'Multipart',
      etag: expect.stringMatching(/^"[0-9A-F]{32}-3"$/),
    });
    await client().multipartUploadCopy(
      `${name}-copy`,
      { sourceKey: name, sourceBucketName: bucket } as AliOss.MultipartUploadCopySourceData,
      { partSize: 200_000 },
    );
    expect(((await client().get(`${name}-copy`)).content as Buffer).equals(content)).toBe(true);
    const { uploads } = await client().listUploads({ 'max-uploads': 10 });
    expect(uploads).toEqual([]);
  });

  it('appends', async () => {
    const name = `${prefix}append`;
    const first = await client().append(name, Buffer.from('one,'));
    expect(first.nextAppendPosition).toBe('4');
    await client().append(name, Buffer.from('two'), { position: '4' });
    const { content, res } = await client().get(name);
    expect((content as Buffer).toString()).toBe('one,two');
    expect(res.headers).toMatchObject({
      'x-oss-object-type': 'Appendable',
      'x-oss-next-append-position': '7',
    });
    await client().put(`${name}-normal`, Buffer.from('x'));
    await expect(
      client().append(`${name}-normal`, Buffer.from('y'), { position: '1' }),
    ).rejects.toMatchObject({
      code: 'ObjectNotAppendable',
    });
  });

  it('sets ACLs, tags and policies', async () => {
    const name = `${prefix}attributes`;
    await client().put(name, Buffer.from('x'));
    await client().putACL(name, 'public-read');
    expect((await client().getACL(name)).acl).toBe('public-read');
    const tags = client() as unknown as ObjectTags;
    await tags.putObjectTagging(name, { a: '1', b: '2 3' });
    expect((await tags.getObjectTagging(name)).tag).toEqual({ a: '1', b: '2 3' });
    await tags.deleteObjectTagging(name);
    const statement = {
      Effect: 'Allow',
      Action: ['oss:GetObject'],
      Principal: ['*'],
      Resource: [`acs:oss:*:*:${bucket}/${prefix}public/*`],
    };
    const policy = { Version: '1', Statement: [statement] };
    await client().putBucketPolicy(bucket, policy as unknown as AliOss.BucketPolicy);
    expect((await client().getBucketPolicy(bucket)).policy).toEqual(policy);
    await client().put(`${prefix}public/x`, Buffer.from('for everybody'));
    const anonymous = await fetch(`${cloud.endpoints.oss}/${bucket}/${prefix}public/x`);
    expect(await anonymous.text()).toBe('for everybody');
    await client().deleteBucketPolicy(bucket);
    expect((await fetch(`${cloud.endpoints.oss}/${bucket}/${prefix}public/x`)).status).toBe(403);
  });

  it('streams both ways', async () => {
    const name = `${prefix}stream`;
    const content = randomBytes(3_000_000);
    await client().putStream(
      name,
      Readable.from([content.subarray(0, 1_000_000), content.subarray(1_000_000)]),
    );
    const { stream } = await client().getStream(name);
    const hash = createHash('sha256');
    for await (const chunk of stream as Readable) hash.update(chunk as Buffer);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
  });
});

describe('presigned URLs of ali-oss', () => {
  // The client signs no URL for an IP address, so it signs for the public endpoint, and the test goes to the local one.
  const client = (authorizationV4: boolean) =>
    new AliOss({ ...credentials, region: `oss-${cloud.region}`, bucket, authorizationV4 } as AliOss.Options);
  const local = (url: string) => {
    const { pathname, search } = new URL(url);
    return `${cloud.endpoints.oss}/${bucket}${pathname}${search}`;
  };

  it('version 1: put and get, until they expire', async () => {
    const put = client(false).signatureUrl('presigned-v1', {
      method: 'PUT',
      'Content-Type': 'text/x-test',
    } as AliOss.SignatureUrlOptions);
    const sent = await fetch(local(put), {
      method: 'PUT',
      body: 'signed',
      headers: { 'content-type': 'text/x-test' },
    });
    expect(sent.status).toBe(200);
    const get = client(false).signatureUrl('presigned-v1', {
      expires: 600,
      response: { 'content-type': 'text/override' },
    });
    const received = await fetch(local(get));
    expect([received.headers.get('content-type'), await received.text()]).toEqual([
      'text/override',
      'signed',
    ]);
    cloud.clock.advance(601_000);
    try {
      const late = await fetch(local(get));
      expect([late.status, await late.text()]).toEqual([
        403,
        expect.stringContaining('<Message>Request has expired.</Message>'),
      ]);
    } finally {
      cloud.clock.advance(-601_000);
    }
  });

  it('version 4: put and get, until they expire', async () => {
    const v4 = client(true) as unknown as {
      signatureUrlV4(
        method: string,
        expires: number,
        request: object,
        name: string,
        additional?: string[],
      ): Promise<string>;
    };
    const name = 'presigned v4/ü+%.txt';
    const put = await v4.signatureUrlV4(
      'PUT',
      60,
      { headers: { 'content-type': 'text/x-test', host: 'x' } },
      name,
    );
    const sent = await fetch(local(put), {
      method: 'PUT',
      body: 'signed',
      headers: { 'content-type': 'text/x-test' },
    });
    expect([sent.status, await sent.text()]).toEqual([200, '']);
    const get = await v4.signatureUrlV4(
      'GET',
      600,
      { queries: { 'response-content-type': 'text/override' } },
      name,
    );
    const received = await fetch(local(get));
    expect([received.headers.get('content-type'), await received.text()]).toEqual([
      'text/override',
      'signed',
    ]);
    expect((await fetch(local(get.replace('x-oss-expires=600', 'x-oss-expires=601')))).status).toBe(403);
    cloud.clock.advance(601_000);
    try {
      expect((await fetch(local(get))).status).toBe(403);
    } finally {
      cloud.clock.advance(-601_000);
    }
  });

  it('are good for what they were signed for alone', async () => {
    const get = client(false).signatureUrl('presigned-v1', { expires: 600 });
    expect((await fetch(local(get), { method: 'DELETE' })).status).toBe(403);
    expect((await fetch(local(get).replace('presigned-v1', 'other'))).status).toBe(403);
  });
});
