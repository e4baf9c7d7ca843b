import { createEncryptionClient } from '@yunseal/crypto-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KmsError } from '../errors.ts';
import { kmsKeyring } from '../keyrings/kms-keyring.ts';
import { privateAuthority } from '../test-support/certificates.ts';
import { arns, hangzhou, type KmsCloud, keyIds, kmsCloud } from '../test-support/kms-cloud.ts';
import { expectNoSecrets } from '../test-support/no-secrets.ts';
import { alicloudKmsClient } from './alicloud-kms-client.ts';
import { resolveKmsEndpoint } from './endpoint.ts';

const authority = privateAuthority();
let local: KmsCloud;
beforeAll(async () => {
  local = await kmsCloud({ tls: authority.server });
});
afterAll(() => local[Symbol.asyncDispose]());

const options = () => ({
  credentials: local.administrator,
  endpoint: local.endpoint(hangzhou),
  retry: { maxAttempts: 2, baseDelayMs: 1 },
});

it('is reached over TLS with its own CA', async () => {
  const keyring = kmsKeyring({
    ...options(),
    keyId: arns.hangzhou,
    additionalKeyIds: [arns.hangzhouSecond],
    ca: authority.ca,
  });
  const client = createEncryptionClient({ keyring });
  const { ciphertext } = await client.encrypt('hello', { context: { tenant: 'a' } });
  expect(new TextDecoder().decode((await client.decrypt(ciphertext)).plaintext)).toBe('hello');
  expect([local.count('GenerateDataKey'), local.count('Encrypt'), local.count('Decrypt')]).toEqual([1, 1, 1]);
});

it.each([
  ['no CA', undefined],
  ['another CA', privateAuthority().ca],
])('is not trusted with %s, and the error says what to do', async (_, ca) => {
  const client = alicloudKmsClient({ ...options(), region: hangzhou, ca });
  const plaintext = Buffer.from('0123456789abcdef');
  const error = await client
    .encrypt({ keyId: keyIds.hangzhou, plaintext, encryptionContext: {} })
    .catch((thrown: unknown) => thrown as KmsError);
  expect(error).toMatchObject({ code: 'KmsConnectionFailed', attempts: 1 });
  expect((error as KmsError).message).toMatch(/certificate is not trusted.*ca option/s);
  const { accessKeySecret } = await local.administrator.getCredentials();
  expectNoSecrets(error, [plaintext.toString('base64'), accessKeySecret]);
});

it('reports the service’s errors as the shared gateway’s are reported', async () => {
  const client = alicloudKmsClient({ ...options(), region: hangzhou, ca: authority.ca });
  await expect(client.describeKey({ keyId: 'no-such-key' })).rejects.toMatchObject({
    code: 'KmsNotFound',
    serviceCode: 'Forbidden.KeyNotFound',
    httpStatus: 404,
    requestId: expect.stringMatching(/^[0-9A-F-]{36}$/i),
  });
  local.cloud.faults.inject({ service: 'kms', kind: 'throttle', times: 1 });
  expect((await client.describeKey({ keyId: keyIds.hangzhou })).arn).toBe(arns.hangzhou);
});

it('has no ReEncrypt where it is a dedicated instance', () => {
  const endpoint = 'kst-hzz62.cryptoservice.kms.aliyuncs.com';
  expect(resolveKmsEndpoint(hangzhou, { endpoint })).toEqual({
    protocol: 'https',
    host: endpoint,
    dedicated: true,
  });
  const dedicated = alicloudKmsClient({ ...options(), region: hangzhou, endpoint, ca: authority.ca });
  expect(dedicated.reEncrypt).toBeUndefined();
  expect(alicloudKmsClient({ ...options(), region: hangzhou }).reEncrypt).toBeTypeOf('function');
});

it('defaults to the region’s public gateway, or to the one in a VPC', () => {
  expect(resolveKmsEndpoint(hangzhou, {}).host).toBe('kms.cn-hangzhou.aliyuncs.com');
  expect(resolveKmsEndpoint(hangzhou, { network: 'vpc' }).host).toBe('kms-vpc.cn-hangzhou.aliyuncs.com');
});
