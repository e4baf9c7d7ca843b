import { expect, test } from 'vitest';
import { stsEndpoint } from './sts-endpoint.ts';

test.each([
  [{}, {}, 'https://sts.aliyuncs.com/'],
  [{ region: 'cn-hangzhou' }, {}, 'https://sts.cn-hangzhou.aliyuncs.com/'],
  [{ region: 'cn-hangzhou', vpc: true }, {}, 'https://sts-vpc.cn-hangzhou.aliyuncs.com/'],
  [{}, { ALIBABA_CLOUD_STS_REGION: 'eu-central-1' }, 'https://sts.eu-central-1.aliyuncs.com/'],
  [
    {},
    { ALIBABA_CLOUD_STS_REGION: 'eu-central-1', ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED: 'TRUE' },
    'https://sts-vpc.eu-central-1.aliyuncs.com/',
  ],
  [{ endpoint: 'sts.example.com', region: 'cn-hangzhou' }, {}, 'https://sts.example.com/'],
  [{ endpoint: 'http://127.0.0.1:8080' }, {}, 'http://127.0.0.1:8080/'],
])('%o with %o', (options, env, expected) => {
  expect(stsEndpoint({ ...options, env }).href).toBe(expected);
});
