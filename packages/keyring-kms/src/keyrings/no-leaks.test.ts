import { assumeRole, type Credentials } from '@yunseal/credentials';
import { createEncryptionClient } from '@yunseal/crypto-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KmsEvent } from '../events.ts';
import { systemClock } from '../resilience/clock.ts';
import { arns, hangzhou, type KmsCloud, kmsCloud, roleArn } from '../test-support/kms-cloud.ts';
import { expectNoSecrets } from '../test-support/no-secrets.ts';
import { type KmsKeyringOptions, kmsKeyring } from './kms-keyring.ts';

let local: KmsCloud;
/** Temporary, so that there is a token to leak. */
let session: Credentials;
beforeAll(async () => {
  local = await kmsCloud();
  const { endpoints } = local.cloud;
  session = await assumeRole({
    source: local.administrator,
    roleArn,
    endpoint: endpoints.sts,
  }).getCredentials();
});
afterAll(() => local[Symbol.asyncDispose]());

function options(): KmsKeyringOptions {
  return {
    keyId: arns.hangzhou,
    credentials: { getCredentials: async () => session },
    endpoint: local.endpoint,
    clock: { ...systemClock, random: () => 0 },
  };
}

describe('every fault the local cloud can inject', () => {
  it.each([
    'latency',
    'throttle',
    'error',
    'html',
    'reset',
    'hang',
    'truncate',
    'expired-credential',
    'region-down',
  ] as const)('shows nothing secret: %s', async (kind) => {
    local.cloud.faults.clear();
    const events: KmsEvent[] = [];
    const shown: unknown[] = [];
    const mine: KmsKeyringOptions = {
      ...options(),
      additionalKeyIds: [arns.hangzhouSecond, arns.beijing],
      attemptTimeoutMs: 40,
      connectTimeoutMs: 40,
      retry: { maxAttempts: 2 },
      onEvent: (event) => events.push(event),
    };
    const healthy = await createEncryptionClient({
      keyring: kmsKeyring({ ...options(), additionalKeyIds: [arns.beijing] }),
    }).encrypt('hello');
    const dataKey = (
      await kmsKeyring(options()).onDecrypt(
        { suite: healthy.header.suite, encryptionContext: {} },
        healthy.header.encryptedDataKeys,
      )
    ).plaintextDataKey!;
    const wanted = Buffer.from(dataKey).toString('base64');
    local.cloud.faults.inject({ service: 'kms', kind, ...(kind === 'latency' ? { ms: 400 } : {}) });
    const keyring = kmsKeyring(mine);
    const materials = { suite: healthy.header.suite, encryptionContext: {}, encryptedDataKeys: [] };
    const failures = await Promise.allSettled([
      keyring.onEncrypt(materials),
      keyring.onEncrypt({ ...materials, plaintextDataKey: dataKey }),
      keyring.onDecrypt(materials, healthy.header.encryptedDataKeys),
      kmsKeyring({ ...mine, keyId: 'alias/orders', region: hangzhou, additionalKeyIds: [] }).onEncrypt(
        materials,
      ),
    ]);
    for (const failure of failures) {
      expect(failure.status, kind).toBe('rejected');
      if (failure.status === 'rejected') shown.push(failure.reason);
    }
    expectNoSecrets(shown, [wanted, session.accessKeySecret, session.securityToken!]);
    expectNoSecrets(events, [wanted, session.accessKeySecret, session.securityToken!]);
    expect(events.some((event) => event.type === 'retry')).toBe(true);
  });
});
