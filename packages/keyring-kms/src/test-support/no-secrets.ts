import { inspect } from 'node:util';
import { expect } from 'vitest';

/** Everything that printing, serialising or walking a value can bring to light, `cause` chains and hidden fields included. */
export function everythingIn(value: unknown): string {
  const seen = new Set<unknown>();
  const parts: string[] = [];
  const walk = (item: unknown): void => {
    if (typeof item === 'string') parts.push(item);
    if ((typeof item !== 'object' && typeof item !== 'function') || item === null || seen.has(item)) return;
    seen.add(item);
    if (ArrayBuffer.isView(item)) {
      parts.push(Buffer.from(item.buffer, item.byteOffset, item.byteLength).toString('base64'));
      return;
    }
    for (const key of Reflect.ownKeys(item)) walk((item as Record<PropertyKey, unknown>)[key]);
  };
  walk(value);
  parts.push(inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true }), String(value));
  try {
    parts.push(JSON.stringify(value) ?? '');
  } catch {
    // A cycle prints through inspect above.
  }
  return parts.join('\n');
}

/** Fails when any of the secrets, in any of the forms it travels in, is anywhere in the value. */
export function expectNoSecrets(value: unknown, secrets: readonly string[]): void {
  const text = everythingIn(value);
  for (const secret of secrets) {
    for (const form of [secret, encodeURIComponent(secret), encodeURIComponent(encodeURIComponent(secret))]) {
      expect(text.includes(form), `a secret surfaced in: ${text.slice(0, 2_000)}`).toBe(false);
    }
  }
  expect(text).not.toMatch(/[?&](Signature|SecurityToken|AccessKeyId)=/i);
}
