import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { CreateKeyRequest } from '@alicloud/kms20160120';
import type { CredentialsProvider } from '@yunseal/credentials';
import { toKmsError } from '@yunseal/keyring-kms';
import type { LocalCloud } from '@yunseal/local-cloud';
import type { ObjectStore, OssEncryptionClient } from '@yunseal/oss-integration';
import type { Grant } from './2-grant-a-role.ts';
import { officialClients } from './official-clients.ts';

/** Step 6, first part: the role may use one key; it may not make another. */
export async function createAnotherKey(
  cloud: LocalCloud,
  credentials: CredentialsProvider,
  keyArn: Grant['keyArn'],
): Promise<void> {
  const { kms } = officialClients(cloud, credentials);
  const allKeys = keyArn.slice(0, keyArn.lastIndexOf('/'));
  await kms.createKey(new CreateKeyRequest({})).catch((thrown: unknown) => {
    throw toKmsError(thrown, { operation: 'CreateKey', region: cloud.region, resource: allKeys });
  });
}

/** Step 6, second part: the role may write and read objects; it may not delete them. */
export async function deleteTheObject(bucket: OssEncryptionClient, key: string): Promise<void> {
  await bucket.delete(key);
}

/** Step 6, third part: the context is bound to the message, so a reader who expects another one gets nothing. */
export async function readWithAnotherContext(bucket: OssEncryptionClient, key: string): Promise<void> {
  await bucket.get(key, { context: { project: 'another' } });
}

/** Step 6, fourth part: somebody with access to the bucket flips one bit near the object's end. */
export async function flipOneBit(store: ObjectStore, key: string): Promise<void> {
  const { body } = await store.get(key);
  const bytes = await buffer(body);
  const place = bytes.length - 100;
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  await store.put(key, bytes);
}

/** What is in the folder that a refused download was to write to. */
export const filesBeside = (path: string): Promise<string[]> => readdir(dirname(path));

/**
 * Runs what must be refused.
 *
 * @returns the error it was refused with
 * @throws Error when it was not refused
 */
export async function refusal(
  what: string,
  attempt: () => Promise<unknown>,
): Promise<Error & { code?: string }> {
  try {
    await attempt();
  } catch (error) {
    return error as Error;
  }
  throw new Error(`${what} was not refused`);
}
