import { randomFillSync } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { accessKey } from '@yunseal/credentials';
import { alicloudOssStore } from '@yunseal/oss-integration';
import { startTheCloud } from './1-start-the-cloud.ts';
import { grantARole } from './2-grant-a-role.ts';
import { credentialsOfTheInstance } from './3-get-credentials.ts';
import { encryptedBucket, encryptIntoOss } from './4-encrypt-into-oss.ts';
import { firstDifference, inspectStored, listTen, readBack, readTheEnd } from './5-list-and-read-back.ts';
import {
  createAnotherKey,
  deleteTheObject,
  filesBeside,
  flipOneBit,
  readWithAnotherContext,
  refusal,
} from './6-refused.ts';
import { uploadAcrossARotation } from './7-rotate.ts';
import { rewrapUnderANewKey } from './8-rewrap.ts';
import { BUCKET, ROLE_NAME } from './names.ts';
import { say, size, step, watchMemory } from './narrator.ts';
import { listenToTheWire } from './wire.ts';

const MiB = 1024 * 1024;

export interface StoryOptions {
  /** The file to encrypt; one of 64 MiB is made when absent. */
  readonly file?: string | undefined;
  /** First of six ports in a row; free ones when absent. */
  readonly port?: number | undefined;
  /** Where the decrypted copies go. */
  readonly out: string;
}

/** Tells the story of the source documents, step by step; rejects when anything is not as it must be. */
export async function tellTheStory({ file, port, out }: StoryOptions): Promise<void> {
  const memory = watchMemory();
  const path = file ?? (await makeFile(join(out, 'made-by-the-demo.bin')));
  const key = basename(path);

  const cloud = await step('1. The local cloud starts', nothing, async () => {
    const started = await startTheCloud(port);
    for (const [name, url] of Object.entries(started.endpoints)) say(`${name.padEnd(4)}  ${url}`);
    return started;
  });
  const wire = listenToTheWire(cloud);
  try {
    const { keyArn } = await step(
      '2. An administrator creates a key, a bucket and a role, and gives the role to an instance',
      wire.tell,
      async () => {
        const grant = await grantARole(cloud);
        say(`who may assume ${ROLE_NAME}: ${compact(grant.trust)}`);
        say(`what it may do: ${compact(grant.permissions)}`);
        return grant;
      },
    );

    const credentials = credentialsOfTheInstance(cloud);
    await step('3. The application asks the metadata service for credentials', wire.tell, async () => {
      const { accessKeyId, expiration } = await credentials.getCredentials();
      say(`${accessKeyId}, valid until ${expiration?.toISOString()}; no secret was configured`);
    });

    const bucket = encryptedBucket(cloud, keyArn, credentials);
    await step(`4. ${key} is encrypted into OSS`, wire.tell, async () => {
      const stored = await encryptIntoOss(bucket, path, key);
      say(`stored in ${BUCKET}/${key}, ${stored.toLocaleString('en')} bytes`);
    });

    // The administrator looks at what is stored, without the key.
    const store = alicloudOssStore({
      bucket: BUCKET,
      endpoint: cloud.endpoints.oss,
      region: cloud.region,
      credentials: accessKey(cloud.administrator),
    });
    await step('5. The bucket is listed, and the object read back', wire.tell, async () => {
      for (let i = 1; i < 10; i += 1) await bucket.put(`notes/${i}.txt`, `note ${i}`);
      for (const { key: name, length } of await listTen(bucket)) say(`${size(length).padStart(10)}  ${name}`);
      const header = await inspectStored(store, key);
      say(`${key} is a ${header.format} message: ${header.suite.name}`);
      for (const { providerId, providerInfo } of header.encryptedDataKeys) {
        say(`data key wrapped by ${providerId} under ${providerInfo}`);
      }
      say(`encryption context ${JSON.stringify(header.context)}`);
      await readBackAndCompare(join(out, `decrypted-${key}`), key);
      const end = await readTheEnd(bucket, 'notes/1.txt', 1);
      say(`the last byte of notes/1.txt, by a verified ranged read: ${Buffer.from(end)}`);
    });

    await step('6. What was not granted is refused', wire.tell, async () => {
      const refused = async (what: string, attempt: () => Promise<unknown>) => {
        const error = await refusal(what, attempt);
        say(`${what}: ${error.code}\n      ${error.message}`);
      };
      await refused('kms:CreateKey', () => createAnotherKey(cloud, credentials, keyArn));
      await refused('oss:DeleteObject', () => deleteTheObject(bucket, key));
      await refused('another encryption context', () => readWithAnotherContext(bucket, key));

      await bucket.put('tampered.bin', new Uint8Array(MiB));
      await flipOneBit(store, 'tampered.bin');
      const target = join(out, 'tampered.bin');
      const before = await filesBeside(target);
      await refused('one flipped bit', () => readBack(bucket, 'tampered.bin', target));
      const left = (await filesBeside(target)).filter((name) => !before.includes(name));
      if (left.length > 0) throw new Error(`the refused object left ${left} behind`);
      say('the refused download left no file behind');
    });

    await step('7. The credentials expire in the middle of an upload', wire.tell, async () => {
      const first = (await credentials.getCredentials()).accessKeyId;
      await uploadAcrossARotation(cloud, bucket, path, `again/${key}`);
      const second = (await credentials.getCredentials()).accessKeyId;
      if (first === second) throw new Error('the credentials did not rotate');
      say(`it began with ${first} and went on with ${second}`);
      await readBackAndCompare(join(out, `decrypted-again-${key}`), `again/${key}`);
    });

    await step('8. The administrator moves the object to a new key', wire.tell, async () => {
      const { newKey } = await rewrapUnderANewKey(cloud, keyArn, key);
      say(`the data key is now wrapped under ${newKey}, and no byte was decrypted`);
      const error = await refusal('a key that was not granted', () =>
        encryptedBucket(cloud, newKey, credentials).get(key),
      );
      say(`the role cannot read it, for it was not granted that key: ${error.code}\n      ${reason(error)}`);
    });

    async function readBackAndCompare(copy: string, from: string): Promise<void> {
      await readBack(bucket, from, copy);
      const difference = await firstDifference(path, copy);
      if (difference !== undefined) throw new Error(`${copy} differs from ${path} at byte ${difference}`);
      say(`read back, decrypted and compared: every byte of ${key} is the same`);
    }
  } finally {
    wire.stop();
    await cloud.close();
    const { atStart, most } = memory.stop();
    console.log(
      `\nresident memory: ${size(atStart)} at the start, at most ${size(most - atStart)} more, the local cloud included`,
    );
  }
}

async function makeFile(path: string): Promise<string> {
  const chunks = function* () {
    for (let i = 0; i < 64; i += 1) yield randomFillSync(Buffer.allocUnsafe(MiB));
  };
  await pipeline(chunks, createWriteStream(path));
  return path;
}

/** The first cause that a chain of errors goes back to. */
function reason(error: Error): string {
  return error.cause instanceof Error ? reason(error.cause) : error.message;
}

const nothing = () => [];
const compact = (json: string) => JSON.stringify(JSON.parse(json));
