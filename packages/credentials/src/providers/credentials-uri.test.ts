import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type JsonService, startJsonService } from '../test-support/json-service.ts';
import { credentialsUri } from './credentials-uri.ts';

const answer = {
  Code: 'Success',
  AccessKeyId: 'STS.u',
  AccessKeySecret: 'secret',
  SecurityToken: 'token',
  Expiration: '2999-01-01T00:00:00Z',
};
let service: JsonService;
beforeEach(async () => {
  service = await startJsonService(answer);
});
afterEach(() => service.close());

test('reads the address in the environment, once for all callers', async () => {
  const env = { ALIBABA_CLOUD_CREDENTIALS_URI: `${service.endpoint}/here?key=1` };
  const provider = credentialsUri({ env });
  const answers = await Promise.all(Array.from({ length: 50 }, () => provider.getCredentials()));
  expect(answers[0]).toMatchObject({
    accessKeyId: 'STS.u',
    accessKeySecret: 'secret',
    securityToken: 'token',
    expiration: new Date('2999-01-01'),
    providerName: 'credential_uri',
  });
  expect(service.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /here?key=1']);
});

test('errors name the service and not the rest of the address, which may hold a key', async () => {
  service.answer = { status: 403, json: {} };
  const uri = `${service.endpoint}/path?key=hidden-key`;
  const error: unknown = await credentialsUri({ uri, env: {} })
    .getCredentials()
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'UnexpectedStatus', status: 403 });
  expect(inspect(error, { depth: 9 })).toContain(service.endpoint);
  expect(inspect(error, { depth: 9 })).not.toContain('hidden-key');
});

test('an answer that is none', async () => {
  service.answer = { json: { ...answer, Code: 'Failed' } };
  const provider = credentialsUri({ uri: service.endpoint, env: {}, maxAttempts: 1 });
  await expect(provider.getCredentials()).rejects.toMatchObject({
    code: 'MalformedResponse',
    path: '$.Code',
  });
});

test('no address, or none that is HTTP', async () => {
  await expect(credentialsUri({ env: {} }).getCredentials()).rejects.toMatchObject({
    code: 'ProviderNotConfigured',
  });
  expect(() => credentialsUri({ uri: 'file:///etc/passwd', env: {} })).toThrow(/HTTP address/);
});
