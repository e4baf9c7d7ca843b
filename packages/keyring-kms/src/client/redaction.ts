const longestMessage = 240;

/**
 * What may be shown of a message that the service wrote. The service is known to quote the request it got (a signature
 * mismatch quotes every parameter, the plaintext key and the token among them), so: nothing of such a message, and of any
 * other no URL, no run of characters that could be a key or a token, and no value that went out with the request.
 *
 * @param secrets - values of this request that must not be shown.
 */
export function showableServiceMessage(message: string, secrets: readonly string[]): string | undefined {
  if (/string to sign|signature|canonical/i.test(message)) return undefined;
  let text = message;
  for (const secret of secrets) {
    for (const form of formsOf(secret)) text = text.replaceAll(form, '[redacted]');
  }
  text = text
    .replace(/[a-z][a-z0-9+.-]*:\/\/\S+/gi, '[url]')
    .replace(/[A-Za-z0-9+/=%_.]{24,}/g, '[redacted]')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not reach a log.
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .trim();
  if (text === '') return undefined;
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text;
}

/** As it is, and percent-encoded as often as a string to sign is; the most encoded first, since it holds the others. */
function formsOf(secret: string): readonly string[] {
  if (secret.length < 4) return [];
  const forms = [secret];
  for (let round = 0; round < 3; round++) forms.unshift(encodeURIComponent(forms[0]!));
  return forms;
}
