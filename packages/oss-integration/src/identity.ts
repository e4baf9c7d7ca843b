import { type EncryptionContext, EncryptionContextError } from '@yunseal/crypto-core';
import { ObjectIdentityError } from './errors.ts';
import type { LayoutName } from './layouts/layout.ts';

/** Context entry that names the bucket that an object was encrypted for. */
export const BUCKET_ENTRY = 'acs:oss:bucket';
/** Context entry that names the key that an object was encrypted for. */
export const KEY_ENTRY = 'acs:oss:key';

/**
 * Which object the encryption context must name when reading, and names when writing. By default the object itself,
 * so that an object that was copied, renamed or swapped is refused. Parts of another name accept just that name; `false`
 * neither writes nor checks the entries.
 */
export type ObjectBinding =
  | { readonly bucket?: string | undefined; readonly key?: string | undefined }
  | false;

/** The encryption context for writing an object. */
export function boundContext(
  bucket: string,
  key: string,
  context: EncryptionContext,
  binding: ObjectBinding | undefined,
): EncryptionContext {
  for (const entry of [BUCKET_ENTRY, KEY_ENTRY]) {
    if (Object.hasOwn(context, entry)) {
      throw new EncryptionContextError(
        `the context entry ${entry} is set from the object's name; use the option boundTo`,
        entry,
      );
    }
  }
  if (binding === false) return context;
  return { ...context, [BUCKET_ENTRY]: binding?.bucket ?? bucket, [KEY_ENTRY]: binding?.key ?? key };
}

/**
 * Whether objects in layout `encryption-sdk` must name themselves. Its other writers, such as the SDK for Java, name no
 * object; only a client of that layout expects theirs. To every other client they would be a way to swap an object.
 */
export function encryptionSdkIdentity(own: LayoutName): 'required' | 'if-present' {
  return own === 'encryption-sdk' ? 'if-present' : 'required';
}

/**
 * Check the authenticated context of an object against where it was found.
 *
 * @param mode `required`: the entries must be there; `if-present`: other writers leave them out.
 */
export function checkIdentity(
  bucket: string,
  key: string,
  context: EncryptionContext,
  binding: ObjectBinding | undefined,
  mode: 'required' | 'if-present',
): void {
  if (binding === false) return;
  const expected = [
    [BUCKET_ENTRY, binding?.bucket ?? bucket],
    [KEY_ENTRY, binding?.key ?? key],
  ] as const;
  for (const [entry, name] of expected) {
    const found = Object.hasOwn(context, entry) ? context[entry] : undefined;
    if (found === undefined && mode === 'if-present') continue;
    if (found !== name) {
      throw new ObjectIdentityError(
        found === undefined
          ? `the object at ${bucket}/${key} does not say which object it was encrypted for (${entry}); pass boundTo: false to read it all the same`
          : `the object at ${bucket}/${key} was encrypted for ${entry} ${JSON.stringify(found)}; if it was moved on purpose, pass boundTo with its former name`,
      );
    }
  }
}

/** A message's context without the entries that name the object. */
export function ownContext(context: EncryptionContext): EncryptionContext {
  const { [BUCKET_ENTRY]: _bucket, [KEY_ENTRY]: _key, ...own } = context;
  return own;
}
