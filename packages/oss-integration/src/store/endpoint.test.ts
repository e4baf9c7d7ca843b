import { describe, expect, it } from 'vitest';
import { checkBucket, checkKey, resolveEndpoint } from './endpoint.ts';

const invalid = expect.objectContaining({ code: 'InvalidArgument' });

describe('resolveEndpoint', () => {
  it.each([
    [{}, 'https', 'oss-cn-hangzhou.aliyuncs.com', 'host', 'cn-hangzhou'],
    [{ region: 'cn-beijing' }, 'https', 'oss-cn-beijing.aliyuncs.com', 'host', 'cn-beijing'],
    [{ region: 'oss-cn-beijing' }, 'https', 'oss-cn-beijing.aliyuncs.com', 'host', 'cn-beijing'],
    [
      { region: 'cn-beijing', internal: true },
      'https',
      'oss-cn-beijing-internal.aliyuncs.com',
      'host',
      'cn-beijing',
    ],
    [
      { endpoint: 'oss-cn-shanghai.aliyuncs.com' },
      'https',
      'oss-cn-shanghai.aliyuncs.com',
      'host',
      'cn-shanghai',
    ],
    [
      { endpoint: 'http://oss-cn-shanghai-internal.aliyuncs.com' },
      'http',
      'oss-cn-shanghai-internal.aliyuncs.com',
      'host',
      'cn-shanghai',
    ],
    [{ endpoint: 'http://127.0.0.1:1234' }, 'http', '127.0.0.1:1234', 'path', 'cn-hangzhou'],
    [{ endpoint: 'http://[::1]:1234' }, 'http', '[::1]:1234', 'path', 'cn-hangzhou'],
    [
      { endpoint: 'http://localhost:1234', region: 'eu-central-1' },
      'http',
      'localhost:1234',
      'path',
      'eu-central-1',
    ],
    [{ endpoint: 'files.example.com', cname: true }, 'https', 'files.example.com', 'cname', 'cn-hangzhou'],
  ] as const)('of %j', (options, protocol, host, addressing, region) => {
    expect(resolveEndpoint(options)).toEqual({ protocol, host, addressing, region });
  });

  it.each([
    'ftp://host',
    'http://host/path',
    'http://user@host',
    'http://:password@host',
    'http://host?query',
    'http://host?',
    'http://host#fragment',
    'host#fragment',
    'http://host#',
    'not a host',
    '',
  ])('refuses %j', (endpoint) => {
    expect(() => resolveEndpoint({ endpoint })).toThrow(invalid);
  });

  it('refuses a region that is none', () => {
    expect(() => resolveEndpoint({ region: 'cn hangzhou' })).toThrow(invalid);
  });
});

it.each(['ab', 'Upper', '-start', 'end-', 'under_score', 'x'.repeat(64)])(
  'checkBucket refuses %j',
  (bucket) => {
    expect(() => checkBucket(bucket)).toThrow(invalid);
  },
);

it.each(['', '/a', '\\a', 'é'.repeat(512), 'lone \udc00', 'nu\0ll'])('checkKey refuses %j', (key) => {
  expect(() => checkKey(key)).toThrow(invalid);
});
