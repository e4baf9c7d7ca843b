import {
  type AlgorithmSuite,
  type EncryptedDataKey,
  type EncryptionContext,
  type FramedHeader,
  inspectMessage,
  parseAliyunHeader,
  TruncatedMessageError,
} from '@yunseal/crypto-core';
import { ObjectNotFoundError } from '../errors.ts';
import { checkKeyCount, headerBytesToFetch } from '../header-limits.ts';
import { readEncryptionSdkMetadata } from '../layouts/encryption-sdk.ts';
import { type LayoutName, ownMetadata, recogniseLayout } from '../layouts/layout.ts';
import { readOssSdkMetadata } from '../layouts/oss-sdk.ts';
import { fetchStart, framedHeaderBytes, type ObjectStart } from '../opened-object.ts';
import type { OssSettings, ReadCallOptions } from '../settings.ts';

/** What an object says of itself. No key is used, so nothing of it is authenticated. */
export interface ObjectHead {
  readonly key: string;
  /** `undefined`: not encrypted in a layout known here. */
  readonly layout: LayoutName | undefined;
  /** Bytes of plaintext; undefined where only reading the object tells (signed suites). */
  readonly length: number | undefined;
  /** Bytes as stored. */
  readonly storedLength: number;
  readonly suite: AlgorithmSuite | undefined;
  readonly encryptedDataKeys: readonly EncryptedDataKey[];
  /** The whole encryption context, `acs:oss:` entries included. */
  readonly context: EncryptionContext;
  /** Layout `oss-sdk`: how the content key is wrapped, and for which master key. */
  readonly masterKey:
    | { readonly wrapAlgorithm: string; readonly description: string | undefined }
    | undefined;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string | undefined;
  readonly lastModified: Date | undefined;
  readonly versionId: string | undefined;
}

/** Describe an object without decrypting it. Fetches its metadata and, for a framed object, its first bytes. */
export async function head(
  settings: OssSettings,
  key: string,
  options: Pick<ReadCallOptions, 'ifMatch' | 'signal'> = {},
): Promise<ObjectHead> {
  const start = await fetchStart(settings, key, options);
  const { object } = start;
  const recognised = recogniseLayout(object.metadata, start.bytes[0]);
  const { layout } = recognised;
  const common = {
    key,
    layout,
    length: object.length,
    storedLength: object.length,
    suite: undefined,
    encryptedDataKeys: [],
    context: {},
    masterKey: undefined,
    etag: object.etag,
    metadata: ownMetadata(object.metadata, layout),
    contentType: object.contentType,
    lastModified: object.lastModified,
    versionId: object.versionId,
  };
  switch (layout) {
    case 'framed': {
      const inMetadata = recognised.header === 'in-metadata';
      const header = inMetadata
        ? (inspectMessage(framedHeaderBytes(object.metadata)) as FramedHeader)
        : await inspectStart(settings, start, options);
      checkKeyCount(settings, header);
      const { suite, encryptedDataKeys, context } = header;
      const stored = object.length + (inMetadata ? header.headerLength : 0);
      return { ...common, length: framedLength(header, stored), suite, encryptedDataKeys, context };
    }
    case 'oss-sdk': {
      const { wrapAlgorithm, description } = readOssSdkMetadata(object.metadata);
      return { ...common, masterKey: { wrapAlgorithm, description } };
    }
    case 'encryption-sdk': {
      const header = parseAliyunHeader(readEncryptionSdkMetadata(object.metadata).header);
      checkKeyCount(settings, header);
      const { suite, encryptedDataKeys, context } = header;
      return { ...common, suite, encryptedDataKeys, context };
    }
    case undefined:
      return common;
  }
}

/** Whether there is an object under a key, encrypted or not. */
export async function exists(
  { store, retry }: OssSettings,
  key: string,
  options: Pick<ReadCallOptions, 'signal'> = {},
): Promise<boolean> {
  try {
    await retry(() => store.head(key, options), options.signal);
    return true;
  } catch (error) {
    if (error instanceof ObjectNotFoundError && error.request.serviceCode !== 'NoSuchBucket') return false;
    throw error;
  }
}

async function inspectStart(
  settings: OssSettings,
  { object, bytes }: ObjectStart,
  { signal }: Pick<ReadCallOptions, 'signal'>,
): Promise<FramedHeader> {
  for (let known = bytes; ; ) {
    try {
      return inspectMessage(known) as FramedHeader;
    } catch (error) {
      if (!(error instanceof TruncatedMessageError) || error.needed > object.length) throw error;
      const wanted = headerBytesToFetch(error, known.length);
      const { bytes } = await fetchStart(settings, object.key, { ifMatch: object.etag, signal }, wanted);
      if (bytes.length <= known.length) throw error;
      known = bytes;
    }
  }
}

/**
 * Frames of a framed message add a fixed number of bytes: 32 each, the final one 40 (sequence number, IV and tag; the
 * final one also its mark and length: data-format/message-body.md).
 */
function framedLength(header: FramedHeader, stored: number): number | undefined {
  if (header.suite.signature !== undefined || header.contentType !== 'framed') return undefined;
  const body = stored - header.headerLength;
  const frames = Math.floor((body - 40) / (header.frameLength + 32));
  const length = body - 40 - frames * 32;
  return frames < 0 || length < 0 || length > (frames + 1) * header.frameLength ? undefined : length;
}
