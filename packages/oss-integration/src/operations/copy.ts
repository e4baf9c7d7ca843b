import type { OssSettings, ReadCallOptions } from '../settings.ts';
import { get } from './get.ts';
import { type ObjectWriteOptions, type PutResult, put } from './put.ts';

export interface CopyCallOptions
  extends Pick<ObjectWriteOptions, 'ifAbsent' | 'ifMatch' | 'serverSideEncryption' | 'headers' | 'signal'> {
  /** How to read the source: its context, whose name it carries. */
  readonly source?: Omit<ReadCallOptions, 'signal'> | undefined;
}

/**
 * Copy an object to another key. It is decrypted and encrypted anew, since its encryption context names the key; its
 * context, metadata and content type come along.
 */
export async function copy(
  settings: OssSettings,
  sourceKey: string,
  key: string,
  options: CopyCallOptions = {},
): Promise<PutResult> {
  const { source, ...write } = options;
  const object = await get(settings, sourceKey, { ...source, signal: options.signal });
  const { context, metadata, contentType } = object;
  return put(settings, key, object.body, {
    ...write,
    context: settings.layout === 'oss-sdk' ? undefined : context,
    metadata,
    contentType,
  });
}
