import { suites } from '@yunseal/crypto-core';
import { kmsKeyring } from '@yunseal/keyring-kms';
import { benchmarkCloud, keyArn, secondKeyArn } from './cloud.ts';
import { type Figure, percentile, rounded } from './figures.ts';

/** Decrypting a message that is wrapped in two regions, with both up, the first one down, and the first one hanging. */
export async function regionOutage(calls: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [name, kind] of [
    ['both regions up', undefined],
    ['first region down', 'region-down'],
    ['first region hanging, asked after 200 ms', 'hang'],
  ] as const) {
    await using local = await benchmarkCloud();
    const keyring = kmsKeyring({
      keyId: keyArn,
      additionalKeyIds: [secondKeyArn],
      credentials: local.credentials,
      endpoint: local.endpoint,
      regionOrder: ['cn-hangzhou', 'cn-beijing'],
      hedgeAfterMs: 200,
      attemptTimeoutMs: 1_000,
    });
    const materials = {
      suite: suites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
      encryptionContext: {},
      encryptedDataKeys: [],
    };
    const { encryptedDataKeys } = await keyring.onEncrypt(materials);
    if (kind !== undefined) local.cloud.faults.inject({ service: 'kms', region: 'cn-hangzhou', kind });
    const times: number[] = [];
    let failures = 0;
    for (let call = 0; call < calls; call++) {
      const started = performance.now();
      await keyring.onDecrypt(materials, encryptedDataKeys).catch(() => failures++);
      times.push(performance.now() - started);
    }
    figures.push(
      { name: `${name}: failures of ${calls}`, value: failures },
      { name: `${name}: first`, value: rounded(times[0] ?? Number.NaN), unit: 'ms' },
      { name: `${name}: p50`, value: rounded(percentile(times, 0.5)), unit: 'ms' },
      { name: `${name}: slowest`, value: rounded(Math.max(...times)), unit: 'ms' },
    );
  }
  return figures;
}
