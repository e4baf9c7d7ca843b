import type { OssSettings, ReadCallOptions } from '../settings.ts';
import { WriteFailedError } from '../write-outcome.ts';
import { get } from './get.ts';
import { type ObjectWriteOptions, type PutResult, put } from './put.ts';

export interface CopyCallOptions
  extends Pick<ObjectWriteOptions, 'ifAbsent' | 'ifMatch' | 'serverSideEncryption' | 'headers' | 'signal'> {
  /** How to read the source: its context, whose name it carries. */
  readonly source?: Omit<ReadCallOptions, 'signal'> | undefined;
}

/**
 * Copy an object to another key. It is decrypted and encrypted anew, since its encryption context names the key; its
 * context, metadata and content type come along. When writing breaks, the same version of the source is read again.
 */
export async function copy(
  settings: OssSettings,
  sourceKey: string,
  key: string,
  options: CopyCallOptions = {},
): Promise<PutResult> {
  const { source, ...write } = options;
  const { signal } = options;
  let ifMatch = source?.ifMatch;
  let failure: WriteFailedError | undefined;
  const attempt = async () => {
    const object = await get(settings, sourceKey, { ...source, ifMatch, signal });
    const { context, metadata, contentType, body } = object;
    ifMatch = object.etag;
    try {
      return await put(settings, key, body, {
        ...write,
        context: settings.layout === 'oss-sdk' ? undefined : context,
        metadata,
        contentType,
      });
    } catch (error) {
      // A write that failed at once has not read the source, whose connection would be held until it is given up.
      await body.cancel().catch(() => undefined);
      if (!(error instanceof WriteFailedError) || error.outcome !== 'unchanged') throw error;
      failure = error;
      // What the store said tells whether another try may help.
      throw error.cause;
    }
  };
  try {
    return await settings.retry(attempt, signal);
  } catch (error) {
    throw failure !== undefined && error === failure.cause ? failure : error;
  }
}
