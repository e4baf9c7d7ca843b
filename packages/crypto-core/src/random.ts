/** Bytes from the platform's CSPRNG; `crypto` is a global in Node.js and browsers alike. */
export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}
