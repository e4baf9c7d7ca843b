import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { cachingMaterials, createEncryptionClient, type Keyring, rawAesKeyring } from '@yunseal/crypto-core';
import { peer } from './peer.ts';
import { type Measured, sideBySide } from './side-by-side.ts';

export interface Result extends Measured {
  readonly work: string;
  /** Bytes per operation. */
  readonly bytes: number;
  /** The least ratio to each contestant that this project sets itself. */
  readonly goals: Readonly<Record<string, number>>;
}

const key = randomBytes(32);
const context = { purpose: 'benchmark' };
const keyring = rawAesKeyring({ namespace: 'bench', name: 'key', key });
const plain = createEncryptionClient({ keyring });
const cached = createEncryptionClient({ materials: cachingMaterials({ keyring, maxAgeMs: 3_600_000 }) });
const other = peer(key, context);
const other64 = peer(key, context, 65_536);

/** AES-256-GCM in one shot, as node:crypto alone does it: the floor. A fresh IV, the key prepared beforehand. */
const bareKey = createSecretKey(key);
const iv = randomBytes(12);

function bareEncrypt(plaintext: Buffer): Buffer[] {
  const cipher = createCipheriv('aes-256-gcm', bareKey, iv);
  return [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
}

function bareDecrypt([ciphertext, , tag]: Buffer[]): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', bareKey, iv);
  decipher.setAuthTag(tag!);
  const plaintext = decipher.update(ciphertext!);
  decipher.final();
  return plaintext;
}

/** A static data key in the place of KMS: the aliyun format's own cost, without a keyring's. */
const staticKeyring: Keyring = {
  onEncrypt: async (materials) => ({
    ...materials,
    plaintextDataKey: materials.plaintextDataKey ?? Uint8Array.from(key),
    encryptedDataKeys: [
      {
        providerId: 'acs-kms',
        providerInfo: 'acs:kms:cn-hangzhou:1:key/bench',
        ciphertext: new Uint8Array(64),
      },
    ],
  }),
  onDecrypt: async (materials) => ({ ...materials, plaintextDataKey: Uint8Array.from(key) }),
};
const aliyun = createEncryptionClient({ keyring: staticKeyring }, { format: 'aliyun' });

export async function inMemory(only: (work: string) => boolean): Promise<Result[]> {
  const results: Result[] = [];
  const measure = async (
    work: string,
    bytes: number,
    contestants: Record<string, () => unknown>,
    goals: Result['goals'],
  ) => {
    if (!only(work)) return;
    const slow = bytes > 1 << 22;
    results.push({
      work,
      bytes,
      goals,
      ...(await sideBySide(contestants, slow ? { rounds: 5, sliceMs: 1 } : {})),
    });
  };

  for (const [name, bytes] of [
    ['1 KiB', 1024],
    ['1 MiB', 1 << 20],
    ['64 MiB', 1 << 26],
  ] as const) {
    if (!only(name)) continue;
    const plaintext = randomBytes(bytes);
    const bare = bareEncrypt(plaintext);
    const ours = (await plain.encrypt(plaintext, { context })).ciphertext;
    const theirs = await other.encrypt(plaintext);
    const theirs64 = await other64.encrypt(plaintext);
    const goals = bytes === 1024 ? { peer: 8 } : { peer: 10, bare: 0.8 };
    await measure(
      `${name}, raw AES keyring, encrypt`,
      bytes,
      {
        yunseal: () => plain.encrypt(plaintext, { context }),
        peer: () => other.encrypt(plaintext),
        ...(bytes > 65_536 && { peer64: () => other64.encrypt(plaintext) }),
        bare: () => bareEncrypt(plaintext),
      },
      goals,
    );
    await measure(
      `${name}, raw AES keyring, decrypt`,
      bytes,
      {
        yunseal: () => plain.decrypt(ours),
        peer: () => other.decrypt(theirs),
        ...(bytes > 65_536 && { peer64: () => other64.decrypt(theirs64) }),
        bare: () => bareDecrypt(bare),
      },
      goals,
    );
    if (bytes === 1024) {
      const oursCached = (await cached.encrypt(plaintext, { context })).ciphertext;
      const theirsCached = await other.encryptCached(plaintext);
      await measure(
        `${name}, cached materials, encrypt`,
        bytes,
        {
          yunseal: () => cached.encrypt(plaintext, { context }),
          peer: () => other.encryptCached(plaintext),
          bare: () => bareEncrypt(plaintext),
        },
        { peer: 10 },
      );
      await measure(
        `${name}, cached materials, decrypt`,
        bytes,
        {
          yunseal: () => cached.decrypt(oursCached),
          peer: () => other.decryptCached(theirsCached),
          bare: () => bareDecrypt(bare),
        },
        { peer: 10 },
      );
    }
    if (bytes === 1 << 20) {
      const message = (await aliyun.encrypt(plaintext, { context })).ciphertext;
      await measure(
        `${name}, aliyun format, encrypt`,
        bytes,
        { yunseal: () => aliyun.encrypt(plaintext, { context }), bare: () => bareEncrypt(plaintext) },
        { bare: 0.8 },
      );
      await measure(
        `${name}, aliyun format, decrypt`,
        bytes,
        { yunseal: () => aliyun.decrypt(message), bare: () => bareDecrypt(bare) },
        { bare: 0.8 },
      );
    }
  }
  return results;
}
