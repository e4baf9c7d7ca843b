import { backend } from '#backend';
import {
  DataKeyUnwrapError,
  DataKeyWrapError,
  InvalidArgumentError,
  KeyringContractError,
} from '../errors.ts';
import type { DecryptionMaterials, EncryptionMaterials, Keyring } from '../keyring.ts';
import { requireNoDataKey } from './key-names.ts';

export interface MultiKeyringOptions {
  /** Makes the data key, and wraps it. Without one, somebody else must have made it. */
  readonly generator?: Keyring | undefined;
  /** Wrap the same data key again, in this order. */
  readonly children?: readonly Keyring[] | undefined;
}

/**
 * Several keyrings as one: a message is encrypted for all of them and can be decrypted by any.
 *
 * Two deliberate differences from the specification, both for the sake of the {@link Keyring} contract: a data key that is
 * there already is wrapped by the generator too, instead of refused, so that a message can be rewrapped for a
 * multi-keyring; and when every keyring merely finds nothing of its own the materials are given back unchanged, for whoever
 * asked (a client does) to report. Where any failed, the error lists what each said.
 *
 * @throws {InvalidArgumentError} when there is neither a generator nor a child
 * @see framework/multi-keyring.md of the AWS Encryption SDK specification
 */
export function multiKeyring({ generator, children = [] }: MultiKeyringOptions): Keyring {
  const keyrings = generator === undefined ? [...children] : [generator, ...children];
  if (keyrings.length === 0) throw new InvalidArgumentError('a multi-keyring needs a generator or a child');
  const nameOf = (index: number) =>
    generator !== undefined && index === 0
      ? 'the generator'
      : `child ${index + (generator === undefined ? 1 : 0)}`;

  return {
    async onEncrypt(materials) {
      if (generator === undefined && materials.plaintextDataKey === undefined) {
        throw new DataKeyWrapError(
          'the multi-keyring has no generator, and the materials hold no data key to wrap',
        );
      }
      // Every array that a keyring made and that is not given back: the caller's own is the caller's to zero.
      const made = new Set<Uint8Array>();
      let current = materials;
      try {
        for (const [index, keyring] of keyrings.entries()) {
          const next = await wrap(keyring, current, nameOf(index));
          const key: unknown = next?.plaintextDataKey;
          if (key instanceof Uint8Array && key !== materials.plaintextDataKey) made.add(key);
          checkStep(current, next, nameOf(index));
          current = next;
        }
        made.delete(current.plaintextDataKey!);
        return current;
      } finally {
        for (const key of made) key.fill(0);
      }
    },

    async onDecrypt(materials, encryptedDataKeys) {
      requireNoDataKey(materials);
      const failures: Error[] = [];
      let anyThrew = false;
      for (const [index, keyring] of keyrings.entries()) {
        try {
          const unwrapped: DecryptionMaterials = await keyring.onDecrypt(materials, encryptedDataKeys);
          if (unwrapped.plaintextDataKey !== undefined) return unwrapped;
          failures.push(new DataKeyUnwrapError(`${nameOf(index)} unwrapped none of the encrypted data keys`));
        } catch (error) {
          anyThrew = true;
          failures.push(error instanceof Error ? error : new Error(String(error)));
        }
      }
      if (!anyThrew) return materials;
      const reasons = failures.map((failure, index) => `${nameOf(index)}: ${failure.message}`);
      throw new DataKeyUnwrapError(`no keyring unwrapped a data key: ${reasons.join('; ')}`, failures);
    },
  };
}

async function wrap(
  keyring: Keyring,
  materials: EncryptionMaterials,
  name: string,
): Promise<EncryptionMaterials> {
  try {
    return await keyring.onEncrypt(materials);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataKeyWrapError(`${name} failed to wrap the data key: ${reason}`, [error]);
  }
}

/** A child that lost or replaced the data key would leave encrypted data keys that unwrap to different keys. */
function checkStep(before: EncryptionMaterials, after: EncryptionMaterials, name: string): void {
  if (!(after?.plaintextDataKey instanceof Uint8Array))
    throw new KeyringContractError(`${name} gave materials without a data key`);
  if (
    before.plaintextDataKey !== undefined &&
    !backend.equal(before.plaintextDataKey, after.plaintextDataKey)
  ) {
    throw new KeyringContractError(`${name} replaced the data key it was given to wrap`);
  }
  const kept = before.encryptedDataKeys.every((key, index) => after.encryptedDataKeys[index] === key);
  if (!kept || after.encryptedDataKeys.length <= before.encryptedDataKeys.length) {
    throw new KeyringContractError(`${name} must add an encrypted data key and keep those that were there`);
  }
}
