import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type StsStub, startStsStub } from '../test-support/sts-stub.ts';
import { accessKey } from './access-key.ts';
import { assumeRole } from './assume-role.ts';
import { stsToken } from './sts-token.ts';

const env = {};
const roleArn = 'acs:ram::1000000000000001:role/reader';
const source = accessKey({ accessKeyId: 'id', accessKeySecret: 'secret' });
const temporary = stsToken({ accessKeyId: 'STS.a', accessKeySecret: 'secret-a', securityToken: 'token/a+=' });
const callers = new Map([
  ['id', { secret: 'secret', token: '' }],
  ['STS.a', { secret: 'secret-a', token: 'token/a+=' }],
]);

let sts: StsStub;
beforeEach(async () => {
  sts = await startStsStub(callers);
});
afterEach(() => sts.close());

test('signs with an AccessKey, and hands out what STS answers', async () => {
  const provider = assumeRole({ source, roleArn, endpoint: sts.endpoint, env });
  const answers = await Promise.all(Array.from({ length: 100 }, () => provider.getCredentials()));
  expect(answers[0]).toMatchObject({
    accessKeyId: 'STS.role1',
    accessKeySecret: 'role-secret-1',
    securityToken: 'role-token-1',
    providerName: 'ram_role_arn/static_ak',
  });
  expect(sts.requests).toEqual([
    { RoleArn: roleArn, RoleSessionName: `yunseal-${process.pid}`, DurationSeconds: '3600' },
  ]);
});

test('signs with temporary credentials too, and roles chain', async () => {
  const first = assumeRole({ source: temporary, roleArn, endpoint: sts.endpoint, env });
  expect((await first.getCredentials()).providerName).toBe('ram_role_arn/static_sts');
  const second = await startStsStub(sts.issued);
  const chained = assumeRole({ source: first, roleArn, endpoint: second.endpoint, env });
  expect((await chained.getCredentials()).providerName).toBe('ram_role_arn/ram_role_arn/static_sts');
  await second.close();
});

test('passes every option on', async () => {
  const policy = { Version: '1', Statement: [{ Effect: 'Allow', Action: 'oss:GetObject', Resource: '*' }] };
  await assumeRole({
    source,
    roleArn,
    externalId: 'partner & co',
    policy,
    durationSeconds: 900,
    roleSessionName: 'nightly-backup',
    endpoint: sts.endpoint,
    env,
  }).getCredentials();
  expect(sts.requests[0]).toEqual({
    RoleArn: roleArn,
    RoleSessionName: 'nightly-backup',
    DurationSeconds: '900',
    Policy: JSON.stringify(policy),
    ExternalId: 'partner & co',
  });
});

test.each([-20 * 3_600_000, 20 * 3_600_000])(
  'a machine clock that is %d ms off costs one more request',
  async (offBy) => {
    const provider = assumeRole({
      source,
      roleArn,
      endpoint: sts.endpoint,
      env,
      now: () => Date.now() + offBy,
    });
    const credentials = await provider.getCredentials();
    expect(sts.requests.length).toBe(2);
    expect(await provider.getCredentials()).toBe(credentials);
    expect(sts.requests.length).toBe(2);
  },
);

describe('errors', () => {
  test('a refusal carries the code and the request id of STS', async () => {
    sts.fault = (response) => {
      response
        .writeHead(403)
        .end(JSON.stringify({ Code: 'NoPermission', Message: 'You are not authorized.', RequestId: 'B1' }));
      return true;
    };
    const provider = assumeRole({ source, roleArn, endpoint: sts.endpoint, env });
    await expect(provider.getCredentials()).rejects.toMatchObject({
      code: 'AssumeRoleFailed',
      stsCode: 'NoPermission',
      requestId: 'B1',
      status: 403,
      roleArn,
      message: `AssumeRole for ${roleArn} failed with NoPermission: You are not authorized. (request B1)`,
    });
    expect(sts.requests.length).toBe(1);
  });

  test('a wrong secret does not put the token into the error, although STS does', async () => {
    const wrong = stsToken({ accessKeyId: 'STS.a', accessKeySecret: 'wrong', securityToken: 'token/a+=' });
    const provider = assumeRole({ source: wrong, roleArn, endpoint: sts.endpoint, env });
    const error: unknown = await provider.getCredentials().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'AssumeRoleFailed', stsCode: 'SignatureDoesNotMatch' });
    expect(inspect(error, { depth: 9 })).not.toContain('token/a');
  });

  test('whatever STS repeats of the request, no secret gets into the error', async () => {
    sts.fault = (response) => {
      const Message = 'Bad token token/a+= signed with secret-a.';
      response.writeHead(400).end(JSON.stringify({ Code: 'InvalidSecurityToken', Message }));
      return true;
    };
    const provider = assumeRole({ source: temporary, roleArn, endpoint: sts.endpoint, env });
    await expect(provider.getCredentials()).rejects.toMatchObject({
      message: `AssumeRole for ${roleArn} failed with InvalidSecurityToken: Bad token [hidden] signed with [hidden].`,
      requestId: undefined,
    });
  });

  test('a gateway in between that answers in HTML', async () => {
    sts.fault = (response) => {
      response.writeHead(502).end('<html>Bad Gateway</html>');
      return true;
    };
    const provider = assumeRole({ source, roleArn, endpoint: sts.endpoint, env, maxAttempts: 1 });
    await expect(provider.getCredentials()).rejects.toMatchObject({
      code: 'UnexpectedStatus',
      status: 502,
      retryable: true,
    });
  });

  test('throttling is retried', async () => {
    let left = 2;
    sts.fault = (response) => {
      if (left === 0) return false;
      left -= 1;
      response.writeHead(400).end('{"Code":"Throttling.User","Message":"slow down","RequestId":"r"}');
      return true;
    };
    const provider = assumeRole({ source, roleArn, endpoint: sts.endpoint, env });
    expect((await provider.getCredentials()).accessKeyId).toBe('STS.role1');
    expect(sts.requests.length).toBe(3);
  });

  test('a malformed answer names the path', async () => {
    sts.fault = (response) => {
      response.end(
        '{"Credentials":{"AccessKeyId":"a","AccessKeySecret":"b","SecurityToken":"c","Expiration":"soon"}}',
      );
      return true;
    };
    const provider = assumeRole({ source, roleArn, endpoint: sts.endpoint, env, maxAttempts: 1 });
    await expect(provider.getCredentials()).rejects.toMatchObject({
      code: 'MalformedResponse',
      path: '$.Credentials.Expiration',
    });
  });

  test('nothing listens there', async () => {
    const provider = assumeRole({ source, roleArn, endpoint: 'http://127.0.0.1:1', env, maxAttempts: 1 });
    await expect(provider.getCredentials()).rejects.toMatchObject({ code: 'EndpointUnreachable' });
  });

  test.each([
    [{ roleArn: 'reader' }, /role ARN/],
    [{ roleSessionName: 'a b' }, /session name/],
    [{ durationSeconds: 60 }, /900/],
    [{ endpoint: 'http://[' }, /STS endpoint/],
    [{ endpoint: undefined, region: 'evil.example/' }, /region id/],
  ])('%o is refused at once', (option, message) => {
    expect(() => assumeRole({ source, roleArn, endpoint: sts.endpoint, env, ...option })).toThrow(message);
  });
});

test('the URL holds no parameter: it is what proxies and servers log', async () => {
  await assumeRole({ source: temporary, roleArn, endpoint: sts.endpoint, env }).getCredentials();
  expect(sts.headers[0]).toMatchObject({ 'x-acs-action': 'AssumeRole', 'x-acs-version': '2015-04-01' });
  expect(sts.headers[0]?.authorization).toMatch(
    /^ACS3-HMAC-SHA256 Credential=STS\.a,SignedHeaders=content-type;host;x-acs-/,
  );
});
