import { assumeRole, type Credentials, type CredentialsProvider } from '@yunseal/credentials';
import { suites } from '@yunseal/crypto-core';
import { type KmsEvent, kmsKeyring } from '@yunseal/keyring-kms';
import { type BenchmarkCloud, benchmarkCloud, keyArn, roleArn } from './cloud.ts';
import { type Figure, inParallel, rounded } from './figures.ts';

/** Of every 100 requests: 5 throttled, 5 answered with 503, 5 reset, 5 so slow that the client gives up on them. */
const attemptTimeoutMs = 1_000;
const share = 0.05;

/**
 * `calls` keyring operations (as many encrypts as decrypts) while a fifth of the requests fails and the credentials are
 * replaced every second by new ones, the old ones expiring at that moment.
 *
 * Lost: an operation that rejected. Duplicated or mixed up: two encrypts with one data key, or a decrypt that gave another
 * data key than the one encrypted.
 */
export async function faults(calls: number): Promise<Figure[]> {
  await using local = await benchmarkCloud();
  const rotation = rotatingCredentials(local);
  const events = new Map<string, number>();
  const count = (name: string): void => void events.set(name, (events.get(name) ?? 0) + 1);
  const keyring = kmsKeyring({
    keyId: keyArn,
    credentials: rotation.provider,
    endpoint: local.endpoint,
    attemptTimeoutMs,
    onEvent: (event: KmsEvent) => count(event.type === 'retry' ? event.errorCode : event.type),
  });
  const { faults: injected } = local.cloud;
  injected.inject({ service: 'kms', kind: 'throttle', probability: share });
  injected.inject({
    service: 'kms',
    kind: 'error',
    status: 503,
    code: 'ServiceUnavailableTemporary',
    probability: share,
  });
  injected.inject({ service: 'kms', kind: 'reset', probability: share });
  injected.inject({ service: 'kms', kind: 'latency', ms: attemptTimeoutMs * 2, probability: share });

  const materials = {
    suite: suites.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
    encryptionContext: { benchmark: 'faults' },
    encryptedDataKeys: [],
  };
  const dataKeys = new Set<string>();
  let lost = 0;
  let mixedUp = 0;
  const started = performance.now();
  await inParallel(calls / 2, 64, async () => {
    try {
      const encrypted = await keyring.onEncrypt(materials);
      const dataKey = Buffer.from(encrypted.plaintextDataKey ?? []).toString('hex');
      if (dataKeys.has(dataKey)) mixedUp++;
      dataKeys.add(dataKey);
      const decrypted = await keyring.onDecrypt(
        { suite: materials.suite, encryptionContext: materials.encryptionContext },
        encrypted.encryptedDataKeys,
      );
      if (Buffer.from(decrypted.plaintextDataKey ?? []).toString('hex') !== dataKey) mixedUp++;
    } catch (error) {
      lost++;
      count(`lost: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  const seconds = (performance.now() - started) / 1_000;
  rotation.stop();
  return [
    { name: 'operations', value: calls },
    { name: 'lost', value: lost },
    { name: 'duplicated or mixed up', value: mixedUp },
    { name: 'credentials used', value: rotation.rotations() },
    { name: 'time', value: rounded(seconds), unit: 's' },
    ...[...events].map(([name, value]) => ({ name: `event ${name}`, value })),
  ];
}

/** Every second the clock of the cloud passes the credentials' end, and the next ones are fetched. */
function rotatingCredentials(local: BenchmarkCloud): {
  readonly provider: CredentialsProvider;
  readonly rotations: () => number;
  readonly stop: () => void;
} {
  let rotations = 0;
  const fetchNew = async (): Promise<Credentials> => {
    rotations++;
    const role = assumeRole({
      source: local.credentials,
      roleArn,
      endpoint: local.cloud.endpoints.sts,
      durationSeconds: 900,
    });
    const credentials = await role.getCredentials();
    role.close?.();
    return credentials;
  };
  let current = fetchNew();
  const timer = setInterval(() => {
    local.cloud.clock.advance(901_000);
    current = fetchNew();
  }, 1_000);
  return {
    provider: { getCredentials: () => current },
    rotations: () => rotations,
    stop: () => clearInterval(timer),
  };
}
