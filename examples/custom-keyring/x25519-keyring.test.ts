import { createEncryptionClient, inspectMessage } from '@yunseal/crypto-core';
import { keyringConformance } from '@yunseal/crypto-core/testing';
import { describe, expect, test } from 'vitest';
import { generateX25519, x25519Keyring } from './x25519-keyring.ts';

const [ours, theirs] = [generateX25519(), generateX25519()];

describe('the X25519 keyring is a keyring', () => {
  for (const { name, run } of keyringConformance({
    createKeyring: () => x25519Keyring({ recipients: [ours.publicKey], identity: ours.privateKey }),
    createOtherKeyring: () => x25519Keyring({ recipients: [theirs.publicKey], identity: theirs.privateKey }),
  })) {
    test(name, run);
  }
});

test('each recipient can read, and nobody else', async () => {
  const { ciphertext } = await createEncryptionClient({
    keyring: x25519Keyring({ recipients: [ours.publicKey, theirs.publicKey] }),
  }).encrypt('for both');
  expect(inspectMessage(ciphertext).encryptedDataKeys).toHaveLength(2);
  const read = async (identity: Uint8Array) => {
    const { plaintext } = await createEncryptionClient({ keyring: x25519Keyring({ identity }) }).decrypt(
      ciphertext,
    );
    return new TextDecoder().decode(plaintext);
  };
  expect(await read(ours.privateKey)).toBe('for both');
  expect(await read(theirs.privateKey)).toBe('for both');
  await expect(read(generateX25519().privateKey)).rejects.toMatchObject({ code: 'DataKeyUnwrapFailed' });
});
