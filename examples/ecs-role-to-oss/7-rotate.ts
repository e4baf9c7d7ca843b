import type { LocalCloud } from '@yunseal/local-cloud';
import type { OssEncryptionClient } from '@yunseal/oss-integration';
import { TRANSFER } from './names.ts';
import { progressBar } from './narrator.ts';

const HOUR = 3_600_000;

/** Step 7: half-way through the upload the credentials it began with expire. Nothing is told to the upload. */
export async function uploadAcrossARotation(
  cloud: LocalCloud,
  bucket: OssEncryptionClient,
  path: string,
  key: string,
): Promise<void> {
  const { onProgress, done } = progressBar('encrypted and stored');
  let expired = false;
  await bucket.upload(
    key,
    { path },
    {
      ...TRANSFER,
      onProgress(now) {
        onProgress(now);
        if (!expired && now.transferred >= (now.total ?? 0) / 2) {
          cloud.clock.advance(2 * HOUR);
          expired = true;
        }
      },
    },
  );
  done();
}
