import {
  type AlgorithmSuite,
  type CommitmentPolicy,
  createEncryptionClient,
  type EncryptionClient,
  type EncryptionContext,
  InvalidArgumentError,
  type Keyring,
  type MaterialsManager,
  type SuiteReference,
  suites,
} from '@yunseal/crypto-core';
import type { ObjectBinding } from './identity.ts';
import type { LayoutName } from './layouts/layout.ts';
import type { MasterKey } from './master-key.ts';
import { type Retry, type RetryOptions, retryPolicy } from './retry.ts';
import type { ObjectStore } from './store/object-store.ts';

export interface OssEncryptionClientOptions {
  /** Where the objects are: `alicloudOssStore(...)`, `aliOssStore(...)`, or another. */
  readonly store: ObjectStore;
  /** What wraps the data keys of the layouts `framed` and `encryption-sdk`. */
  readonly keyring?: Keyring | undefined;
  /** Instead of `keyring` for `framed` objects and whole reads: a materials manager, such as `cachingMaterials` gives. */
  readonly materials?: MaterialsManager | undefined;
  /** What wraps the content keys of layout `oss-sdk`. The first one writes; each reads what it wrote. */
  readonly masterKeys?: readonly MasterKey[] | undefined;
  /** The layout to write. By default `framed`. All are read, within the limits of the options below. */
  readonly layout?: LayoutName | undefined;
  /** Entries of the encryption context for every object; a call's `context` adds to them. */
  readonly context?: EncryptionContext | undefined;
  /** Algorithm suite of the layout; by default crypto-core's. */
  readonly suite?: SuiteReference | undefined;
  /** Plaintext bytes per frame. By default 65,536. A range costs at least one frame, and each frame 32 bytes. */
  readonly frameLength?: number | undefined;
  /** As in crypto-core. By default `require`. */
  readonly commitmentPolicy?: CommitmentPolicy | undefined;
  /** The most encrypted data keys of an object that is read, described or rewrapped. By default 10. */
  readonly maxEncryptedDataKeys?: number | undefined;
  /**
   * Where the header of a framed object goes: in front of the object's bytes (`object`, the default), or into its
   * metadata, so that `rewrap` need not move the bytes. Metadata takes about 4 KiB of header.
   */
  readonly headerIn?: 'object' | 'metadata' | undefined;
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
  /** Of the layout, where the client names one. */
  readonly suite: AlgorithmSuite | undefined;
  readonly headerIn: 'object' | 'metadata';
  readonly masterKeys: readonly MasterKey[];
  readonly allowUnauthenticated: boolean;
  readonly allowUnencrypted: boolean;
  /** As in crypto-core; undefined for its default. */
  readonly maxEncryptedDataKeys: number | undefined;
  /** Whether framed objects are written in a suite with a signature, which takes their frames in order. */
  readonly signs: boolean;
  /** The client for messages of a format; `InvalidArgumentError` without keyring or materials. */
  messages(format: 'framed' | 'aliyun'): EncryptionClient;
  /** `InvalidArgumentError` without one. */
  keyring(): Keyring;
}

/** What a call may say about reading. */
export interface ReadCallOptions {
  /** Entries that the object's encryption context must have. */
  readonly context?: EncryptionContext | undefined;
  /** Which object the encryption context must name; by default the one that is read. */
  readonly boundTo?: ObjectBinding | undefined;
  /** Fail with `ObjectChangedError` unless the stored object has this ETag. */
  readonly ifMatch?: string | undefined;
  /** For this call, as in the client's options. */
  readonly allowUnauthenticated?: boolean | undefined;
  /** For this call, as in the client's options. */
  readonly allowUnencrypted?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

const layouts: readonly LayoutName[] = ['framed', 'oss-sdk', 'encryption-sdk'];

/** @throws {InvalidArgumentError} naming the option that cannot be used */
export function resolveOssSettings(options: OssEncryptionClientOptions): OssSettings {
  const { store, keyring, materials, suite, frameLength, commitmentPolicy, maxEncryptedDataKeys } = options;
  if (typeof store?.get !== 'function') {
    throw new InvalidArgumentError('store must be an ObjectStore, such as alicloudOssStore(...) gives');
  }
  const layout = options.layout ?? 'framed';
  if (!layouts.includes(layout)) {
    throw new InvalidArgumentError(`layout must be one of ${layouts.join(', ')}`);
  }
  const masterKeys = options.masterKeys ?? [];
  if (layout === 'oss-sdk' && masterKeys.length === 0) {
    throw new InvalidArgumentError('layout oss-sdk needs masterKeys: rsaMasterKey(...) or kmsMasterKey(...)');
  }
  if (layout !== 'oss-sdk' && keyring === undefined && materials === undefined) {
    throw new InvalidArgumentError(`layout ${layout} needs a keyring`);
  }
  const clients = () => {
    const source = materials === undefined ? keyring && { keyring } : { materials };
    if (source === undefined) return undefined;
    const common = { commitmentPolicy, maxEncryptedDataKeys };
    const own = (name: LayoutName) => (layout === name ? suite : undefined);
    return {
      framed: createEncryptionClient(source, {
        ...common,
        format: 'framed',
        suite: own('framed'),
        frameLength,
      }),
      aliyun: createEncryptionClient(source, { ...common, format: 'aliyun', suite: own('encryption-sdk') }),
    };
  };
  const made = clients();
  return {
    store,
    retry: retryPolicy(options.retry),
    layout,
    context: options.context ?? {},
    suite: suite === undefined ? undefined : findSuite(suite),
    headerIn: options.headerIn ?? 'object',
    masterKeys,
    allowUnauthenticated: options.allowUnauthenticated === true || layout === 'oss-sdk',
    allowUnencrypted: options.allowUnencrypted === true,
    maxEncryptedDataKeys,
    signs: suite !== undefined && findSuite(suite)?.signature !== undefined,
    messages(format) {
      if (made === undefined) throw new InvalidArgumentError('this client was made without a keyring');
      return made[format];
    },
    keyring() {
      if (keyring === undefined) throw new InvalidArgumentError('this needs a client made with a keyring');
      return keyring;
    },
  };
}

function findSuite(reference: SuiteReference): AlgorithmSuite | undefined {
  if (typeof reference === 'object') return reference;
  if (typeof reference === 'string') return suites[reference];
  return Object.values(suites).find(({ id }) => id === reference);
}
