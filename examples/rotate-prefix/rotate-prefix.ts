import type { Keyring } from '@yunseal/crypto-core';
import type { OssEncryptionClient, RewrapReport } from '@yunseal/oss-integration';

/**
 * Give every object under a prefix the wrapping key of another keyring: first on paper, then for real. A run that is cut
 * off goes on from its checkpoint.
 */
export async function rotatePrefix(
  objects: OssEncryptionClient,
  prefix: string,
  to: Keyring,
  checkpoint: string,
): Promise<RewrapReport> {
  const plan = await objects.rewrap({ prefix }, { to, dryRun: true });
  console.log(`${plan.planned} objects to rewrap, ${plan.skipped} to leave alone`);
  return objects.rewrap(
    { prefix },
    {
      to,
      checkpoint,
      concurrency: 8,
      onObject: (object) => {
        if (object.outcome === 'failed') console.error(`${object.key}: ${object.message}`);
      },
    },
  );
}
