import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { LocalCloud } from '@yunseal/local-cloud';
import type { OssEncryptionClient } from '@yunseal/oss-integration';
import { progress } from './narrator.ts';

const HOUR = 3_600_000;

/** Step 7: half-way through the upload the credentials it began with expire. Nothing is told to the upload. */
export async function uploadAcrossARotation(
  cloud: LocalCloud,
  bucket: OssEncryptionClient,
  path: string,
  key: string,
): Promise<void> {
  const { size } = await stat(path);
  let sent = 0;
  let moved = false;
  const ageTheCredentials = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      sent += chunk.byteLength;
      if (!moved && sent >= size / 2) {
        cloud.clock.advance(2 * HOUR);
        moved = true;
      }
      controller.enqueue(chunk);
    },
  });
  const plaintext = Readable.toWeb(
    createReadStream(path, { highWaterMark: 1024 * 1024 }),
  ) as ReadableStream<Uint8Array>;
  await bucket.put(key, plaintext.pipeThrough(ageTheCredentials).pipeThrough(progress('encrypted', size)));
}
