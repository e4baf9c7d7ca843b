/** Bytes from the platform's CSPRNG; `crypto` is a global in Node.js and browsers alike. */
export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

const idPool = new Uint8Array(1024);
let idsUsed = idPool.length;

/**
 * Random bytes for a message id, at most 32. Ids are public, so several are drawn from the CSPRNG at a time: a call to it
 * costs a small message a tenth of its time. Keys and IVs are never drawn so.
 */
export function randomMessageId(length: number): Uint8Array {
  if (idsUsed + length > idPool.length) {
    crypto.getRandomValues(idPool);
    idsUsed = 0;
  }
  const id = idPool.slice(idsUsed, idsUsed + length);
  idsUsed += length;
  return id;
}
