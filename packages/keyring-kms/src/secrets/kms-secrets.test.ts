import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { alicloudKmsClient } from '../client/alicloud-kms-client.ts';
import { KmsNotFoundError, KmsUnavailableError } from '../errors.ts';
import type { KmsEvent } from '../events.ts';
import type { StoredSecret } from '../kms-client.ts';
import { hangzhou, type KmsCloud, kmsCloud } from '../test-support/kms-cloud.ts';
import { manualClock } from '../test-support/manual-clock.ts';
import { type KmsSecretsOptions, kmsSecrets } from './kms-secrets.ts';

/** Time stands still, and nobody runs out of patience, unless the test says so. */
const testClock = () => ({ ...manualClock(), sleep: () => new Promise<never>(() => undefined) });

let local: KmsCloud;
beforeAll(async () => {
  local = await kmsCloud();
});
afterAll(() => local[Symbol.asyncDispose]());
afterEach(() => local.cloud.reset());

const name = 'database-password';

function secrets(options: Partial<KmsSecretsOptions> = {}) {
  return kmsSecrets({
    region: hangzhou,
    endpoint: local.endpoint(hangzhou),
    credentials: local.administrator,
    ...options,
  });
}

const create = (value = 'first', versionId = 'v1', type = 'text') =>
  local.administer(hangzhou, 'CreateSecret', {
    SecretName: name,
    SecretData: value,
    VersionId: versionId,
    SecretDataType: type,
  });
const rotate = (value: string, versionId: string) =>
  local.administer(hangzhou, 'PutSecretValue', { SecretName: name, SecretData: value, VersionId: versionId });

it('asks once for any number of concurrent and later callers', async () => {
  await create();
  const { getSecret } = secrets();
  const all = await Promise.all(Array.from({ length: 100 }, () => getSecret(name)));
  expect(new Set(all.map((secret) => secret.value))).toEqual(new Set(['first']));
  await getSecret(name);
  expect(local.count('GetSecretValue')).toBe(1);
});

it('asks again when the value is old, and tells of a rotation', async () => {
  await create();
  const clock = testClock();
  const events: KmsEvent[] = [];
  const { getSecret } = secrets({ clock, maxAgeMs: 1_000, onEvent: (event) => events.push(event) });
  await getSecret(name);
  await rotate('second', 'v2');
  expect((await getSecret(name)).value).toBe('first');
  clock.advance(1_000);
  expect(await getSecret(name)).toMatchObject({ value: 'second', versionId: 'v2', stale: false });
  expect(events).toEqual([
    { type: 'secret-rotated', secretName: name, region: hangzhou, versionId: 'v2', previousVersionId: 'v1' },
  ]);
});

it('asks at once when told that the value was refused, and finds the previous one by its stage', async () => {
  await create();
  const { getSecret } = secrets();
  await getSecret(name);
  await rotate('second', 'v2');
  expect((await getSecret(name, { refresh: true })).value).toBe('second');
  expect((await getSecret(name, { versionStage: 'ACSPrevious' })).value).toBe('first');
  expect((await getSecret(name, { versionId: 'v1' })).value).toBe('first');
});

it('asks when the announced rotation is due, before the value is old', async () => {
  const clock = testClock();
  let asked = 0;
  const stored = (): StoredSecret => ({
    requestId: 'r',
    name,
    versionId: `v${asked}`,
    versionStages: ['ACSCurrent'],
    dataType: 'text',
    data: `value ${asked}`,
    automaticRotation: true,
    nextRotationAt: 60_000,
  });
  const client = {
    region: hangzhou,
    createSecret: () => expect.unreachable(),
    getSecretValue: async () => {
      asked++;
      return stored();
    },
  };
  const { getSecret } = secrets({ client, clock, maxAgeMs: 3_600_000 });
  await getSecret(name);
  clock.advance(59_999);
  await getSecret(name);
  expect(asked).toBe(1);
  clock.advance(1);
  await getSecret(name);
  expect(asked).toBe(2);
  // The rotation is overdue: the value may change at any moment, so it is looked at more often.
  clock.advance(29_999);
  await getSecret(name);
  expect(asked).toBe(2);
  clock.advance(1);
  await getSecret(name);
  expect(asked).toBe(3);
});

it('serves the old value through an outage, says so, and not forever', async () => {
  await create();
  const clock = testClock();
  const events: KmsEvent[] = [];
  const client = alicloudKmsClient({
    region: hangzhou,
    endpoint: local.endpoint(hangzhou),
    credentials: local.administrator,
    retry: { maxAttempts: 1 },
  });
  const { getSecret } = secrets({
    client,
    clock,
    maxAgeMs: 1_000,
    maxStaleMs: 10_000,
    onEvent: (event) => events.push(event),
  });
  await getSecret(name);
  clock.advance(5_000);
  local.cloud.faults.inject({
    service: 'kms',
    kind: 'error',
    status: 503,
    code: 'ServiceUnavailableTemporary',
  });
  expect(await getSecret(name)).toMatchObject({ value: 'first', stale: true });
  expect(await getSecret(name)).toMatchObject({ value: 'first', stale: true });
  expect(events).toMatchObject([
    { type: 'secret-refresh-failed', ageMs: 5_000, errorCode: 'KmsUnavailable' },
  ]);
  clock.advance(5_001);
  await expect(getSecret(name)).rejects.toBeInstanceOf(KmsUnavailableError);
});

it('serves the old value when KMS is slow, and the new one as soon as it is there', async () => {
  await create();
  const clock = testClock();
  let patience = (): void => undefined;
  const sleep = () => new Promise<void>((resolve) => (patience = resolve));
  const { getSecret } = secrets({ clock: { ...clock, sleep }, maxAgeMs: 1_000 });
  await getSecret(name);
  await rotate('second', 'v2');
  clock.advance(2_000);
  local.cloud.faults.inject({ service: 'kms', kind: 'latency', ms: 100, times: 1 });
  const answer = getSecret(name);
  patience();
  expect(await answer).toMatchObject({ value: 'first', stale: true });
  expect(await getSecret(name)).toMatchObject({ value: 'second', stale: false });
  expect(local.count('GetSecretValue')).toBe(2);
});

it('does not serve the old value when the secret is gone', async () => {
  await create();
  const clock = testClock();
  const { getSecret } = secrets({ clock, maxAgeMs: 1_000 });
  await getSecret(name);
  await local.administer(hangzhou, 'DeleteSecret', { SecretName: name, ForceDeleteWithoutRecovery: 'true' });
  clock.advance(1_000);
  await expect(getSecret(name)).rejects.toBeInstanceOf(KmsNotFoundError);
});

it('gives a binary secret as bytes', async () => {
  await create(Buffer.from([0, 255, 1]).toString('base64'), 'v1', 'binary');
  expect((await secrets().getSecret(name)).value).toEqual(new Uint8Array([0, 255, 1]));
});

it('does not print the value', async () => {
  await create('hunter2-hunter2');
  const secret = await secrets().getSecret(name);
  for (const text of [
    inspect(secret),
    JSON.stringify(secret),
    JSON.stringify({ ...secret }),
    inspect([secret]),
  ]) {
    expect(text).not.toContain('hunter2');
    expect(text).toContain('v1');
  }
});

it('lets one caller go without disturbing the others', async () => {
  await create();
  local.cloud.faults.inject({ service: 'kms', kind: 'latency', ms: 50 });
  const { getSecret } = secrets();
  const impatient = getSecret(name, { signal: AbortSignal.timeout(5) });
  const patient = getSecret(name);
  await expect(impatient).rejects.toMatchObject({ name: 'TimeoutError' });
  expect((await patient).value).toBe('first');
});
