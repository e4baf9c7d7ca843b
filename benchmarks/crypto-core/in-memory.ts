import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { cachingMaterials, createEncryptionClient, type Keyring, rawAesKeyring } from '@yunseal/crypto-core';
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

interface Row {
  readonly work: string;
  readonly bytes: number;
  readonly goals: Readonly<Record<string, number>>;
  readonly yunseal: () => unknown;
  /** `bare` first; the peer's are made when the peer is loaded, so that its heap is not there before. */
  readonly bare: () => unknown;
  readonly peers?: (peers: Peers) => Promise<Record<string, () => unknown>>;
}

type Peer = ReturnType<typeof import('./peer.ts').peer>;
/** The peer as it comes, and with the same frames of 64 KiB. */
interface Peers {
  readonly usual: Peer;
  readonly framed: Peer;
}

async function rowsOf(name: string, bytes: number): Promise<Row[]> {
  const plaintext = randomBytes(bytes);
  const bareMessage = bareEncrypt(plaintext);
  const message = (await plain.encrypt(plaintext, { context })).ciphertext;
  const small = bytes <= 65_536;
  const goals: Record<string, number> = small ? { peer: 8 } : { peer: 10, bare: 0.8 };
  const rows: Row[] = [
    {
      work: `${name}, raw AES keyring, encrypt`,
      bytes,
      goals,
      yunseal: () => plain.encrypt(plaintext, { context }),
      bare: () => bareEncrypt(plaintext),
      peers: async ({ usual, framed }) => ({
        peer: () => usual.encrypt(plaintext),
        ...(!small && { peer64: () => framed.encrypt(plaintext) }),
      }),
    },
    {
      work: `${name}, raw AES keyring, decrypt`,
      bytes,
      goals,
      yunseal: () => plain.decrypt(message),
      bare: () => bareDecrypt(bareMessage),
      peers: async ({ usual, framed }) => {
        const [theirs, theirs64] = [await usual.encrypt(plaintext), await framed.encrypt(plaintext)];
        return {
          peer: () => usual.decrypt(theirs),
          ...(!small && { peer64: () => framed.decrypt(theirs64) }),
        };
      },
    },
  ];
  if (small) {
    const cachedMessage = (await cached.encrypt(plaintext, { context })).ciphertext;
    rows.push(
      {
        work: `${name}, cached materials, encrypt`,
        bytes,
        goals: { peer: 10 },
        yunseal: () => cached.encrypt(plaintext, { context }),
        bare: () => bareEncrypt(plaintext),
        peers: async ({ usual }) => ({ peer: () => usual.encryptCached(plaintext) }),
      },
      {
        work: `${name}, cached materials, decrypt`,
        bytes,
        goals: { peer: 10 },
        yunseal: () => cached.decrypt(cachedMessage),
        bare: () => bareDecrypt(bareMessage),
        peers: async ({ usual }) => {
          const theirs = await usual.encryptCached(plaintext);
          return { peer: () => usual.decryptCached(theirs) };
        },
      },
    );
  }
  if (bytes === 1 << 20) {
    const aliyunMessage = (await aliyun.encrypt(plaintext, { context })).ciphertext;
    rows.push(
      {
        work: `${name}, aliyun format, encrypt`,
        bytes,
        goals: { bare: 0.8 },
        yunseal: () => aliyun.encrypt(plaintext, { context }),
        bare: () => bareEncrypt(plaintext),
      },
      {
        work: `${name}, aliyun format, decrypt`,
        bytes,
        goals: { bare: 0.8 },
        yunseal: () => aliyun.decrypt(aliyunMessage),
        bare: () => bareDecrypt(bareMessage),
      },
    );
  }
  return rows;
}

const sizes = [
  ['1 KiB', 1024],
  ['1 MiB', 1 << 20],
  ['64 MiB', 1 << 26],
] as const;

export async function inMemory(only: (work: string) => boolean): Promise<Result[]> {
  const results = new Map<string, Result>();
  const chosen = sizes.filter(([name]) => only(name));
  const optionsFor = (bytes: number) => (bytes > 1 << 22 ? { rounds: 7, sliceMs: 1 } : {});
  for (const [name, bytes] of chosen) {
    for (const { work, goals, yunseal, bare } of await rowsOf(name, bytes)) {
      results.set(work, { work, bytes, goals, ...(await sideBySide({ yunseal, bare }, optionsFor(bytes))) });
    }
  }
  if (chosen.length === 0) return [];

  const { peer } = await import('./peer.ts');
  const peers: Peers = { usual: peer(key, context), framed: peer(key, context, 65_536) };
  for (const [name, bytes] of chosen) {
    for (const row of await rowsOf(name, bytes)) {
      if (row.peers === undefined) continue;
      const contestants = { yunseal: row.yunseal, ...(await row.peers(peers)) };
      const measured = await sideBySide(contestants, optionsFor(bytes));
      const before = results.get(row.work)!;
      results.set(row.work, {
        ...before,
        perSecond: { ...measured.perSecond, ...before.perSecond },
        ratios: { ...before.ratios, ...measured.ratios },
      });
    }
  }
  return [...results.values()];
}
