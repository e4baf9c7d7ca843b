import { ObjectNotEncryptedError, UnauthenticatedReadError } from './errors.ts';
import type { OssSettings, ReadCallOptions } from './settings.ts';

/** Bytes that nothing authenticates are given out only to callers who said that they want them. */
export function requireUnauthenticatedConsent(
  settings: OssSettings,
  key: string,
  options: ReadCallOptions,
  what: 'the object' | 'a range of the object',
): void {
  if (options.allowUnauthenticated ?? settings.allowUnauthenticated) return;
  throw new UnauthenticatedReadError(
    `${what} ${settings.store.bucket}/${key} is not authenticated: whoever can write to the bucket can change it unnoticed; allowUnauthenticated reads it all the same`,
  );
}

/** An object that is not encrypted is an error unless consented to: anybody who can write could swap it in. */
export function requireUnencryptedConsent(
  settings: OssSettings,
  key: string,
  options: ReadCallOptions,
): void {
  if (options.allowUnencrypted ?? settings.allowUnencrypted) return;
  throw new ObjectNotEncryptedError(
    `the object at ${settings.store.bucket}/${key} is not encrypted in a layout known here; allowUnencrypted reads it as it is`,
  );
}
