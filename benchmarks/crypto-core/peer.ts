import {
  buildClient,
  CommitmentPolicy,
  getLocalCryptographicMaterialsCache,
  NodeCachingMaterialsManager,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node';

/**
 * `@aws-crypto/client-node`, set up to do the same work: the same suite, context and wrapping key. Its frames are 4 KiB
 * unless it is told otherwise, as people use it.
 */
const { encrypt, decrypt, encryptStream, decryptStream } = buildClient(
  CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
);
const suiteId = 0x0478;

export function peer(key: Uint8Array, context: Record<string, string>, frameLength?: number) {
  const keyring = new RawAesKeyringNode({
    keyName: 'key',
    keyNamespace: 'bench',
    // It wants a key in memory that is not shared with others.
    unencryptedMasterKey: new Uint8Array(key),
    wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
  });
  const cache = new NodeCachingMaterialsManager({
    backingMaterials: keyring,
    cache: getLocalCryptographicMaterialsCache(100),
    maxAge: 3_600_000,
    maxMessagesEncrypted: 2 ** 32,
  });
  const options = {
    suiteId,
    encryptionContext: context,
    ...(frameLength === undefined ? {} : { frameLength }),
  };
  return {
    encrypt: async (plaintext: Buffer) => (await encrypt(keyring, plaintext, options)).result,
    decrypt: async (ciphertext: Buffer) => (await decrypt(keyring, ciphertext)).plaintext,
    encryptCached: async (plaintext: Buffer) =>
      (await encrypt(cache, plaintext, { ...options, plaintextLength: plaintext.length })).result,
    decryptCached: async (ciphertext: Buffer) => (await decrypt(cache, ciphertext)).plaintext,
    encryptStream: () => encryptStream(keyring, options),
    decryptStream: () => decryptStream(keyring),
  };
}
