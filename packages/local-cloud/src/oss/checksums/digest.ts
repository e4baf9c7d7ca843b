import { createHash } from 'node:crypto';
import { createCrc64 } from './crc64.ts';

/** What OSS says of an object's bytes. */
export interface Checksums {
  /** Upper-case hexadecimal. */
  readonly md5: string;
  /** Decimal. */
  readonly crc64: string;
}

/** Checksums in the making. */
export interface Digest {
  /** Takes in the next bytes; they must stay as they are until the promise is fulfilled. */
  update(bytes: Uint8Array): Promise<void>;
  finish(): Promise<Checksums>;
  /** Ends it without a result. */
  abandon(): void;
}

/** Takes the checksums on the calling thread. */
export async function createDigest(): Promise<Digest> {
  const md5 = createHash('md5');
  const crc64 = await createCrc64();
  return {
    async update(bytes) {
      md5.update(bytes);
      crc64.update(bytes);
    },
    async finish() {
      return { md5: md5.digest('hex').toUpperCase(), crc64: crc64.digest() };
    },
    abandon() {},
  };
}
