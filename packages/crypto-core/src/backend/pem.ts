/** The DER inside a PEM text with this label (RFC 7468), or undefined. */
export function decodePem(pem: string, label: string): Uint8Array | undefined {
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  const start = pem.indexOf(begin);
  const stop = pem.indexOf(end, start);
  if (start < 0 || stop < 0) return undefined;
  try {
    const binary = atob(pem.slice(start + begin.length, stop).replace(/\s+/g, ''));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
