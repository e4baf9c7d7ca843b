import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LocalCloud } from '../local-cloud.ts';
import { startLocalCloud } from '../start.ts';
import { codeOf, type KmsCaller, kmsCaller, ramClient } from '../test-support/official-clients.ts';
import { createFaults } from './faults.ts';

describe('faults on request', () => {
  let cloud: LocalCloud;
  let kms: KmsCaller;
  beforeAll(async () => {
    cloud = await startLocalCloud();
    kms = kmsCaller(cloud);
  });
  afterEach(() => cloud.faults.clear());
  afterAll(() => cloud.close());

  it('strike as often as was said, and the operation that was said', async () => {
    cloud.faults.inject({ service: 'kms', operation: 'ListKeys', kind: 'throttle', times: 2 });
    await kms('ListAliases');
    expect(await codeOf(kms('ListKeys'))).toBe('Rejected.Throttling');
    expect(await codeOf(kms('ListKeys'))).toBe('Rejected.Throttling');
    await kms('ListKeys');
    expect(cloud.faults.list()).toEqual([]);
  });

  it.each([
    ['error', {}, 'InternalFailure'],
    ['error', { status: 503 }, 'ServiceUnavailableTemporary'],
    ['error', { status: 418, code: 'Teapot' }, 'Teapot'],
    ['expired-credential', {}, 'InvalidSecurityToken.Expired'],
  ] as const)('of kind %s %o answer with %s', async (kind, details, code) => {
    cloud.faults.inject({ service: 'kms', kind, ...details, times: 1 });
    expect(await codeOf(kms('ListKeys'))).toBe(code);
    await kms('ListKeys');
  });

  it.each(['reset', 'region-down', 'truncate', 'html'] as const)(
    'of kind %s leave the client without an answer it can read',
    async (kind) => {
      const before = cloud.auditLog().length;
      const { remove } = cloud.faults.inject({ service: 'kms', region: 'cn-hangzhou', kind });
      await expect(kms('ListKeys')).rejects.toThrow();
      // A truncated answer is one to a call that was made; the others never reached the service.
      expect(cloud.auditLog().length - before).toBe(kind === 'truncate' ? 1 : 0);
      remove();
      await kms('ListKeys');
    },
  );

  it('of kind hang keep the client waiting until it gives up', async () => {
    cloud.faults.inject({ service: 'imds', kind: 'hang' });
    const signal = AbortSignal.timeout(150);
    await expect(fetch(`${cloud.endpoints.imds}/latest/meta-data/`, { signal })).rejects.toThrow(/timeout/i);
  });

  it('of kind latency come before the answer, and before another fault', async () => {
    cloud.faults.inject({ kind: 'latency', ms: 60 });
    cloud.faults.inject({ service: 'ram', kind: 'throttle' });
    const start = performance.now();
    expect(await codeOf(ramClient(cloud).listRoles({ validate() {}, toMap: () => ({}) } as never))).toBe(
      'Throttling.User',
    );
    expect(performance.now() - start).toBeGreaterThanOrEqual(55);
  });

  it('are cleared by a reset, with everything that was made', async () => {
    const before = cloud.snapshot();
    await kms('CreateKey');
    cloud.faults.inject({ kind: 'throttle' });
    cloud.reset(before);
    expect(await kms('ListKeys')).toMatchObject({ TotalCount: 0 });
  });
});

it('draws the same for the same probability in every run', () => {
  const draw = () => {
    const faults = createFaults([{ kind: 'throttle', probability: 0.3 }]);
    return Array.from(
      { length: 1000 },
      () => faults.take({ service: 'kms', operation: 'x', region: 'y' }).length,
    );
  };
  const first = draw();
  expect(draw()).toEqual(first);
  const struck = first.reduce((a, b) => a + b);
  expect(struck).toBeGreaterThan(240);
  expect(struck).toBeLessThan(360);
});

it.each([
  { kind: 'no' },
  { service: 'kms' },
  { kind: 'reset', service: 'kmss' },
  { kind: 'reset', service: null },
  { kind: 'latency' },
  { kind: 'error', status: 200 },
  { kind: 'reset', times: 0 },
  { kind: 'reset', probability: 2 },
])('refuses a fault that makes no sense: %o', (fault) => {
  expect(() => createFaults([fault as never])).toThrow(
    expect.objectContaining({ name: 'LocalCloudError', code: 'FaultInvalid' }),
  );
});

it('names the kinds and services there are', () => {
  const faults = createFaults();
  expect(() => faults.inject({ kind: 'throtle' as never })).toThrow(/"throtle"; one of latency, throttle, /);
  expect(() => faults.inject({ kind: 'throttle', service: 'kmss' as never })).toThrow(
    'there is no service "kmss"; one of imds, sts, ram, kms, oss, ecs',
  );
  expect(faults.list()).toEqual([]);
});
