import KmsModule from '@alicloud/kms20160120';
import { toAlicloudCredential } from '@yunseal/credentials';
import { suites } from '@yunseal/crypto-core';
import { kmsKeyring } from '@yunseal/keyring-kms';
import { benchmarkCloud, keyArn } from './cloud.ts';
import { type Figure, percentile, rounded } from './figures.ts';

// CommonJS: under Node.js's ESM loader the class and the request models hang on the module's own `default`.
const { default: KmsClient, GenerateDataKeyRequest } = KmsModule as unknown as {
  default: new (config: object) => { generateDataKey(request: object): Promise<unknown> };
  GenerateDataKeyRequest: new (fields: object) => object;
};

/** What `kmsKeyring` adds to one GenerateDataKey of the bare official client: one call at a time, taking turns. */
export async function addedLatency(calls: number): Promise<Figure[]> {
  await using local = await benchmarkCloud();
  const endpoint = new URL(local.endpoint('cn-hangzhou'));
  const bare = new KmsClient({
    regionId: 'cn-hangzhou',
    endpoint: endpoint.host,
    protocol: 'http',
    credential: toAlicloudCredential(local.credentials),
  });
  const request = new GenerateDataKeyRequest({ keyId: keyArn.split('/').at(-1), numberOfBytes: 32 });
  const keyring = kmsKeyring({ keyId: keyArn, credentials: local.credentials, endpoint: local.endpoint });
  const materials = {
    suite: suites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
    encryptionContext: {},
    encryptedDataKeys: [],
  };
  const times = { bare: [] as number[], keyring: [] as number[] };
  const timed = async (into: number[], call: () => Promise<unknown>): Promise<void> => {
    const started = performance.now();
    await call();
    into.push(performance.now() - started);
  };
  for (let call = 0; call < 200; call++) {
    await bare.generateDataKey(request);
    await keyring.onEncrypt(materials);
  }
  for (let call = 0; call < calls; call++) {
    await timed(times.bare, () => bare.generateDataKey(request));
    await timed(times.keyring, () => keyring.onEncrypt(materials));
  }
  return [0.5, 0.99].flatMap((share) => {
    const [alone, through] = [percentile(times.bare, share), percentile(times.keyring, share)];
    const name = `p${share * 100}`;
    return [
      { name: `${name}: official client alone`, value: rounded(alone, 3), unit: 'ms' },
      { name: `${name}: kmsKeyring`, value: rounded(through, 3), unit: 'ms' },
      { name: `${name}: added`, value: rounded(through - alone, 3), unit: 'ms' },
    ];
  });
}
