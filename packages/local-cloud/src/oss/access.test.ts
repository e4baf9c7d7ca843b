import {
  allow,
  bucketPolicy,
  deny,
  type PolicyDocument,
  policy,
  service,
  trustPolicy,
  uid,
} from '@yunseal/policy-builder';
import AliOss from 'ali-oss';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../index.ts';
import type { Snapshot } from '../store/store.ts';

const account = '1000000000000001';
const other = '2000000000000002';
let cloud: LocalCloud;
let start: Snapshot;

beforeAll(async () => {
  const user = (name: string, ...policies: (string | PolicyDocument)[]) => ({
    name,
    accessKeys: [{ id: `${name}-key`, secret: `${name}-secret` }],
    policies: policies as (string | { [element: string]: unknown })[],
  });
  cloud = await startLocalCloud({
    seed: {
      accounts: [
        {
          id: account,
          rootAccessKey: { id: 'root-key', secret: 'root-secret' },
          users: [
            user('administrator', 'AdministratorAccess'),
            user(
              'reader',
              policy(
                allow('oss:GetObject').on('acs:oss:*:*:own/public/*'),
                allow('oss:ListObjects')
                  .on('acs:oss:*:*:own')
                  .when('StringLike', { 'oss:Prefix': 'public/*' }),
              ),
            ),
            user('regional', policy(allow('oss:GetObject').on(`acs:oss:oss-cn-hangzhou:${account}:own/*`))),
            user(
              'denied',
              policy(allow('oss:*').on('*'), deny('oss:GetObject').on('acs:oss:*:*:own/secret')),
            ),
            user('nobody'),
          ],
          roles: [
            {
              name: 'instance-role',
              trustPolicy: { ...trustPolicy(allow('sts:AssumeRole').to(service('ecs.aliyuncs.com'))) },
              policies: [{ ...policy(allow('oss:GetObject').on('acs:oss:*:*:own/public/*')) }],
            },
          ],
          instances: [{ role: 'instance-role' }],
          buckets: [
            { name: 'own' },
            { name: 'open', acl: 'public-read' },
            { name: 'north', region: 'cn-beijing' },
          ],
        },
        {
          id: other,
          rootAccessKey: { id: 'other-root-key', secret: 'other-root-secret' },
          users: [user('stranger', 'AdministratorAccess')],
        },
      ],
    },
  });
  for (const [bucket, key] of [
    ['own', 'public/a'],
    ['own', 'secret'],
    ['open', 'a'],
  ] as const) {
    await as('administrator', bucket).put(key, Buffer.from(key));
  }
  start = cloud.snapshot();
});
afterAll(() => cloud.close());
beforeEach(() => cloud.reset(start));

/** The names that ListBuckets gives; the client's declarations have it otherwise. */
async function bucketNames(client: AliOss): Promise<string[]> {
  const { buckets } = (await client.listBuckets({})) as unknown as { buckets: { name: string }[] | null };
  return (buckets ?? []).map(({ name }) => name);
}

function as(name: string, bucket = 'own'): AliOss {
  return new AliOss({
    accessKeyId: `${name}-key`,
    accessKeySecret: `${name}-secret`,
    endpoint: cloud.endpoints.oss,
    region: 'oss-cn-hangzhou',
    bucket,
  });
}

const refused = { code: 'AccessDenied', status: 403 };

describe('RAM', () => {
  it('lets a user do what a policy grants on the very object, and no more', async () => {
    expect(((await as('reader').get('public/a')).content as Buffer).toString()).toBe('public/a');
    await expect(as('reader').get('secret')).rejects.toMatchObject(refused);
    await expect(as('reader').put('public/b', Buffer.from('x'))).rejects.toMatchObject(refused);
    await expect(as('nobody').get('public/a')).rejects.toMatchObject(refused);
  });

  it('gives conditions the prefix of a listing', async () => {
    const { objects } = await as('reader').list({ prefix: 'public/', 'max-keys': 10 }, {});
    expect(objects.map(({ name }) => name)).toEqual(['public/a']);
    await expect(as('reader').list({ 'max-keys': 10 }, {})).rejects.toMatchObject(refused);
  });

  it('knows resources of a region', async () => {
    expect((await as('regional').get('secret')).res.status).toBe(200);
  });

  it('tells of no object to who may not read it', async () => {
    await expect(as('nobody').get('missing')).rejects.toMatchObject(refused);
    await expect(as('administrator').get('missing')).rejects.toMatchObject({ code: 'NoSuchKey' });
  });

  it('needs leave to read the source of a copy and to write its target', async () => {
    await expect(as('reader').copy('public/copy', 'public/a')).rejects.toMatchObject(refused);
    await expect(as('denied').copy('copy', 'secret')).rejects.toMatchObject(refused);
    expect((await as('denied').copy('copy', 'public/a')).res.status).toBe(200);
  });

  it('deletes nothing of many unless all may be deleted', async () => {
    await expect(as('reader').deleteMulti(['public/a', 'secret'])).rejects.toMatchObject(refused);
    expect((await as('administrator').head('public/a')).status).toBe(200);
  });

  it('lets a Deny outrank an Allow, and stop the root of the account at nothing', async () => {
    await expect(as('denied').get('secret')).rejects.toMatchObject(refused);
    expect((await as('root').get('secret')).res.status).toBe(200);
  });

  it('says in the answer and in the audit log what was asked and refused', async () => {
    const error = await as('nobody')
      .get('secret')
      .catch((caught: { requestId: string }) => caught);
    const event = cloud.auditLog().at(-1);
    expect(event).toMatchObject({
      eventName: 'GetObject',
      serviceName: 'Oss',
      requestId: (error as { requestId: string }).requestId,
      errorCode: 'AccessDenied',
      userIdentity: { type: 'ram-user', accountId: account, userName: 'nobody' },
      additionalEventData: {
        decisions: [
          {
            action: 'oss:GetObject',
            resource: `acs:oss:oss-cn-hangzhou:${account}:own/secret`,
            decision: 'ImplicitDeny',
          },
        ],
      },
    });
    const document = await fetch(`${cloud.endpoints.oss}/own/secret`);
    expect(document.status).toBe(403);
    expect(await document.text()).toContain('<AuthAction>oss:GetObject</AuthAction>');
  });
});

describe('temporary credentials', () => {
  const session = async () => {
    const url = `${cloud.endpoints.imds}/latest/meta-data/ram/security-credentials/instance-role`;
    return (await (await fetch(url)).json()) as {
      AccessKeyId: string;
      AccessKeySecret: string;
      SecurityToken: string;
    };
  };
  const withToken = (
    { AccessKeyId, AccessKeySecret }: { AccessKeyId: string; AccessKeySecret: string },
    stsToken: string | undefined,
    authorizationV4: boolean,
  ) =>
    new AliOss({
      accessKeyId: AccessKeyId,
      accessKeySecret: AccessKeySecret,
      ...(stsToken === undefined ? {} : { stsToken, refreshSTSTokenInterval: 1e9 }),
      endpoint: cloud.endpoints.oss,
      region: 'oss-cn-hangzhou',
      bucket: 'own',
      authorizationV4,
    } as AliOss.Options);

  it.each([false, true])(
    'are good with their token, for what the role may, until they expire (V4: %s)',
    async (v4) => {
      const credentials = await session();
      const client = withToken(credentials, credentials.SecurityToken, v4);
      expect((await client.get('public/a')).res.status).toBe(200);
      await expect(client.get('secret')).rejects.toMatchObject(refused);
      await expect(withToken(credentials, undefined, v4).get('public/a')).rejects.toMatchObject({
        code: 'InvalidAccessKeyId',
      });
      await expect(withToken(credentials, 'another-token', v4).get('public/a')).rejects.toMatchObject({
        code: 'InvalidSecurityToken',
      });
      cloud.clock.advance(7 * 3_600_000);
      try {
        await expect(client.get('public/a')).rejects.toMatchObject({
          code: 'SecurityTokenExpired',
          status: 403,
        });
      } finally {
        cloud.clock.advance(-7 * 3_600_000);
      }
    },
  );
});

describe('other accounts', () => {
  it('are let in by no policy of their own', async () => {
    for (const name of ['stranger', 'other-root']) {
      await expect(as(name).get('public/a')).rejects.toMatchObject(refused);
      await expect(as(name).list({ 'max-keys': 1 }, {})).rejects.toMatchObject(refused);
    }
    expect(await bucketNames(as('stranger'))).toEqual([]);
    await expect(as('stranger').putBucket('own')).rejects.toMatchObject({
      code: 'BucketAlreadyExists',
      status: 409,
    });
  });

  it('are let in by the bucket policy', async () => {
    const document = bucketPolicy(allow('oss:GetObject').on('acs:oss:*:*:own/public/*').to(uid(other)));
    await as('administrator').putBucketPolicy('own', document as unknown as AliOss.BucketPolicy);
    expect((await as('other-root').get('public/a')).res.status).toBe(200);
    await expect(as('other-root').get('secret')).rejects.toMatchObject(refused);
    await expect(as('stranger').get('public/a')).rejects.toMatchObject(refused);
  });
});

describe('bucket policies', () => {
  it('grant what RAM is silent on, and refuse what RAM grants', async () => {
    const document = {
      Version: '1',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['oss:GetObject'],
          Principal: ['*'],
          Resource: ['acs:oss:*:*:own/public/*'],
        },
        {
          Effect: 'Deny',
          Action: ['oss:PutObject'],
          Principal: ['*'],
          Resource: ['acs:oss:*:*:own/*'],
          Condition: { StringNotEquals: { 'acs:SourceIp': ['10.0.0.1'] } },
        },
      ],
    };
    await as('administrator').putBucketPolicy('own', document as unknown as AliOss.BucketPolicy);
    expect((await as('nobody').get('public/a')).res.status).toBe(200);
    expect((await fetch(`${cloud.endpoints.oss}/own/public/a`)).status).toBe(200);
    await expect(as('administrator').put('public/b', Buffer.from('x'))).rejects.toMatchObject(refused);
  });

  it('are refused with what is wrong with them', async () => {
    const put = (document: object) =>
      as('administrator').putBucketPolicy('own', document as unknown as AliOss.BucketPolicy);
    await expect(put({ Version: '1', Statement: [{ Effect: 'Allow' }] })).rejects.toMatchObject({
      code: 'InvalidPolicyDocument',
    });
    await expect(
      put({ Version: '1', Statement: [{ Effect: 'Allow', Action: ['oss:*'], Resource: ['*'] }] }),
    ).rejects.toMatchObject({ code: 'InvalidPolicyDocument', message: expect.stringContaining('Principal') });
    expect(await as('administrator').getBucketPolicy('own')).toMatchObject({ status: 404, policy: null });
  });
});

describe('ACLs', () => {
  it('open the objects of a public-read bucket to everybody, not its listing and not for writing', async () => {
    expect(await (await fetch(`${cloud.endpoints.oss}/open/a`)).text()).toBe('a');
    expect((await as('stranger', 'open').get('a')).res.status).toBe(200);
    expect((await fetch(`${cloud.endpoints.oss}/open/`)).status).toBe(403);
    expect((await fetch(`${cloud.endpoints.oss}/open/b`, { method: 'PUT', body: 'x' })).status).toBe(403);
  });

  it('of an object outrank the ACL of its bucket', async () => {
    await as('administrator', 'open').putACL('a', 'private');
    expect((await fetch(`${cloud.endpoints.oss}/open/a`)).status).toBe(403);
    await as('administrator', 'own').putACL('secret', 'public-read');
    expect((await fetch(`${cloud.endpoints.oss}/own/secret`)).status).toBe(200);
  });

  it('public-read-write: everybody may write', async () => {
    await as('administrator').putBucketACL('own', 'public-read-write');
    expect((await fetch(`${cloud.endpoints.oss}/own/new`, { method: 'PUT', body: 'x' })).status).toBe(200);
    expect((await fetch(`${cloud.endpoints.oss}/own/new`, { method: 'DELETE' })).status).toBe(204);
  });

  it('do not let anonymous requests list buckets, make one, or choose response headers', async () => {
    expect((await fetch(cloud.endpoints.oss)).status).toBe(403);
    expect((await fetch(`${cloud.endpoints.oss}/mine`, { method: 'PUT' })).status).toBe(403);
    expect((await fetch(`${cloud.endpoints.oss}/open/a?response-content-type=text/html`)).status).toBe(403);
  });
});

describe('regions', () => {
  const at = (endpoint: string, region: string, authorizationV4: boolean) =>
    new AliOss({
      accessKeyId: 'administrator-key',
      accessKeySecret: 'administrator-secret',
      endpoint,
      region: `oss-${region}`,
      bucket: 'north',
      authorizationV4,
    } as AliOss.Options);

  it('are all served at the shared endpoint, where version 4 must sign for the right one', async () => {
    const { oss } = cloud.endpoints;
    await at(oss, 'cn-hangzhou', false).put('a', Buffer.from('x'));
    expect((await at(oss, 'cn-beijing', true).get('a')).res.status).toBe(200);
    await expect(at(oss, 'cn-hangzhou', true).get('a')).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining('cn-beijing'),
    });
    await at(oss, 'cn-beijing', true).putBucket('made-in-beijing');
    const { bucket } = (await at(oss, 'cn-beijing', true).getBucketInfo('made-in-beijing')) as {
      bucket: { Location: string };
    };
    expect(bucket.Location).toBe('oss-cn-beijing');
  });

  it('have endpoints of their own, which serve no other', async () => {
    const [north, east] = await Promise.all([
      cloud.endpointOf('oss', 'cn-beijing'),
      cloud.endpointOf('oss', 'cn-hangzhou'),
    ]);
    await at(north, 'cn-beijing', true).put('a', Buffer.from('x'));
    await expect(at(east, 'cn-beijing', false).get('a')).rejects.toMatchObject({
      code: 'AccessDenied',
      message: expect.stringContaining('specified endpoint'),
    });
  });
});

describe('snapshots', () => {
  it('bring back buckets, objects and their bytes', async () => {
    const big = Buffer.alloc(300_000, 'big');
    await as('administrator').put('big', big);
    const snapshot = cloud.snapshot();
    await as('administrator').put('big', Buffer.from('small'));
    await as('administrator').delete('public/a');
    await as('administrator').putBucket('another');
    cloud.reset(snapshot);
    expect(((await as('administrator').get('big')).content as Buffer).equals(big)).toBe(true);
    const { objects } = await as('administrator').list({ 'max-keys': 10 }, {});
    expect(objects.map(({ name }) => name)).toEqual(['big', 'public/a', 'secret']);
    expect(await bucketNames(as('administrator'))).toEqual(['north', 'open', 'own']);
  });
});
