import { InvalidArgumentError } from '../errors.ts';
import type { Keyring } from '../keyring.ts';
import { defaultMaterials } from './default.ts';
import type { MaterialsManager } from './manager.ts';

/** Where data keys come from: a keyring, or a materials manager (`cachingMaterials`, say) over one. */
export type KeySource =
  | { readonly keyring: Keyring; readonly materials?: undefined }
  | { readonly materials: MaterialsManager; readonly keyring?: undefined };

/** @throws {InvalidArgumentError} when there is neither, or both, or what is there cannot be used */
export function resolveKeySource({ keyring, materials }: KeySource): MaterialsManager {
  if ((keyring === undefined) === (materials === undefined)) {
    throw new InvalidArgumentError('pass either a keyring or materials');
  }
  if (materials !== undefined) return requireManager(materials);
  return defaultMaterials(requireKeyring('keyring', keyring));
}

export function requireKeyring(option: string, keyring: unknown): Keyring {
  const candidate = keyring as Partial<Keyring> | null | undefined;
  if (typeof candidate?.onEncrypt !== 'function' || typeof candidate.onDecrypt !== 'function') {
    throw new InvalidArgumentError(`${option} must be a keyring: an object with onEncrypt and onDecrypt`);
  }
  return candidate as Keyring;
}

function requireManager(materials: unknown): MaterialsManager {
  const candidate = materials as Partial<MaterialsManager> | null;
  if (
    typeof candidate?.getEncryptionMaterials !== 'function' ||
    typeof candidate.getDecryptionMaterials !== 'function'
  ) {
    throw new InvalidArgumentError(
      'materials must be a materials manager: an object with getEncryptionMaterials and getDecryptionMaterials',
    );
  }
  return candidate as MaterialsManager;
}
