import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { accessKey } from '@yunseal/credentials';
import { cachingMaterials, rawAesKeyring } from '@yunseal/crypto-core';
import {
  alicloudOssStore,
  aliOssStore,
  createOssEncryptionClient,
  type ObjectStore,
} from '@yunseal/oss-integration';

export const accessKeys = { id: 'bench-access-key', secret: 'bench-access-key-secret' };
export const bucket = 'bench';
export const MiB = 1024 * 1024;

export type StoreName = 'alicloud' | 'ali-oss';

export async function startCloud(): Promise<{ endpoint: string; process: ChildProcess }> {
  const child = fork(new URL('./cloud.ts', import.meta.url), { silent: true, execArgv: [] });
  child.stderr?.pipe(process.stderr);
  const failed = once(child, 'exit').then(() => {
    throw new Error('the local cloud did not start');
  });
  const [line] = await Promise.race([once(child.stdout as NonNullable<typeof child.stdout>, 'data'), failed]);
  failed.catch(() => undefined);
  return { endpoint: String(line).trim(), process: child };
}

export function openStore(name: StoreName, endpoint: string): ObjectStore {
  const make = name === 'alicloud' ? alicloudOssStore : aliOssStore;
  const credentials = accessKey({ accessKeyId: accessKeys.id, accessKeySecret: accessKeys.secret });
  return make({ bucket, endpoint, credentials });
}

const keyring = rawAesKeyring({ namespace: 'bench', name: 'key', key: new Uint8Array(32).fill(7) });

export const encrypted = (store: ObjectStore) => createOssEncryptionClient({ store, keyring });

/** One data key for many objects: they must share their encryption context, and so name no key of their own. */
export const encryptedWithCache = (store: ObjectStore) =>
  createOssEncryptionClient({ store, materials: cachingMaterials({ keyring, maxAgeMs: 600_000 }) });
