import { InvalidArgumentError } from '../errors.ts';
import type { EncryptedDataKey, EncryptionContext } from '../keyring.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';
import { decryptionEntryId, encryptionEntryId } from './cache-entry-id.ts';
import { copyDataKey } from './data-key.ts';
import { type KeySource, resolveKeySource } from './key-source.ts';
import type { MaterialsManager, MessageDecryptionMaterials, MessageEncryptionMaterials } from './manager.ts';
import { type CacheEntry, type CacheLimits, createMaterialsCache } from './materials-cache.ts';

export interface CachingLimits {
  /** How long a data key may be used, in milliseconds. */
  readonly maxAgeMs: number;
  /** How many messages one data key may encrypt. Default: 2^32, the most the specification allows. */
  readonly maxMessages?: number | undefined;
  /**
   * How many plaintext bytes one data key may encrypt. Default: no limit. With a limit, messages whose length is not
   * known beforehand (streams) get a data key of their own.
   */
  readonly maxBytes?: number | undefined;
  /** How many data keys are kept, for encrypting and for decrypting each. The least recently used goes first. Default: 100. */
  readonly capacity?: number | undefined;
  /** Renew a data key that is still in use this long before its end. Default: a quarter of `maxAgeMs`, at most 10,000. */
  readonly gracePeriodMs?: number | undefined;
  /** Ask the keyring again when it has not answered after this long. Default: 1,000. */
  readonly graceIntervalMs?: number | undefined;
  /** How many different data keys may be asked for at the same time. Default: 20. */
  readonly fanOut?: number | undefined;
  /** How long a call waits for a data key that another call asked for. Default: 10,000. */
  readonly inFlightTtlMs?: number | undefined;
  /** Part of every cache entry's identifier. Default: a random one. */
  readonly partitionId?: string | undefined;
}

export type CachingMaterialsOptions = CachingLimits & KeySource;

export interface CachingMaterials extends MaterialsManager {
  /** Zero and forget every cached data key. */
  clear(): void;
}

/**
 * Use each data key for several messages: fewer calls to the keyring, at the price that one data key opens them all.
 * Entries are kept per suite, context and encrypted data keys. Suites without key derivation (0x0014, 0x0046, 0x0078
 * and the aliyun format) are never cached, since they would use one key with random IVs.
 *
 * @throws {InvalidArgumentError} naming the limit that cannot be used
 * @see framework/caching-cmm.md of the AWS Encryption SDK specification
 */
export function cachingMaterials(options: CachingMaterialsOptions): CachingMaterials {
  const source = resolveKeySource(options);
  const limits = resolveLimits(options);
  const maxMessages = limit('maxMessages', options.maxMessages ?? 2 ** 32, 2 ** 32);
  const maxBytes =
    options.maxBytes === undefined ? undefined : limit('maxBytes', options.maxBytes, Number.MAX_SAFE_INTEGER);
  const partitionId = options.partitionId ?? crypto.randomUUID();
  const encryption = createMaterialsCache<MessageEncryptionMaterials>(limits, withCopiedKeys, zeroKey);
  const decryption = createMaterialsCache<MessageDecryptionMaterials>(limits, withCopiedKey, zeroKey);

  return {
    async getEncryptionMaterials(request) {
      const { suite, plaintextLength } = request;
      const exceeds = maxBytes !== undefined && (plaintextLength === undefined || plaintextLength > maxBytes);
      if (!isCacheable(suite) || exceeds) return source.getEncryptionMaterials(request);
      const fetch = async () => withFrozenContext(await source.getEncryptionMaterials(request));
      const length = plaintextLength ?? 0;
      const use = (entry: CacheEntry<MessageEncryptionMaterials>) => {
        if (entry.messages + 1 > maxMessages || entry.bytes + length > (maxBytes ?? Infinity)) return false;
        entry.messages += 1;
        entry.bytes += length;
        return true;
      };
      return encryption.get(await encryptionEntryId(partitionId, request), use, fetch);
    },

    async getDecryptionMaterials(request) {
      if (!isCacheable(request.suite)) return source.getDecryptionMaterials(request);
      const fetch = async () => withFrozenContext(await source.getDecryptionMaterials(request));
      return decryption.get(await decryptionEntryId(partitionId, request), () => true, fetch);
    },

    clear() {
      encryption.clear();
      decryption.clear();
    },
  };
}

function isCacheable(suite: AlgorithmSuite): boolean {
  return suite.kdfHash !== undefined;
}

/** Every message that uses these materials has this one context: nobody may change it. */
function withFrozenContext<Materials extends { readonly encryptionContext: EncryptionContext }>(
  materials: Materials,
): Materials {
  return { ...materials, encryptionContext: Object.freeze({ ...materials.encryptionContext }) };
}

/** The caller may do with bytes what it likes: the next message gets others. */
function withCopiedKeys(materials: MessageEncryptionMaterials): MessageEncryptionMaterials {
  return {
    ...materials,
    plaintextDataKey: copyDataKey(materials.plaintextDataKey),
    encryptedDataKeys: materials.encryptedDataKeys.map(copyEncryptedDataKey),
  };
}

function copyEncryptedDataKey({ providerId, providerInfo, ciphertext }: EncryptedDataKey): EncryptedDataKey {
  return { providerId, providerInfo, ciphertext: new Uint8Array(ciphertext) };
}

function withCopiedKey<Materials extends { readonly plaintextDataKey: Uint8Array }>(
  materials: Materials,
): Materials {
  return { ...materials, plaintextDataKey: copyDataKey(materials.plaintextDataKey) };
}

function zeroKey(materials: { readonly plaintextDataKey: Uint8Array }): void {
  materials.plaintextDataKey.fill(0);
}

function resolveLimits(options: CachingLimits): CacheLimits {
  if (typeof options.maxAgeMs !== 'number' || !(options.maxAgeMs > 0)) {
    throw new InvalidArgumentError(
      `maxAgeMs must be a number of milliseconds above 0, not ${String(options.maxAgeMs)}`,
    );
  }
  const { maxAgeMs } = options;
  const gracePeriodMs = options.gracePeriodMs ?? Math.min(10_000, maxAgeMs / 4);
  const graceIntervalMs = options.graceIntervalMs ?? 1_000;
  const inFlightTtlMs = options.inFlightTtlMs ?? 10_000;
  for (const [name, value] of Object.entries({ gracePeriodMs, graceIntervalMs, inFlightTtlMs })) {
    if (typeof value !== 'number' || !(value >= 0)) {
      throw new InvalidArgumentError(`${name} must be a number of milliseconds, not ${String(value)}`);
    }
  }
  // The default interval may be longer than the grace period of a short life: then there is one renewal in it.
  const given = options.graceIntervalMs !== undefined;
  if (
    gracePeriodMs > maxAgeMs ||
    (given && (graceIntervalMs > gracePeriodMs || graceIntervalMs > inFlightTtlMs))
  ) {
    throw new InvalidArgumentError(
      `the cache's times do not fit together: graceIntervalMs (${graceIntervalMs}) must not be above gracePeriodMs (${gracePeriodMs}) or inFlightTtlMs (${inFlightTtlMs}), nor gracePeriodMs above maxAgeMs (${maxAgeMs})`,
    );
  }
  return {
    maxAgeMs,
    gracePeriodMs,
    graceIntervalMs,
    inFlightTtlMs,
    capacity: limit('capacity', options.capacity ?? 100, 1_000_000),
    fanOut: limit('fanOut', options.fanOut ?? 20, 1_000_000),
  };
}

function limit(name: string, value: unknown, most: number): number {
  if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > most) {
    throw new InvalidArgumentError(`${name} must be a whole number from 1 to ${most}, not ${String(value)}`);
  }
  return value as number;
}
