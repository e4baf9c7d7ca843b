/** Standard Base64 with padding (RFC 4648, section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = '';
  // In pieces, because arguments go on the stack and an encrypted data key may be any length.
  for (let at = 0; at < bytes.length; at += 8192) {
    // `apply`, because spreading walks the array through its iterator.
    binary += String.fromCharCode.apply(null, bytes.subarray(at, at + 8192) as unknown as number[]);
  }
  return btoa(binary);
}

/** The bytes of a canonical Base64 text, or undefined. For short texts: keys, not messages. */
export function decodeBase64(text: string): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    // atob forgives white space, missing padding and stray bits; encoding again forgives nothing.
    return encodeBase64(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}
