import {
  type CommitmentPolicy,
  createEncryptionClient,
  type EncryptionClient,
  type EncryptionContext,
  InvalidArgumentError,
  type Keyring,
  type SuiteReference,
} from '@yunseal/crypto-core';
import type { ObjectBinding } from './identity.ts';
import type { LayoutName } from './layouts/layout.ts';
import { type Retry, type RetryOptions, retryPolicy } from './retry.ts';
import type { ObjectStore } from './store/object-store.ts';

export interface OssEncryptionClientOptions {
  /** Where the objects are: `alicloudOssStore(...)`, `aliOssStore(...)`, or another. */
  readonly store: ObjectStore;
  /** What wraps the data keys; needed for the layouts `framed` and `encryption-sdk`. */
  readonly keyring?: Keyring | undefined;
  /** The layout to write. By default `framed`. All are read, within the limits of the options below. */
  readonly layout?: LayoutName | undefined;
  /** Entries of the encryption context for every object; a call's `context` adds to them. */
  readonly context?: EncryptionContext | undefined;
  /** Algorithm suite of `framed` and `encryption-sdk`; by default that of crypto-core. */
  readonly suite?: SuiteReference | undefined;
  /** Plaintext bytes per frame. By default 65,536. A range costs at least one frame, and each frame 32 bytes. */
  readonly frameLength?: number | undefined;
  /** As in crypto-core. By default `require`. */
  readonly commitmentPolicy?: CommitmentPolicy | undefined;
  readonly maxEncryptedDataKeys?: number | undefined;
  /**
   * Consent to bytes that nothing authenticates: objects in layout `oss-sdk` (always consented to when that is the
   * client's own layout) and ranges of objects in layout `encryption-sdk`. By default false.
   */
  readonly allowUnauthenticated?: boolean | undefined;
  /** Consent to give out objects that are not encrypted as they are. By default false. */
  readonly allowUnencrypted?: boolean | undefined;
  readonly retry?: RetryOptions | undefined;
}

/** Options with every default filled in, and what is made of them. */
export interface OssSettings {
  readonly store: ObjectStore;
  readonly retry: Retry;
  readonly layout: LayoutName;
  readonly context: EncryptionContext;
  readonly allowUnauthenticated: boolean;
  readonly allowUnencrypted: boolean;
  /** Fails with `InvalidArgumentError` when the client was made without a keyring. */
  messages(): EncryptionClient;
}

/** What a call may say about reading. */
export interface ReadCallOptions {
  /** Entries that the object's encryption context must have. */
  readonly context?: EncryptionContext | undefined;
  readonly boundTo?: ObjectBinding | undefined;
  /** Fail with `ObjectChangedError` unless the stored object has this ETag. */
  readonly ifMatch?: string | undefined;
  /** For this call, as in the client's options. */
  readonly allowUnauthenticated?: boolean | undefined;
  /** For this call, as in the client's options. */
  readonly allowUnencrypted?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function resolveOssSettings(options: OssEncryptionClientOptions): OssSettings {
  const { store, keyring, suite, frameLength, commitmentPolicy, maxEncryptedDataKeys } = options;
  if (typeof store?.get !== 'function') {
    throw new InvalidArgumentError('store must be an ObjectStore, such as alicloudOssStore(...) gives');
  }
  const layout = options.layout ?? 'framed';
  if (!['framed', 'oss-sdk', 'encryption-sdk'].includes(layout)) {
    throw new InvalidArgumentError('layout must be framed, oss-sdk or encryption-sdk');
  }
  if (layout === 'framed' && keyring === undefined) {
    throw new InvalidArgumentError('layout framed needs a keyring');
  }
  const messages =
    keyring === undefined
      ? undefined
      : createEncryptionClient(
          { keyring },
          { format: 'framed', suite, frameLength, commitmentPolicy, maxEncryptedDataKeys },
        );
  return {
    store,
    retry: retryPolicy(options.retry),
    layout,
    context: options.context ?? {},
    allowUnauthenticated: options.allowUnauthenticated === true,
    allowUnencrypted: options.allowUnencrypted === true,
    messages() {
      if (messages === undefined) throw new InvalidArgumentError('this client was made without a keyring');
      return messages;
    },
  };
}
