import { decodeBase64, encodeBase64 } from '../base64.ts';
import type { EncryptedDataKey } from '../keyring.ts';
import { decodeProviderInfo, encodeProviderInfo } from '../text.ts';

/*
 * The format stores one text per encrypted data key, the ARN of its KMS key, and no provider id. A key of another
 * provider (an offline RSA key kept for emergencies, say) stands under a text that is no ARN:
 * `yunseal:` provider id, percent-encoded, `:` provider info in Base64. The Java and Python releases treat a text that
 * does not start with `acs` as opaque and pass over it, so a message with such a key beside a KMS key stays readable
 * to them.
 */

/** Provider id of every key stored under an ARN. */
export const kmsProviderId = 'acs-kms';
const otherProvider = 'yunseal:';

/** The text to store for a key, or undefined when there is none that reads back as the same key. */
export function keyIdOf(key: Pick<EncryptedDataKey, 'providerId' | 'providerInfo'>): string | undefined {
  if (key.providerId === kmsProviderId && key.providerInfo.isWellFormed()) {
    return key.providerInfo.startsWith(otherProvider) ? undefined : key.providerInfo;
  }
  if (!key.providerId.isWellFormed()) return undefined;
  return `${otherProvider}${encodeURIComponent(key.providerId)}:${encodeBase64(encodeProviderInfo(key.providerInfo))}`;
}

/** The provider id and info a stored text stands for, or undefined when it is not one {@link keyIdOf} writes. */
export function keyOfId(keyId: string): Pick<EncryptedDataKey, 'providerId' | 'providerInfo'> | undefined {
  if (!keyId.startsWith(otherProvider)) return { providerId: kmsProviderId, providerInfo: keyId };
  const [providerId, providerInfo, ...rest] = keyId.slice(otherProvider.length).split(':');
  if (providerId === undefined || providerInfo === undefined || rest.length > 0) return undefined;
  const info = decodeBase64(providerInfo);
  if (info === undefined) return undefined;
  try {
    const key = { providerId: decodeURIComponent(providerId), providerInfo: decodeProviderInfo(info) };
    return keyIdOf(key) === keyId ? key : undefined;
  } catch {
    return undefined;
  }
}
