import {
  DataKeyUnwrapError,
  type DecryptionMaterials,
  type EncryptedDataKey,
  KeyringContractError,
} from '@yunseal/crypto-core';
import { type ParsedKeyArn, parseKeyArn } from '../key-identifier.ts';
import type { KmsClient } from '../kms-client.ts';
import type { Clock } from '../resilience/clock.ts';
import { hedged } from '../resilience/hedged.ts';
import { kmsProviderId } from './provider-id.ts';

/** An encrypted data key that KMS wrapped, with its ARN taken apart. */
export interface KmsWrapping {
  readonly encryptedDataKey: EncryptedDataKey;
  readonly arn: ParsedKeyArn;
  /** Asked before KMS is: whether this key may be used at all. Without it, it may. */
  readonly isPermitted?: (() => Promise<boolean>) | undefined;
}

/** A wrapping that turned out to be under no configured key: no failure, just not ours. */
class NotPermitted extends Error {}

/** How wrappings in several regions are tried. */
export interface RegionPreference {
  /** Regions to ask first, in this order; the others follow, the one that answered fastest so far first. */
  readonly regionOrder?: readonly string[] | undefined;
  /** How long one region is waited for before the next is asked as well, in milliseconds. Default 1,000. */
  readonly hedgeAfterMs?: number | undefined;
}

/** The encrypted data keys that KMS wrapped, in the message's order. */
export function kmsWrappings(encryptedDataKeys: readonly EncryptedDataKey[]): KmsWrapping[] {
  return encryptedDataKeys.flatMap((encryptedDataKey) => {
    if (encryptedDataKey.providerId !== kmsProviderId) return [];
    const arn = parseKeyArn(encryptedDataKey.providerInfo);
    return arn === undefined ? [] : [{ encryptedDataKey, arn }];
  });
}

/**
 * Decrypts the first wrapping that KMS will decrypt, each in the region its ARN names. Gives the materials back unchanged when
 * none may be used.
 *
 * @throws DataKeyUnwrapError with every region's error when none could be decrypted.
 */
export async function unwrapWithKms(
  materials: DecryptionMaterials,
  wrappings: readonly KmsWrapping[],
  options: RegionPreference & {
    readonly clientOf: (region: string) => KmsClient;
    readonly clock: Clock;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<DecryptionMaterials> {
  const ordered = inPreferredOrder(wrappings, options);
  const result = await hedged(
    ordered.map(({ encryptedDataKey, arn, isPermitted }) => ({
      place: arn.region,
      run: async (way) => {
        if (isPermitted !== undefined && !(await isPermitted())) throw new NotPermitted();
        const answer = await options.clientOf(arn.region).decrypt(
          {
            ciphertext: encryptedDataKey.ciphertext,
            encryptionContext: materials.encryptionContext,
            resource: encryptedDataKey.providerInfo,
          },
          way,
        );
        if (answer.keyId !== arn.keyId) {
          answer.plaintext.fill(0);
          throw new KeyringContractError(
            `KMS decrypted the encrypted data key of ${encryptedDataKey.providerInfo} with another key than the message names: the message was changed`,
          );
        }
        if (answer.plaintext.length !== materials.suite.dataKeyLength) {
          const length = answer.plaintext.length;
          answer.plaintext.fill(0);
          throw new KeyringContractError(
            `the data key under ${encryptedDataKey.providerInfo} has ${length} bytes, suite ${materials.suite.name} needs ${materials.suite.dataKeyLength}`,
          );
        }
        return answer.plaintext;
      },
    })),
    {
      afterMs: options.hedgeAfterMs ?? 1_000,
      clock: options.clock,
      signal: options.signal,
      discard: (late) => late.fill(0),
    },
  );
  if ('value' in result) return { ...materials, plaintextDataKey: result.value };
  const failures = result.errors.filter((error) => !(error instanceof NotPermitted));
  if (failures.length === 0) return materials;
  throw new DataKeyUnwrapError(
    `KMS could not unwrap the data key: ${failures.map(messageOf).join('; ')}`,
    failures,
  );
}

function inPreferredOrder(
  wrappings: readonly KmsWrapping[],
  options: RegionPreference & { readonly clientOf: (region: string) => KmsClient },
): readonly KmsWrapping[] {
  if (wrappings.length < 2) return wrappings;
  const configured = options.regionOrder ?? [];
  const rankOf = new Map<string, readonly [number, number, number]>();
  for (const { arn } of wrappings) {
    if (rankOf.has(arn.region)) continue;
    const health = options.clientOf(arn.region).health?.();
    const position = configured.indexOf(arn.region);
    rankOf.set(arn.region, [
      health?.available === false ? 1 : 0,
      position === -1 ? configured.length : position,
      health?.latencyMs ?? Number.MAX_VALUE,
    ]);
  }
  return wrappings.toSorted((a, b) => {
    const [left, right] = [rankOf.get(a.arn.region)!, rankOf.get(b.arn.region)!];
    return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
