/**
 * The aliyun format against bare node:crypto on the same buffers: `node aliyun.ts [--json]`.
 *
 * Bare is measured twice: `pieces` leaves ciphertext and tag where OpenSSL puts them; `joined` makes one array of IV,
 * ciphertext and tag, as whoever stores or sends the result has to.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createEncryptionClient, type Keyring } from '@yunseal/crypto-core';
import { sideBySide } from './side-by-side.ts';

const dataKey = new Uint8Array(randomBytes(32));

/** A data key at hand in the place of KMS, so that the format alone is measured. */
const keyring: Keyring = {
  onEncrypt: async (materials) => ({
    ...materials,
    plaintextDataKey: dataKey.slice(0, materials.suite.dataKeyLength),
    encryptedDataKeys: [
      {
        providerId: 'acs-kms',
        providerInfo: 'acs:kms:cn-hangzhou:1000000000000001:key/key-1',
        ciphertext: new Uint8Array(150),
      },
    ],
  }),
  onDecrypt: async (materials) => ({
    ...materials,
    plaintextDataKey: dataKey.slice(0, materials.suite.dataKeyLength),
  }),
};
const message = createEncryptionClient({ keyring }, { format: 'aliyun', encoding: 'message' });
const stream = createEncryptionClient({ keyring }, { format: 'aliyun', encoding: 'stream' });
const sm4 = createEncryptionClient({ keyring }, { suite: 'SM4_GCM_NOPADDING_128' });
const key = createSecretKey(dataKey);
const iv = randomBytes(12);

function seal(plaintext: Uint8Array): readonly [Buffer, Buffer] {
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return [ciphertext, cipher.getAuthTag()];
}

function open(ciphertext: Uint8Array, tag: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 });
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(ciphertext);
  decipher.final();
  return plaintext;
}

interface Row {
  readonly work: string;
  readonly megabytesPerSecond: number;
  /** Speed as a multiple of bare node:crypto's, the median of the rounds. */
  readonly ratios: Readonly<Record<string, number>>;
}

const rows: Row[] = [];

async function compare(
  work: string,
  bytes: number,
  ours: () => unknown,
  bare: Record<string, () => unknown>,
): Promise<void> {
  const slow = bytes > 2 ** 22;
  const { perSecond, ratios } = await sideBySide(
    { ours, ...bare },
    slow ? { rounds: 5, sliceMs: 1 } : { rounds: 15, sliceMs: 60 },
  );
  rows.push({ work, megabytesPerSecond: Math.round((perSecond.ours! * bytes) / 1e6), ratios });
}

for (const [size, bytes] of [
  ['1 KiB', 2 ** 10],
  ['1 MiB', 2 ** 20],
  ['64 MiB', 2 ** 26],
] as const) {
  const plaintext = randomBytes(bytes);
  const [ciphertext, tag] = seal(plaintext);
  const sealing = {
    pieces: () => seal(plaintext),
    joined: () => Buffer.concat([iv, ...seal(plaintext)]),
  };
  const opening = { pieces: () => open(ciphertext, tag) };
  const written = (await message.encrypt(plaintext)).ciphertext;
  const writtenStream = (await stream.encrypt(plaintext)).ciphertext;
  await compare(`${size}, encrypt, message encoding`, bytes, () => message.encrypt(plaintext), sealing);
  await compare(`${size}, encrypt, stream encoding`, bytes, () => stream.encrypt(plaintext), sealing);
  await compare(`${size}, decrypt, message encoding`, bytes, () => message.decrypt(written), opening);
  await compare(`${size}, decrypt, stream encoding`, bytes, () => stream.decrypt(writtenStream), opening);
  if (bytes === 2 ** 20) {
    await compare(`${size}, encrypt, SM4-GCM`, bytes, () => sm4.encrypt(plaintext), sealing);
  }
}

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
if (values.json) console.log(JSON.stringify({ node: process.version, rows }, undefined, 2));
else {
  console.table(
    rows.map(({ work, megabytesPerSecond, ratios }) => ({
      work,
      'MB/s': megabytesPerSecond,
      '× bare in pieces': ratios.pieces?.toFixed(2),
      '× bare joined': ratios.joined?.toFixed(2),
    })),
  );
}
