import OSS from 'ali-oss';
import { afterEach, expect, test } from 'vitest';
import { accessKey } from '../providers/access-key.ts';
import { rotatingProvider } from '../test-support/rotating-provider.ts';
import { type SignatureGate, startSignatureGate } from '../test-support/signature-gate.ts';
import { toAliOssOptions } from './ali-oss-options.ts';

let gate: SignatureGate | undefined;
let timer: NodeJS.Timeout | undefined;
afterEach(async () => {
  clearInterval(timer);
  await gate?.close();
});

function client(options: ReturnType<typeof toAliOssOptions>) {
  const pathStyle = { ...options, endpoint: gate!.endpoint, bucket: 'bucket', sldEnable: true };
  return new OSS(pathStyle);
}

test('1,000 concurrent requests through one client, rotating every 50 ms: none is torn, none carries the placeholder', async () => {
  const provider = rotatingProvider();
  gate = await startSignatureGate(provider.issued);
  const oss = client(toAliOssOptions(provider));
  timer = setInterval(provider.rotate, 50);
  await Promise.all(Array.from({ length: 1_000 }, () => oss.head('object')));
  expect(gate.torn).toEqual([]);
  expect(gate.whole).toBe(1_000);
});

test('each request uses the credential of its time', async () => {
  const provider = rotatingProvider();
  gate = await startSignatureGate(provider.issued);
  const oss = client(toAliOssOptions(provider));
  for (let request = 0; request < 5; request += 1) {
    await oss.head('object');
    provider.rotate();
  }
  expect(gate.ids).toEqual(['STS.1', 'STS.2', 'STS.3', 'STS.4', 'STS.5']);
  expect(gate.torn).toEqual([]);
});

test('an AccessKey signs without a token', async () => {
  gate = await startSignatureGate(new Map([['id', { secret: 'secret', token: '' }]]));
  const oss = client(toAliOssOptions(accessKey({ accessKeyId: 'id', accessKeySecret: 'secret' })));
  await oss.head('object');
  await oss.head('object');
  expect(gate.torn).toEqual([]);
  expect(gate.whole).toBe(2);
});

test('a provider that fails, fails the request', async () => {
  gate = await startSignatureGate(new Map());
  const oss = client(toAliOssOptions({ getCredentials: () => Promise.reject(new Error('no credential')) }));
  await expect(oss.head('object')).rejects.toThrow('no credential');
  expect(gate.ids).toEqual([]);
});
