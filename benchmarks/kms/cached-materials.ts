import { cachingMaterials, createEncryptionClient } from '@yunseal/crypto-core';
import { kmsKeyring, regionalKmsClients } from '@yunseal/keyring-kms';
import { benchmarkCloud, keyArn } from './cloud.ts';
import { type Figure, inParallel, rounded } from './figures.ts';

/** KMS calls, and messages a second, for `messages` messages of 1 KiB, with and without cached materials. */
export async function cachedMaterials(messages: number): Promise<Figure[]> {
  await using local = await benchmarkCloud();
  const plaintext = new Uint8Array(1024).fill(7);
  const clients = regionalKmsClients({ credentials: local.credentials, endpoint: local.endpoint });
  const keyring = kmsKeyring({ keyId: keyArn, client: clients });
  const kmsCalls = (): number => local.cloud.auditLog().length;
  const figures: Figure[] = [];
  for (const [name, client] of [
    [
      'cached, 5 minutes and 10,000 messages a key',
      createEncryptionClient({
        materials: cachingMaterials({ keyring, maxAgeMs: 300_000, maxMessages: 10_000 }),
      }),
    ],
    ['not cached', createEncryptionClient({ keyring })],
  ] as const) {
    local.cloud.reset();
    const started = performance.now();
    await inParallel(messages, 32, async () => {
      await client.encrypt(plaintext);
    });
    const seconds = (performance.now() - started) / 1_000;
    figures.push(
      { name: `${name}: KMS calls for ${messages.toLocaleString('en')} messages`, value: kmsCalls() },
      { name: `${name}: messages per second`, value: rounded(messages / seconds, 0), unit: '1/s' },
    );
  }
  return figures;
}
