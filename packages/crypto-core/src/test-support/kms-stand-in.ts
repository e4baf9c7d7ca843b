import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Keyring } from '../keyring.ts';

/**
 * A keyring that does in memory what one over KMS does: random data keys, wrapped under a key of the ARN's own with
 * the encryption context as additional data, each stored as provider `acs-kms` under the ARN.
 */
export function kmsStandIn(...keyArns: readonly string[]): Keyring {
  const wrappingKey = (arn: string) => Buffer.from(hkdfSync('sha256', arn, '', 'wrapping key', 32));
  const aad = (context: Readonly<Record<string, string>>) =>
    Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
  return {
    async onEncrypt(materials) {
      const dataKey = materials.plaintextDataKey ?? randomBytes(materials.suite.dataKeyLength);
      const wrapped = keyArns.map((arn) => {
        const iv = randomBytes(12);
        const cipher = createCipheriv('aes-256-gcm', wrappingKey(arn), iv).setAAD(
          aad(materials.encryptionContext),
        );
        const ciphertext = Buffer.concat([iv, cipher.update(dataKey), cipher.final(), cipher.getAuthTag()]);
        return { providerId: 'acs-kms', providerInfo: arn, ciphertext: new Uint8Array(ciphertext) };
      });
      return {
        ...materials,
        plaintextDataKey: new Uint8Array(dataKey),
        encryptedDataKeys: [...materials.encryptedDataKeys, ...wrapped],
      };
    },
    async onDecrypt(materials, encryptedDataKeys) {
      for (const { providerId, providerInfo, ciphertext } of encryptedDataKeys) {
        if (providerId !== 'acs-kms' || !keyArns.includes(providerInfo)) continue;
        const decipher = createDecipheriv(
          'aes-256-gcm',
          wrappingKey(providerInfo),
          ciphertext.subarray(0, 12),
        );
        decipher.setAAD(aad(materials.encryptionContext)).setAuthTag(ciphertext.subarray(-16));
        try {
          const dataKey = Buffer.concat([decipher.update(ciphertext.subarray(12, -16)), decipher.final()]);
          return { ...materials, plaintextDataKey: new Uint8Array(dataKey) };
        } catch {
          // Another context, or not a blob of this key: try the next one.
        }
      }
      return materials;
    },
  };
}
