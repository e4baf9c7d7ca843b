import {
  DataKeyWrapError,
  type EncryptedDataKey,
  type EncryptionMaterials,
  InvalidArgumentError,
  type Keyring,
} from '@yunseal/crypto-core';
import { isOutage } from '../client/failure.ts';
import { type RegionalKmsOptions, regionalKmsClients } from '../client/regional-clients.ts';
import { KmsCircuitOpenError, KmsThrottledError } from '../errors.ts';
import { quietly } from '../events.ts';
import type { KeyIdentifier, KeyReference, ParsedKeyArn } from '../key-identifier.ts';
import { parseKeyIdentifier } from '../key-identifier.ts';
import type { GeneratedDataKey, KmsCallOptions, KmsClient } from '../kms-client.ts';
import { systemClock } from '../resilience/clock.ts';
import { hedged } from '../resilience/hedged.ts';
import { keyResolver } from './key-resolver.ts';
import { kmsProviderId } from './provider-id.ts';
import { kmsWrappings, type RegionPreference, unwrapWithKms } from './unwrap.ts';

export interface KmsKeyringOptions extends RegionalKmsOptions, RegionPreference {
  /** The key that generates the data key. */
  readonly keyId: KeyIdentifier;
  /** Further keys that wrap the same data key: any one of all of them decrypts. */
  readonly additionalKeyIds?: readonly KeyIdentifier[] | undefined;
  /** The region of keys that are named by alias or by bare key id. */
  readonly region?: string | undefined;
  /** The account of keys that are named by alias or by bare key id; without it KMS is asked (DescribeKey). */
  readonly accountId?: string | undefined;
  /**
   * What to do on encrypt when a key's region is down: `fail` (the default) with the region's error, or `skip` the key
   * and wrap with those that are up. `missingKeys(header)` and a `key-skipped` event say which keys were left out.
   */
  readonly whenRegionDown?: 'fail' | 'skip' | undefined;
  /** With `whenRegionDown: 'skip'`: how long a key is waited for, in milliseconds. Default 3,000. */
  readonly skipAfterMs?: number | undefined;
  /**
   * Wrap for additional keys of the generator's region by ReEncrypt, where the gateway has it, so that the plaintext data key
   * does not travel again. Needs kms:ReEncryptFrom and kms:ReEncryptTo instead of kms:Encrypt. Default `false`.
   */
  readonly reEncrypt?: boolean | undefined;
  /** Takes the place of the connection options: gives the client of a region. */
  readonly client?: ((region: string) => KmsClient) | undefined;
  /** Gives up whatever the keyring is doing. */
  readonly signal?: AbortSignal | undefined;
}

/** A keyring over KMS keys. */
export interface KmsKeyring extends Keyring {
  /**
   * Which of the configured keys did not wrap the message with this header, as the configuration names them: those whose
   * region was down while `whenRegionDown` was `skip`. Rewrap such a message (`rewrapMessage`) when the region is up again.
   */
  missingKeys(header: { readonly encryptedDataKeys: readonly EncryptedDataKey[] }): readonly string[];
}

/** A key that, by option, did not wrap a message because its region was down. */
interface SkippedKey {
  readonly keyId: string;
  readonly region: string;
  readonly error: Error;
}

/**
 * A keyring whose wrapping keys are KMS keys. On encrypt it has KMS generate the data key under `keyId` and wrap it under
 * each of `additionalKeyIds` as well; when the materials already hold a data key, every key wraps that one. On decrypt it
 * asks only for encrypted data keys whose ARN is one of the configured keys, in the region the ARN names.
 *
 * @throws KeyIdentifierError when a key id cannot be understood; InvalidArgumentError when a key is named twice.
 */
export function kmsKeyring(options: KmsKeyringOptions): KmsKeyring {
  const keys = [options.keyId, ...(options.additionalKeyIds ?? [])].map((text) =>
    parseKeyIdentifier(text, options),
  );
  const names = keys.map((key) => `${key.region} ${key.requestKeyId}`);
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice !== -1) throw new InvalidArgumentError(`the key ${keys[twice]?.text} is named twice`);

  const clientOf = options.client ?? regionalKmsClients(options);
  const clock = options.clock ?? systemClock;
  const resolver = keyResolver(clientOf, clock);
  const onEvent = quietly(options.onEvent);
  const { signal } = options;
  const skipping = options.whenRegionDown === 'skip';
  const skipAfterMs = options.skipAfterMs ?? 3_000;

  async function generate(
    key: KeyReference,
    materials: EncryptionMaterials,
    way: { readonly signal?: AbortSignal | undefined; readonly onAttemptFailed?: (() => void) | undefined },
  ): Promise<GeneratedDataKey> {
    return clientOf(key.region).generateDataKey(
      {
        keyId: key.requestKeyId,
        numberOfBytes: materials.suite.dataKeyLength,
        encryptionContext: materials.encryptionContext,
      },
      way,
    );
  }

  /** The data key, from the first key; or, when regions that are down are skipped, from the first that is up. */
  async function generateFromFirstUp(
    materials: EncryptionMaterials,
  ): Promise<{ readonly index: number; readonly dataKey: GeneratedDataKey }> {
    if (!skipping) return { index: 0, dataKey: await generate(keys[0]!, materials, { signal }) };
    const refused = new AbortController();
    const followed = signal === undefined ? refused.signal : AbortSignal.any([signal, refused.signal]);
    const result = await hedged(
      keys.map((key) => ({
        place: key.region,
        run: async (way) => {
          try {
            return await generate(key, materials, way);
          } catch (error) {
            // A refusal is the caller's to hear of; another key must not paper over it.
            if (!way.signal.aborted && !isTemporary(error)) refused.abort(error);
            throw error;
          }
        },
      })),
      { afterMs: skipAfterMs, clock, signal: followed, discard: (late) => late.plaintext.fill(0) },
    );
    if ('value' in result) return { index: result.index, dataKey: result.value };
    throw new DataKeyWrapError('no region could generate a data key', result.errors);
  }

  async function wrap(
    key: KeyReference,
    plaintext: Uint8Array,
    materials: EncryptionMaterials,
    generated: { readonly region: string; readonly ciphertext: Uint8Array } | undefined,
    callOptions: KmsCallOptions,
  ): Promise<EncryptedDataKey> {
    const client = clientOf(key.region);
    const context = materials.encryptionContext;
    const canReEncrypt = options.reEncrypt === true && generated?.region === key.region;
    const wrapped =
      canReEncrypt && client.reEncrypt !== undefined
        ? await client.reEncrypt(
            {
              ciphertext: generated.ciphertext,
              sourceEncryptionContext: context,
              destinationKeyId: key.requestKeyId,
              destinationEncryptionContext: context,
            },
            callOptions,
          )
        : await client.encrypt(
            { keyId: key.requestKeyId, plaintext, encryptionContext: context },
            callOptions,
          );
    return encryptedDataKey(
      await resolver.arnAnswered(key, wrapped.keyId, callOptions.signal),
      wrapped.ciphertext,
    );
  }

  async function wrapOrSkip(
    key: KeyReference,
    plaintext: Uint8Array,
    materials: EncryptionMaterials,
    generated: { readonly region: string; readonly ciphertext: Uint8Array } | undefined,
  ): Promise<EncryptedDataKey | SkippedKey> {
    if (!skipping) return wrap(key, plaintext, materials, generated, { signal });
    const enough = new AbortController();
    const followed = signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]);
    const timer = setTimeout(() => enough.abort(), skipAfterMs);
    try {
      return await wrap(key, plaintext, materials, generated, {
        signal: followed,
        // The region is known to be down: no need to find out again for every message.
        onAttemptFailed: (error) => {
          if (error instanceof KmsCircuitOpenError) enough.abort();
        },
      });
    } catch (error) {
      if (signal?.aborted || !(enough.signal.aborted || isTemporary(error))) throw error;
      return {
        keyId: key.text,
        region: key.region,
        error: enough.signal.aborted
          ? new DataKeyWrapError(
              `${key.text} was skipped: its region is down, or gave no answer in ${skipAfterMs} ms`,
            )
          : (error as Error),
      };
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async onEncrypt(materials) {
      const given = materials.plaintextDataKey;
      const fresh = given === undefined ? await generateFromFirstUp(materials) : undefined;
      const plaintext = given ?? fresh!.dataKey.plaintext;
      try {
        const generator = fresh === undefined ? undefined : keys[fresh.index]!;
        const generated =
          fresh === undefined
            ? undefined
            : { region: generator!.region, ciphertext: fresh.dataKey.ciphertext };
        const first =
          fresh === undefined
            ? []
            : [
                encryptedDataKey(
                  await resolver.arnAnswered(generator!, fresh.dataKey.keyId, signal),
                  fresh.dataKey.ciphertext,
                ),
              ];
        const others = keys.filter((key) => key !== generator);
        const settled = await Promise.allSettled(
          others.map((key) => wrapOrSkip(key, plaintext, materials, generated)),
        );
        signal?.throwIfAborted();
        const failures = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
        if (failures.length > 0) throw wrapFailure(failures);
        const results = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
        const wrapped = results.filter((one) => !isSkipped(one)) as EncryptedDataKey[];
        const skipped = results.filter(isSkipped);
        const own = uniqueByArn([...first, ...wrapped]);
        if (own.length === 0) {
          throw new DataKeyWrapError(
            'no region could wrap the data key',
            skipped.map((one) => one.error),
          );
        }
        for (const { keyId, region, error } of skipped) {
          onEvent({ type: 'key-skipped', keyId, region, errorCode: codeOf(error) });
        }
        return {
          ...materials,
          plaintextDataKey: plaintext,
          encryptedDataKeys: [...materials.encryptedDataKeys, ...own],
        };
      } catch (error) {
        if (given === undefined) plaintext.fill(0);
        throw error;
      }
    },

    async onDecrypt(materials, encryptedDataKeys) {
      if (materials.plaintextDataKey !== undefined) return materials;
      const present = kmsWrappings(encryptedDataKeys);
      if (present.length === 0) return materials;
      // Only keys that could be one of those present are worth asking KMS about.
      const candidates = keys.filter((key) => present.some(({ arn }) => couldBe(key, arn)));
      const resolved = await Promise.allSettled(candidates.map((key) => resolver.arnOf(key, signal)));
      signal?.throwIfAborted();
      const allowed = new Set(resolved.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
      const wrappings = present.filter(({ encryptedDataKey: one }) => allowed.has(one.providerInfo));
      if (wrappings.length === 0) {
        const unresolved = resolved.find((one) => one.status === 'rejected');
        if (unresolved !== undefined) throw unresolved.reason;
        return materials;
      }
      return unwrapWithKms(materials, wrappings, { ...options, clientOf, clock });
    },

    missingKeys({ encryptedDataKeys }) {
      const present = kmsWrappings(encryptedDataKeys);
      return keys
        .filter(
          (key) => !present.some(({ arn, encryptedDataKey: one }) => isUnder(key, arn, one.providerInfo)),
        )
        .map((key) => key.text);
    },
  };

  function isUnder(key: KeyReference, arn: ParsedKeyArn, arnText: string): boolean {
    const resolved = resolver.knownArn(key);
    return resolved === undefined ? couldBe(key, arn) : resolved === arnText;
  }
}

function couldBe(key: KeyReference, arn: ParsedKeyArn): boolean {
  return (
    key.region === arn.region &&
    (key.accountId === undefined || key.accountId === arn.accountId) &&
    (key.kind === 'alias' || key.requestKeyId === arn.keyId)
  );
}

function encryptedDataKey(arn: string, ciphertext: Uint8Array): EncryptedDataKey {
  return { providerId: kmsProviderId, providerInfo: arn, ciphertext };
}

/** Two aliases may name one key; a message never carries two wrappings under one ARN. */
function uniqueByArn(keys: readonly EncryptedDataKey[]): EncryptedDataKey[] {
  return [...new Map(keys.map((key) => [key.providerInfo, key])).values()];
}

function isSkipped(result: EncryptedDataKey | SkippedKey): result is SkippedKey {
  return 'error' in result;
}

function isTemporary(error: unknown): boolean {
  return isOutage(error) || error instanceof KmsCircuitOpenError || error instanceof KmsThrottledError;
}

function wrapFailure(failures: readonly unknown[]): unknown {
  if (failures.length === 1) return failures[0];
  const messages = failures.map((error) => (error instanceof Error ? error.message : String(error)));
  return new DataKeyWrapError(`KMS could not wrap the data key: ${messages.join('; ')}`, failures);
}

function codeOf(error: Error): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
}
