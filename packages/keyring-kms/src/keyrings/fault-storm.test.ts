import { assumeRole, type Credentials, type CredentialsProvider } from '@yunseal/credentials';
import { suites } from '@yunseal/crypto-core';
import { expect, it } from 'vitest';
import { systemClock } from '../resilience/clock.ts';
import { arns, kmsCloud, roleArn } from '../test-support/kms-cloud.ts';
import { kmsKeyring } from './kms-keyring.ts';

it('loses and duplicates nothing while a fifth of the requests fails and credentials expire under it', async () => {
  await using local = await kmsCloud();
  const { cloud } = local;
  let current: Promise<Credentials> | undefined;
  let reads = 0;
  let rotations = 0;
  const rotate = async (): Promise<Credentials> => {
    rotations++;
    // What was handed out before has expired from here on, requests under way included.
    cloud.clock.advance(901_000);
    const role = assumeRole({
      source: local.administrator,
      roleArn,
      endpoint: cloud.endpoints.sts,
      durationSeconds: 900,
    });
    return role.getCredentials();
  };
  const credentials: CredentialsProvider = {
    getCredentials: () => {
      if (reads++ % 50 === 0) current = rotate();
      return current!;
    },
  };
  for (const kind of ['throttle', 'html', 'reset', 'truncate'] as const) {
    cloud.faults.inject({ service: 'kms', kind, probability: 0.05 });
  }
  const keyring = kmsKeyring({
    keyId: arns.hangzhou,
    credentials,
    endpoint: local.endpoint,
    maxConnections: 16,
    clock: { ...systemClock, random: () => 0 },
  });
  const suite = suites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY;
  const encryptionContext = { storm: 'yes' };
  const dataKeys = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const encrypted = await keyring.onEncrypt({ suite, encryptionContext, encryptedDataKeys: [] });
      const dataKey = Buffer.from(encrypted.plaintextDataKey!).toString('hex');
      const decrypted = await keyring.onDecrypt({ suite, encryptionContext }, encrypted.encryptedDataKeys);
      expect(Buffer.from(decrypted.plaintextDataKey!).toString('hex')).toBe(dataKey);
      return dataKey;
    }),
  );
  expect(new Set(dataKeys).size).toBe(200);
  expect(rotations).toBeGreaterThan(5);
});
