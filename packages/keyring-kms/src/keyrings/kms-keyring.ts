import { type EncryptedDataKey, InvalidArgumentError, type Keyring } from '@yunseal/crypto-core';
import { type RegionalKmsOptions, regionalKmsClients } from '../client/regional-clients.ts';
import { quietly } from '../events.ts';
import {
  type KeyIdentifier,
  type KeyReference,
  type ParsedKeyArn,
  parseKeyIdentifier,
} from '../key-identifier.ts';
import type { KmsClient } from '../kms-client.ts';
import { systemClock } from '../resilience/clock.ts';
import { keyResolver } from './key-resolver.ts';
import { kmsWrappings, type RegionPreference, unwrapWithKms } from './unwrap.ts';
import { wrapWithKms } from './wrap.ts';

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

  return {
    async onEncrypt(materials) {
      const { materials: wrapped, skipped } = await wrapWithKms(materials, {
        keys,
        clientOf,
        resolver,
        clock,
        signal,
        reEncrypt: options.reEncrypt ?? false,
        skipAfterMs: options.whenRegionDown === 'skip' ? (options.skipAfterMs ?? 3_000) : undefined,
      });
      for (const { keyId, region, error } of skipped) {
        onEvent({ type: 'key-skipped', keyId, region, errorCode: codeOf(error) });
      }
      return wrapped;
    },

    async onDecrypt(materials, encryptedDataKeys) {
      if (materials.plaintextDataKey !== undefined) return materials;
      const candidates = kmsWrappings(encryptedDataKeys).flatMap((wrapping) => {
        const named = keys.filter((key) => couldBe(key, wrapping.arn));
        if (named.length === 0) return [];
        return [{ ...wrapping, isPermitted: () => isOneOf(named, wrapping.encryptedDataKey.providerInfo) }];
      });
      return unwrapWithKms(materials, candidates, { ...options, clientOf, clock });
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

  /** Whether one of the configured keys has this ARN; asks KMS where the configuration does not say. */
  async function isOneOf(named: readonly KeyReference[], arn: string): Promise<boolean> {
    for (const key of named) if ((await resolver.arnOf(key, signal)) === arn) return true;
    return false;
  }

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

function codeOf(error: Error): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
}
