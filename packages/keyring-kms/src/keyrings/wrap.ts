import { DataKeyWrapError, type EncryptedDataKey, type EncryptionMaterials } from '@yunseal/crypto-core';
import { isOutage } from '../client/failure.ts';
import { KmsCircuitOpenError, KmsThrottledError } from '../errors.ts';
import type { KeyReference } from '../key-identifier.ts';
import type { GeneratedDataKey, KmsCallOptions, KmsClient } from '../kms-client.ts';
import type { Clock } from '../resilience/clock.ts';
import { hedged } from '../resilience/hedged.ts';
import type { KeyResolver } from './key-resolver.ts';
import { kmsProviderId } from './provider-id.ts';

/** How a data key is wrapped. */
export interface Wrapping {
  /** The first one generates. */
  readonly keys: readonly KeyReference[];
  readonly clientOf: (region: string) => KmsClient;
  readonly resolver: KeyResolver;
  readonly clock: Clock;
  readonly reEncrypt: boolean;
  /** Leave keys out whose region is down, after this many milliseconds; without it, a region that is down is an error. */
  readonly skipAfterMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** A key that did not wrap a message because its region was down. */
export interface SkippedKey {
  readonly keyId: string;
  readonly region: string;
  readonly error: Error;
}

/** What the first key that was up made. */
interface Generated {
  readonly key: KeyReference;
  readonly dataKey: GeneratedDataKey;
}

/**
 * Has KMS generate a data key, unless the materials hold one, and wraps it under every key, in parallel.
 *
 * @throws KmsError of the key that failed; DataKeyWrapError when several did.
 */
export async function wrapWithKms(
  materials: EncryptionMaterials,
  wrapping: Wrapping,
): Promise<{ readonly materials: EncryptionMaterials; readonly skipped: readonly SkippedKey[] }> {
  const { keys, resolver, signal } = wrapping;
  const given = materials.plaintextDataKey;
  const generated = given === undefined ? await generate(materials, wrapping) : undefined;
  const plaintextDataKey = given ?? generated!.dataKey.plaintext;
  try {
    const first = generated === undefined ? [] : [await wrappingOf(generated, resolver, signal)];
    const settled = await Promise.allSettled(
      keys
        .filter((key) => key !== generated?.key)
        .map((key) => wrapOrSkip(key, plaintextDataKey, materials, generated, wrapping)),
    );
    signal?.throwIfAborted();
    const failures = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    if (failures.length > 0) throw failures.length === 1 ? failures[0] : allFailed(failures);
    const results = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const skipped = results.filter(isSkipped);
    const own = uniqueByArn([...first, ...results.filter(isWrapped)]);
    if (own.length === 0) throw allFailed(skipped.map(({ error }) => error));
    const encryptedDataKeys = [...materials.encryptedDataKeys, ...own];
    return { materials: { ...materials, plaintextDataKey, encryptedDataKeys }, skipped };
  } catch (error) {
    if (given === undefined) plaintextDataKey.fill(0);
    throw error;
  }
}

/** The data key, from the first key; or, when regions that are down are skipped, from the first that is up. */
async function generate(materials: EncryptionMaterials, wrapping: Wrapping): Promise<Generated> {
  const { keys, clientOf, clock, skipAfterMs, signal } = wrapping;
  const ask = (key: KeyReference, options: KmsCallOptions): Promise<GeneratedDataKey> =>
    clientOf(key.region).generateDataKey(
      {
        keyId: key.requestKeyId,
        resource: key.text,
        numberOfBytes: materials.suite.dataKeyLength,
        encryptionContext: materials.encryptionContext,
      },
      options,
    );
  if (skipAfterMs === undefined) return { key: keys[0]!, dataKey: await ask(keys[0]!, { signal }) };

  const refused = new AbortController();
  const result = await hedged(
    keys.map((key) => ({
      place: key.region,
      run: async (way) => {
        try {
          return await ask(key, way);
        } catch (error) {
          // A refusal is the caller's to hear of; another key must not paper over it.
          if (!way.signal.aborted && !isTemporary(error)) refused.abort(error);
          throw error;
        }
      },
    })),
    {
      afterMs: skipAfterMs,
      clock,
      signal: signal === undefined ? refused.signal : AbortSignal.any([signal, refused.signal]),
      discard: (late) => late.plaintext.fill(0),
    },
  );
  if ('value' in result) return { key: keys[result.index]!, dataKey: result.value };
  throw allFailed(result.errors);
}

async function wrapOrSkip(
  key: KeyReference,
  plaintext: Uint8Array,
  materials: EncryptionMaterials,
  generated: Generated | undefined,
  wrapping: Wrapping,
): Promise<EncryptedDataKey | SkippedKey> {
  const { skipAfterMs, signal } = wrapping;
  if (skipAfterMs === undefined) return wrap(key, plaintext, materials, generated, wrapping, { signal });
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), skipAfterMs);
  try {
    return await wrap(key, plaintext, materials, generated, wrapping, {
      signal: signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]),
      onAttemptFailed: (error) => {
        // The region is known to be down: no need to find out again for every message.
        if (error instanceof KmsCircuitOpenError) enough.abort();
      },
    });
  } catch (error) {
    if (signal?.aborted || !(enough.signal.aborted || isTemporary(error))) throw error;
    const reason = `${key.text} was skipped: its region is down, or gave no answer in ${skipAfterMs} ms`;
    return {
      keyId: key.text,
      region: key.region,
      error: enough.signal.aborted ? new DataKeyWrapError(reason) : (error as Error),
    };
  } finally {
    clearTimeout(timer);
  }
}

async function wrap(
  key: KeyReference,
  plaintext: Uint8Array,
  materials: EncryptionMaterials,
  generated: Generated | undefined,
  { clientOf, resolver, reEncrypt }: Wrapping,
  callOptions: KmsCallOptions,
): Promise<EncryptedDataKey> {
  const client = clientOf(key.region);
  const context = materials.encryptionContext;
  const wrapped =
    reEncrypt && generated?.key.region === key.region && client.reEncrypt !== undefined
      ? await client.reEncrypt(
          {
            ciphertext: generated.dataKey.ciphertext,
            sourceEncryptionContext: context,
            destinationKeyId: key.requestKeyId,
            resource: key.text,
            destinationEncryptionContext: context,
          },
          callOptions,
        )
      : await client.encrypt(
          { keyId: key.requestKeyId, resource: key.text, plaintext, encryptionContext: context },
          callOptions,
        );
  return wrappingOf({ key, dataKey: wrapped }, resolver, callOptions.signal);
}

async function wrappingOf(
  made: { readonly key: KeyReference; readonly dataKey: { keyId: string; ciphertext: Uint8Array } },
  resolver: KeyResolver,
  signal: AbortSignal | undefined,
): Promise<EncryptedDataKey> {
  const providerInfo = await resolver.arnAnswered(made.key, made.dataKey.keyId, signal);
  return { providerId: kmsProviderId, providerInfo, ciphertext: made.dataKey.ciphertext };
}

/** Two aliases may name one key; a message never carries two wrappings under one ARN. */
function uniqueByArn(keys: readonly EncryptedDataKey[]): EncryptedDataKey[] {
  return [...new Map(keys.map((key) => [key.providerInfo, key])).values()];
}

function isSkipped(result: EncryptedDataKey | SkippedKey): result is SkippedKey {
  return 'error' in result;
}

function isWrapped(result: EncryptedDataKey | SkippedKey): result is EncryptedDataKey {
  return !('error' in result);
}

function isTemporary(error: unknown): boolean {
  return isOutage(error) || error instanceof KmsCircuitOpenError || error instanceof KmsThrottledError;
}

function allFailed(errors: readonly unknown[]): DataKeyWrapError {
  const messages = errors.map((error) => (error instanceof Error ? error.message : String(error)));
  return new DataKeyWrapError(`KMS could not wrap the data key: ${messages.join('; ')}`, errors);
}
