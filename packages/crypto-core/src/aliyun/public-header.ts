import type { AliyunEncoding, AliyunHeader } from '../header.ts';
import type { HeaderFields } from './header.ts';

/** A header as callers see it. */
export function publicHeader(
  { suite, encryptedDataKeys, context }: HeaderFields,
  encoding: AliyunEncoding,
  headerLength: number,
): AliyunHeader {
  return Object.freeze({
    format: 'aliyun',
    encoding,
    version: 1,
    suite,
    encryptedDataKeys,
    context,
    headerLength,
  });
}
