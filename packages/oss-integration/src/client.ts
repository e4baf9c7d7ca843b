import type { DecryptedObject } from './decrypted-object.ts';
import { get } from './operations/get.ts';
import { type PutOptions, type PutResult, put } from './operations/put.ts';
import { type OssEncryptionClientOptions, type ReadCallOptions, resolveOssSettings } from './settings.ts';
import type { ObjectSource } from './source.ts';

/** Encrypted objects in one bucket. */
export interface OssEncryptionClient {
  put(key: string, source: ObjectSource, options?: PutOptions): Promise<PutResult>;
  get(key: string, options?: ReadCallOptions): Promise<DecryptedObject>;
}

/** A client for encrypted objects in the bucket of a store. */
export function createOssEncryptionClient(options: OssEncryptionClientOptions): OssEncryptionClient {
  const settings = resolveOssSettings(options);
  return {
    put: (key, source, call) => put(settings, key, source, call),
    get: (key, call) => get(settings, key, call),
  };
}
