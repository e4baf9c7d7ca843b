/** Percent-encode as OSS signature version 4 wants it: everything but RFC 3986's unreserved characters. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Percent-encode an object key for a path: `/` stays. */
export function encodeKey(key: string): string {
  return key.split('/').map(percentEncode).join('/');
}
