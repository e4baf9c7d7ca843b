import { describe, expect, it } from 'vitest';
import { createClock } from '../../clock/clock.ts';
import { parseAddress } from '../address.ts';
import { readClaim } from './authentication.ts';
import type { SignedRequest } from './canonical.ts';

/** Requests that the official Go client's tests publish signatures of, for the AccessKey `ak` and its secret `sk`. */
const host = 'bucket.oss-cn-hangzhou.aliyuncs.com';
const parameters = '%2Bparam1=value3&%2Bparam2=&param1=value1&param2=&%7Cparam1=value4&%7Cparam2=';
const key = '1234%2B-/123/1.txt';

function request(method: string, target: string, headers: Record<string, string>, at = host): SignedRequest {
  return { method, address: parseAddress(target, at), headers };
}

const published: readonly (readonly [name: string, instant: string, request: SignedRequest])[] = [
  [
    'version 1, an object with metadata',
    '2022-12-28T10:27:41Z',
    request(
      'PUT',
      '/nelson',
      {
        'content-md5': 'eB5eJF1ptWaXm4bijSPyxw==',
        'content-type': 'text/html',
        'x-oss-meta-author': 'alice',
        'x-oss-meta-magic': 'abracadabra',
        'x-oss-date': 'Wed, 28 Dec 2022 10:27:41 GMT',
        authorization: 'OSS ak:kSHKmLxlyEAKtZPkJhG9bZb5k7M=',
      },
      'examplebucket.oss-cn-hangzhou.aliyuncs.com',
    ),
  ],
  [
    'version 1, a sub-resource',
    '2022-12-28T10:27:41Z',
    request(
      'PUT',
      '/nelson?acl',
      {
        'content-md5': 'eB5eJF1ptWaXm4bijSPyxw==',
        'content-type': 'text/html',
        'x-oss-meta-author': 'alice',
        'x-oss-meta-magic': 'abracadabra',
        'x-oss-date': 'Wed, 28 Dec 2022 10:27:41 GMT',
        authorization: 'OSS ak:/afkugFbmWDQ967j1vr6zygBLQk=',
      },
      'examplebucket.oss-cn-hangzhou.aliyuncs.com',
    ),
  ],
  [
    'version 1, sub-resources beside another parameter',
    '2022-12-28T10:27:41Z',
    request(
      'GET',
      '/?resourceGroup&non-resousce=null',
      { 'x-oss-date': 'Wed, 28 Dec 2022 10:27:41 GMT', authorization: 'OSS ak:vkQmfuUDyi1uDi3bKt67oemssIs=' },
      'examplebucket.oss-cn-hangzhou.aliyuncs.com',
    ),
  ],
  [
    'version 1, in the URL',
    '2023-11-12T16:33:40Z',
    request(
      'GET',
      '/key?Expires=1699807420&OSSAccessKeyId=ak&Signature=dcLTea%2BYh9ApirQ8o8dOPqtvJXQ%3D&versionId=versionId',
      {},
    ),
  ],
  [
    'version 1, in the URL with a security token',
    '2023-11-12T16:33:40Z',
    request(
      'GET',
      '/key%2B123?Expires=1699808204&OSSAccessKeyId=ak&Signature=jzKYRrM5y6Br0dRFPaTGOsbrDhY%3D&security-token=token&versionId=versionId',
      {},
    ),
  ],
  [
    'version 4',
    '2023-12-16T16:20:57Z',
    request('PUT', `/${key}?${parameters}`, {
      'x-oss-head1': 'value',
      abc: 'value',
      zabc: 'value',
      xyz: 'value',
      'content-type': 'text/plain',
      'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
      'x-oss-date': '20231216T162057Z',
      authorization:
        'OSS4-HMAC-SHA256 Credential=ak/20231216/cn-hangzhou/oss/aliyun_v4_request,Signature=e21d18daa82167720f9b1047ae7e7f1ce7cb77a31e8203a7d5f4624fa0284afe',
    }),
  ],
  [
    'version 4, in the URL',
    '2023-12-17T02:54:37Z',
    request(
      'PUT',
      `/${key}?${parameters}&x-oss-credential=ak%2F20231217%2Fcn-hangzhou%2Foss%2Faliyun_v4_request&x-oss-date=20231217T025437Z&x-oss-expires=599&x-oss-signature=a39966c61718be0d5b14e668088b3fa07601033f6518ac7b523100014269c0fe&x-oss-signature-version=OSS4-HMAC-SHA256`,
      {
        'x-oss-head1': 'value',
        abc: 'value',
        zabc: 'value',
        xyz: 'value',
        'content-type': 'application/octet-stream',
      },
    ),
  ],
];

const mismatch = expect.objectContaining({ code: 'SignatureDoesNotMatch', status: 403 });

describe.each(published)('%s', (_name, instant, signed) => {
  const clock = () => createClock(new Date(instant));
  const verify = (altered: SignedRequest, secret = 'sk') => readClaim(altered, clock())?.verify(secret);

  it('is found right, for its AccessKey', () => {
    expect(readClaim(signed, clock())?.accessKeyId).toBe('ak');
    expect(() => verify(signed)).not.toThrow();
  });

  it('is found wrong for another secret, method, key, bucket or header', () => {
    const { address, headers } = signed;
    expect(() => verify(signed, 'another')).toThrow(mismatch);
    expect(() => verify({ ...signed, method: 'DELETE' })).toThrow(mismatch);
    expect(() => verify({ ...signed, address: { ...address, key: 'another' } })).toThrow(mismatch);
    expect(() => verify({ ...signed, address: { ...address, bucket: 'another' } })).toThrow(mismatch);
    expect(() => verify({ ...signed, headers: { ...headers, 'x-oss-object-acl': 'public-read' } })).toThrow(
      mismatch,
    );
    expect(() => verify({ ...signed, headers: { ...headers, 'content-type': 'text/other' } })).toThrow(
      mismatch,
    );
  });

  it('is refused long after', () => {
    const late = createClock(new Date(Date.parse(instant) + 3_600_000));
    expect(() => readClaim(signed, late)).toThrow(
      expect.objectContaining({
        status: 403,
        code: expect.stringMatching(/^(RequestTimeTooSkewed|AccessDenied)$/),
      }),
    );
  });
});

describe('readClaim', () => {
  const clock = createClock(new Date('2023-12-16T16:20:57Z'));

  it('takes a request without a signature for an anonymous one', () => {
    expect(readClaim(request('GET', '/key', {}), clock)).toBeUndefined();
  });

  it.each([
    ['OSS ak', 400],
    ['OSS ak:', 400],
    ['OSS2 AccessKeyId:ak', 400],
    ['OSS4-HMAC-SHA256 Credential=ak,Signature=0', 400],
    ['OSS4-HMAC-SHA256 Credential=ak/20231216/cn-hangzhou/kms/aliyun_v4_request,Signature=0', 400],
    ['OSS4-HMAC-SHA256 Credential=ak/20231217/cn-hangzhou/oss/aliyun_v4_request,Signature=0', 400],
    ['Bearer token', 400],
  ])('refuses %s', (authorization, status) => {
    const headers = {
      authorization,
      'x-oss-date': '20231216T162057Z',
      'x-oss-content-sha256': 'UNSIGNED-PAYLOAD',
    };
    expect(() => readClaim(request('GET', '/key', headers), clock)).toThrow(
      expect.objectContaining({ status }),
    );
  });

  it('needs a date', () => {
    expect(() => readClaim(request('GET', '/key', { authorization: 'OSS ak:x' }), clock)).toThrow(
      expect.objectContaining({ code: 'AccessDenied' }),
    );
  });

  it('lets a version 4 URL live a week at most', () => {
    const target = (expires: number) =>
      `/key?x-oss-credential=ak%2F20231216%2Fcn-hangzhou%2Foss%2Faliyun_v4_request&x-oss-date=20231216T162057Z&x-oss-expires=${expires}&x-oss-signature=0&x-oss-signature-version=OSS4-HMAC-SHA256`;
    expect(() => readClaim(request('GET', target(604_800), {}), clock)).not.toThrow();
    for (const expires of [604_801, 0, -1, 1.5]) {
      expect(() => readClaim(request('GET', target(expires), {}), clock)).toThrow(
        expect.objectContaining({ code: 'InvalidArgument' }),
      );
    }
  });
});
