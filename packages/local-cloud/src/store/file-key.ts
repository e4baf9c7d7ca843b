import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { LocalCloudError } from '../errors.ts';

/** Seals records with AES-256-GCM: 12 random bytes, the ciphertext, the 16-byte tag. `place` is authenticated too. */
export interface FileKey {
  seal(plaintext: Uint8Array, place: string): Uint8Array;
  open(sealed: Uint8Array, place: string): Uint8Array;
}

const keyLength = 32;
const nonceLength = 12;
const tagLength = 16;

/**
 * The key in the file at `path` (32 bytes, mode 0600).
 *
 * @param options.create whether to make the file when it is absent; without, its absence means that sealed records
 * would be lost, and is an error
 * @throws LocalCloudError `DataDirectory`
 */
export function openFileKey(path: string, options: { create: boolean }): FileKey {
  const key = readKey(path) ?? (options.create ? createKey(path) : undefined);
  if (key === undefined)
    throw new LocalCloudError(
      'DataDirectory',
      `the key file ${path} is missing, and the database beside it has records sealed under it; put the file back, or start with an empty data directory`,
    );
  return {
    seal(plaintext, place) {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(Buffer.from(place, 'utf8'));
      return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed, place) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceLength));
      decipher.setAAD(Buffer.from(place, 'utf8'));
      decipher.setAuthTag(sealed.subarray(sealed.length - tagLength));
      try {
        const body = sealed.subarray(nonceLength, sealed.length - tagLength);
        return Buffer.concat([decipher.update(body), decipher.final()]);
      } catch (cause) {
        throw new LocalCloudError(
          'DataDirectory',
          `the sealed record ${JSON.stringify(place)} does not open under the key file ${path}: one of them was changed or exchanged`,
          { cause },
        );
      }
    },
  };
}

function readKey(path: string): Buffer | undefined {
  let mode: number;
  try {
    mode = statSync(path).mode;
  } catch {
    return undefined;
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new LocalCloudError(
      'DataDirectory',
      `the key file ${path} can be read by others (mode ${(mode & 0o777).toString(8)}); set its mode to 600`,
    );
  const key = readFileSync(path);
  if (key.length !== keyLength)
    throw new LocalCloudError(
      'DataDirectory',
      `the key file ${path} holds ${key.length} bytes instead of ${keyLength}`,
    );
  return key;
}

/** The file appears under its name only when whole: a process killed in between leaves no short key behind. */
function createKey(path: string): Buffer {
  const key = randomBytes(keyLength);
  const partial = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const file = openSync(partial, 'wx', 0o600);
  try {
    writeSync(file, key);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  linkSync(partial, path);
  unlinkSync(partial);
  return key;
}
