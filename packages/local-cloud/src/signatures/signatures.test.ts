import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalCloud } from '../local-cloud.ts';
import { startLocalCloud } from '../start.ts';
import { codeOf, kmsCaller, ramClient, stsClient } from '../test-support/official-clients.ts';
import { createNonces } from './nonces.ts';
import { rpcSignature, rpcStringToSign } from './rpc.ts';
import { parseTimestamp } from './timestamp.ts';

it("signs the documentation's example as the documentation does", () => {
  // KMS documentation, "Signature": CreateKey with the secret `testsecret`.
  const parameters = new Map(
    Object.entries({
      Action: 'CreateKey',
      SignatureVersion: '1.0',
      Format: 'json',
      Version: '2016-01-20',
      AccessKeyId: 'testid',
      SignatureMethod: 'HMAC-SHA1',
      Timestamp: '2016-03-28T03:13:08Z',
    }),
  );
  const documented =
    'GET&%2F&AccessKeyId%3Dtestid&Action%3DCreateKey&Format%3Djson&SignatureMethod%3DHMAC-SHA1&SignatureVersion%3D1.0&Timestamp%3D2016-03-28T03%253A13%253A08Z&Version%3D2016-01-20';
  expect(rpcSignature(documented, 'testsecret')).toBe('s/OdVWMTmNGagvWlljdAJ7Itsew=');
  // Its string to sign leaves the separators of the parameters bare; by its own rules, and in every SDK, they are
  // encoded a second time as the rest is.
  const [method, path, ...query] = documented.split('&');
  expect(rpcStringToSign('GET', parameters)).toBe(`${method}&${path}&${query.join('%26')}`);
});

it('reads timestamps of the documented form alone', () => {
  expect(parseTimestamp('2016-03-28T03:13:08Z')).toBe(Date.UTC(2016, 2, 28, 3, 13, 8));
  for (const text of ['2016-03-28 03:13:08', '2016-03-28T03:13:08', '2016-13-28T03:13:08Z', '1459134788', ''])
    expect(parseTimestamp(text)).toBeUndefined();
});

it('remembers nonces for each key', () => {
  const nonces = createNonces();
  expect([nonces.use('a', 'n'), nonces.use('a', 'n'), nonces.use('b', 'n'), nonces.use('a', 'm')]).toEqual([
    true,
    false,
    true,
    true,
  ]);
});

describe('a request', () => {
  let cloud: LocalCloud;
  beforeAll(async () => {
    cloud = await startLocalCloud();
  });
  afterAll(() => cloud.close());

  /** Signs with what is given, and lets the test say what is sent instead. */
  const send = async (
    options: {
      at?: number;
      nonce?: string;
      secret?: string;
      change?: (parameters: URLSearchParams) => void;
    } = {},
  ): Promise<{ status: number; Code?: string; Message?: string }> => {
    const { accessKeyId, accessKeySecret } = cloud.administrator;
    const parameters = new Map<string, string>([
      ['Action', 'ListKeys'],
      ['Version', '2016-01-20'],
      ['Format', 'JSON'],
      ['AccessKeyId', accessKeyId],
      ['SignatureMethod', 'HMAC-SHA1'],
      ['SignatureVersion', '1.0'],
      ['SignatureNonce', options.nonce ?? randomUUID()],
      ['Timestamp', `${new Date(options.at ?? Date.now()).toISOString().slice(0, 19)}Z`],
    ]);
    const signature = rpcSignature(rpcStringToSign('GET', parameters), options.secret ?? accessKeySecret);
    const query = new URLSearchParams([...parameters, ['Signature', signature]]);
    options.change?.(query);
    const answer = await fetch(`${cloud.endpoints.kms}/?${query}`);
    return { status: answer.status, ...((await answer.json()) as object) };
  };

  it('is answered when it is signed well', async () => {
    expect(await send()).toMatchObject({ status: 200, TotalCount: 0 });
  });

  it('is answered in XML when it asks for it', async () => {
    const { accessKeyId, accessKeySecret } = cloud.administrator;
    for (const [secret, text] of [
      [
        accessKeySecret,
        /^<\?xml [^>]*><KMS><PageNumber>1<\/PageNumber>.*<RequestId>[0-9A-F-]{36}<\/RequestId><\/KMS>$/,
      ],
      ['wrong', /^<\?xml [^>]*><Error>.*<Code>SignatureDoesNotMatch<\/Code>.*<\/Error>$/],
    ] as const) {
      const parameters = new Map<string, string>([
        ['Action', 'ListKeys'],
        ['Version', '2016-01-20'],
        ['Format', 'XML'],
        ['AccessKeyId', accessKeyId],
        ['SignatureNonce', randomUUID()],
        ['Timestamp', `${new Date().toISOString().slice(0, 19)}Z`],
      ]);
      const Signature = rpcSignature(rpcStringToSign('GET', parameters), secret);
      const answer = await fetch(
        `${cloud.endpoints.kms}/?${new URLSearchParams([...parameters, ['Signature', Signature]])}`,
      );
      expect(await answer.text()).toMatch(text);
    }
  });

  it.each([
    ['a wrong secret', { secret: 'wrong' }, 400, 'SignatureDoesNotMatch'],
    [
      'a changed parameter',
      { change: (q: URLSearchParams) => q.set('PageSize', '7') },
      400,
      'SignatureDoesNotMatch',
    ],
    [
      'a changed action',
      { change: (q: URLSearchParams) => q.set('Action', 'ListAliases') },
      400,
      'SignatureDoesNotMatch',
    ],
    [
      'an unknown key',
      { change: (q: URLSearchParams) => q.set('AccessKeyId', 'LTAInobody') },
      404,
      'InvalidAccessKeyId.NotFound',
    ],
    [
      'a token that is nobody’s',
      { change: (q: URLSearchParams) => q.set('SecurityToken', 'x') },
      400,
      'InvalidSecurityToken.MismatchWithAccessKey',
    ],
    ['no signature', { change: (q: URLSearchParams) => q.delete('Signature') }, 400, 'MissingSignature'],
    [
      'no nonce',
      { change: (q: URLSearchParams) => q.delete('SignatureNonce') },
      400,
      'MissingSignatureNonce',
    ],
    ['an old timestamp', { at: Date.now() - 16 * 60_000 }, 400, 'InvalidTimeStamp.Expired'],
    ['a timestamp to come', { at: Date.now() + 16 * 60_000 }, 400, 'InvalidTimeStamp.Expired'],
    [
      'a timestamp of another form',
      { change: (q: URLSearchParams) => q.set('Timestamp', 'now') },
      400,
      'InvalidTimeStamp.Format',
    ],
    [
      'an unknown action',
      { change: (q: URLSearchParams) => q.set('Action', 'toString') },
      404,
      'InvalidAction.NotFound',
    ],
    [
      'another version',
      { change: (q: URLSearchParams) => q.set('Version', '2015-05-01') },
      400,
      'InvalidVersion',
    ],
    [
      'a parameter twice',
      { change: (q: URLSearchParams) => q.append('Version', '1') },
      400,
      'InvalidParameter',
    ],
  ])('with %s is refused', async (_what, options, status, Code) => {
    expect(await send(options)).toMatchObject({ status, Code });
  });

  it('is accepted within 15 minutes of the clock', async () => {
    expect(await send({ at: Date.now() - 14 * 60_000 })).toMatchObject({ status: 200 });
    expect(await send({ at: Date.now() + 14 * 60_000 })).toMatchObject({ status: 200 });
  });

  it('is accepted by the local time and by the real one when the clock was moved', async () => {
    cloud.clock.advance(5 * 3_600_000);
    expect(await send()).toMatchObject({ status: 200 });
    expect(await send({ at: cloud.clock.now() })).toMatchObject({ status: 200 });
    expect(await send({ at: Date.now() + 2 * 3_600_000 })).toMatchObject({
      Code: 'InvalidTimeStamp.Expired',
    });
    cloud.clock.set(Date.now());
  });

  it('is refused when it comes again, and only when it was accepted', async () => {
    const nonce = randomUUID();
    expect(await send({ nonce, secret: 'wrong' })).toMatchObject({ Code: 'SignatureDoesNotMatch' });
    expect(await send({ nonce })).toMatchObject({ status: 200 });
    expect(await send({ nonce })).toMatchObject({ status: 400, Code: 'SignatureNonceUsed' });
  });

  it('is told what was signed, but not its secrets', async () => {
    const { Message } = await send({ secret: 'wrong', change: (q) => q.set('Plaintext', 'c2VjcmV0IQ') });
    expect(Message).toContain('GET&%2F&AccessKeyId%3D');
    expect(Message).not.toContain('c2VjcmV0IQ');
  });

  it.each(['ACS3-HMAC-SHA256', 'ACS3-HMAC-SM3', 'v2'])('is accepted as %s', async (signatureAlgorithm) => {
    const { body } = await stsClient(cloud, undefined, { signatureAlgorithm }).getCallerIdentity();
    expect(body?.identityType).toBe('RAMUser');
  });

  it('is accepted with HMAC-SHA256 in version 1.0', async () => {
    const { accessKeyId, accessKeySecret } = cloud.administrator;
    const parameters = new Map<string, string>([
      ['Action', 'ListKeys'],
      ['Version', '2016-01-20'],
      ['AccessKeyId', accessKeyId],
      ['SignatureMethod', 'HMAC-SHA256'],
      ['SignatureNonce', randomUUID()],
      ['Timestamp', `${new Date().toISOString().slice(0, 19)}Z`],
    ]);
    const Signature = rpcSignature(rpcStringToSign('GET', parameters), accessKeySecret, 'HMAC-SHA256');
    const query = new URLSearchParams([...parameters, ['Signature', Signature]]);
    expect((await fetch(`${cloud.endpoints.kms}/?${query}`)).status).toBe(200);
    query.set('SignatureMethod', 'HMAC-SHA1');
    expect((await fetch(`${cloud.endpoints.kms}/?${query}`)).status).toBe(400);
  });

  it('of the ACS3 style is checked down to its body and its signed headers', async () => {
    const { accessKeyId } = cloud.administrator;
    const wrong = { accessKeyId, accessKeySecret: 'wrong' };
    expect(await codeOf(stsClient(cloud, wrong).getCallerIdentity())).toBe('SignatureDoesNotMatch');
    const { body } = await stsClient(cloud).getCallerIdentity();
    expect(body?.identityType).toBe('RAMUser');
    const ram = ramClient(cloud);
    const roleName = "role-with.odd_name*'()";
    expect(
      await codeOf(ram.getRole({ roleName, validate() {}, toMap: () => ({ RoleName: roleName }) } as never)),
    ).toBe('EntityNotExist.Role');
  });

  it('is understood as the official clients mean it, whatever its parameters hold', async () => {
    const kms = kmsCaller(cloud);
    const form = kmsCaller(cloud, undefined, { body: true });
    const { KeyId } = (await kms('CreateKey')).KeyMetadata as unknown as { KeyId: string };
    const ram = ramClient(cloud);
    const { CreateUserRequest } = await import('@alicloud/ram20150501');
    let users = 0;
    const text = fc.string({
      unit: fc.oneof(
        fc.constantFrom(...' +%&=~*!\'()/"\\'),
        fc.constant('é'),
        fc.constant('密'),
        fc.constant('𝄞'),
      ),
      minLength: 1,
    });
    await fc.assert(
      fc.asyncProperty(text, text, async (key, value) => {
        const EncryptionContext = JSON.stringify({ [key]: value });
        // Version 1.0, in the query and in a form.
        const { CiphertextBlob } = await kms('Encrypt', { KeyId, Plaintext: value, EncryptionContext });
        const opened = await form('Decrypt', { CiphertextBlob: CiphertextBlob as never, EncryptionContext });
        expect(opened.Plaintext).toBe(value);
        // ACS3.
        const { body } = await ram.createUser(
          new CreateUserRequest({ userName: `u${users++}`, comments: value }),
        );
        expect(body?.user?.comments).toBe(value);
      }),
      { numRuns: 40 },
    );
  });

  it('of a caller whose key was switched off is refused', async () => {
    const account = cloud.createAccount({ rootAccessKey: { id: 'LTAIroot', secret: 'root' } });
    const root = { accessKeyId: 'LTAIroot', accessKeySecret: 'root' };
    expect((await stsClient(cloud, root).getCallerIdentity()).body?.arn).toBe(
      `acs:ram::${account.accountId}:root`,
    );
    const { UpdateAccessKeyRequest } = await import('@alicloud/ram20150501');
    await ramClient(cloud, root).updateAccessKey(
      new UpdateAccessKeyRequest({
        userName: account.userName,
        userAccessKeyId: account.accessKeyId,
        status: 'Inactive',
      }),
    );
    expect(await codeOf(kmsCaller(cloud, account)('ListKeys'))).toBe('InvalidAccessKeyId.Inactive');
  });
});
