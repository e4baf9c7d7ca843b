import type { EncryptedDataKey, EncryptionContext } from './keyring.ts';
import type { AlgorithmSuite } from './suites/suite.ts';

interface HeaderBase {
  readonly suite: AlgorithmSuite;
  /** In the message's order. */
  readonly encryptedDataKeys: readonly EncryptedDataKey[];
  /** The entries stored in the message. Required entries that are only authenticated are not here. */
  readonly context: EncryptionContext;
  /** Length of the header in bytes: the body starts there. */
  readonly headerLength: number;
}

/** The header of a framed message. */
export interface FramedHeader extends HeaderBase {
  readonly format: 'framed';
  /** Version of the message format: 2 for the suites that commit to their key. */
  readonly version: 1 | 2;
  /** 16 bytes in version 1, 32 in version 2. */
  readonly messageId: Uint8Array;
  /** Non-framed bodies are read, never written. */
  readonly contentType: 'framed' | 'non-framed';
  /** Plaintext bytes per frame; 0 in a non-framed message. */
  readonly frameLength: number;
}

/** The two ways to write an aliyun message: DER for whole byte arrays, plain binary for streams. */
export type AliyunEncoding = 'message' | 'stream';

/** The header of a message of the Alibaba Cloud Encryption SDK. */
export interface AliyunHeader extends HeaderBase {
  readonly format: 'aliyun';
  readonly encoding: AliyunEncoding;
  readonly version: 1;
}

/** What a message says of itself. Nothing in it is authenticated until the message has been decrypted. */
export type MessageHeader = FramedHeader | AliyunHeader;
