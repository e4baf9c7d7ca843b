import type { Keyring } from '@yunseal/crypto-core';
import { type RegionalKmsOptions, regionalKmsClients } from '../client/regional-clients.ts';
import { DiscoveryKeyringError } from '../errors.ts';
import type { KmsClient } from '../kms-client.ts';
import { systemClock } from '../resilience/clock.ts';
import { kmsWrappings, type RegionPreference, unwrapWithKms } from './unwrap.ts';

export interface KmsDiscoveryKeyringOptions extends RegionalKmsOptions, RegionPreference {
  /**
   * Accounts that a message may name. Without it: any. The account in the ARN is the message's own word, since KMS answers
   * with the bare key id: grant kms:Decrypt on the ARNs of your own keys, so that a key that another account shares with
   * this identity opens nothing under your account's name.
   */
  readonly accounts?: readonly string[] | undefined;
  /** Regions whose KMS may be asked. Without it: any region's. */
  readonly regions?: readonly string[] | undefined;
  /** Takes the place of the connection options: gives the client of a region. */
  readonly client?: ((region: string) => KmsClient) | undefined;
  /** Gives up whatever the keyring is doing. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A keyring that decrypts with whichever KMS key the message names, within the accounts and regions stated. It does not
 * encrypt: `onEncrypt` rejects with DiscoveryKeyringError.
 */
export function kmsDiscoveryKeyring(options: KmsDiscoveryKeyringOptions = {}): Keyring {
  const { accounts, regions } = options;
  const clientOf = options.client ?? regionalKmsClients(options);
  const clock = options.clock ?? systemClock;
  return {
    async onEncrypt() {
      throw new DiscoveryKeyringError();
    },
    async onDecrypt(materials, encryptedDataKeys) {
      if (materials.plaintextDataKey !== undefined) return materials;
      const wrappings = kmsWrappings(encryptedDataKeys).filter(
        ({ arn }) =>
          (accounts === undefined || accounts.includes(arn.accountId)) &&
          (regions === undefined || regions.includes(arn.region)),
      );
      return unwrapWithKms(materials, wrappings, {
        ...options,
        regionOrder: options.regionOrder ?? regions,
        clientOf,
        clock,
      });
    },
  };
}
