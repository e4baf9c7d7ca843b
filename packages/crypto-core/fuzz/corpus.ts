import { type AlgorithmSuite, createEncryptionClient, type Keyring, suites } from '@yunseal/crypto-core';

/** A small whole message, and what is in it. */
export interface Specimen {
  readonly name: string;
  readonly suite: AlgorithmSuite;
  readonly plaintext: Uint8Array;
  readonly message: Uint8Array;
}

/** One data key for everything, whatever the encrypted data keys say: only the messages' own protection is left. */
export const openDoor: Keyring = {
  onEncrypt: async (materials) => ({
    ...materials,
    plaintextDataKey: materials.plaintextDataKey ?? new Uint8Array(materials.suite.dataKeyLength).fill(7),
    encryptedDataKeys: [
      ...materials.encryptedDataKeys,
      {
        providerId: 'acs-kms',
        providerInfo: `acs:kms:cn-hangzhou:1:key/${materials.encryptedDataKeys.length}`,
        ciphertext: new Uint8Array(24).fill(0x5a),
      },
    ],
  }),
  onDecrypt: async (materials) => ({
    ...materials,
    plaintextDataKey: new Uint8Array(materials.suite.dataKeyLength).fill(7),
  }),
};

export const openClient = createEncryptionClient(
  { keyring: openDoor },
  { commitmentPolicy: 'allow', allowUnauthenticated: true, frameLength: 16, maxUnverifiedBytes: 1 << 20 },
);

export const allSuites: readonly AlgorithmSuite[] = Object.entries(suites)
  .filter(([key]) => key.startsWith('0x'))
  .map(([, suite]) => suite);

/** Messages of every suite of both formats, in both encodings of the aliyun one. */
export async function makeCorpus(): Promise<Specimen[]> {
  const corpus: Specimen[] = [];
  for (const suite of allSuites) {
    const encodings = suite.format === 'aliyun' ? (['message', 'stream'] as const) : [undefined];
    for (const encoding of encodings) {
      // Whole blocks, for CBC without padding.
      for (const length of [0, 16, 48]) {
        const plaintext = new Uint8Array(length).map((_, index) => index + 1);
        const { ciphertext } = await openClient.encrypt(plaintext, {
          suite,
          encoding,
          context: length === 16 ? {} : { purpose: 'fuzz', 键: '值' },
        });
        corpus.push({
          name: `${suite.name}${encoding === undefined ? '' : ` (${encoding})`}, ${length} bytes`,
          suite,
          plaintext,
          message: ciphertext,
        });
      }
    }
  }
  return corpus;
}
