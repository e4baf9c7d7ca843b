/**
 * How an encrypted object is laid out.
 *
 * - `framed`: the object is a framed message (the AWS Encryption SDK message format). Every byte is authenticated,
 *   ranges too.
 * - `oss-sdk`: what the OSS SDKs for Go, Java, Python and C++ call client-side encryption V2. AES-CTR: nothing
 *   authenticates it.
 * - `encryption-sdk`: what the Alibaba Cloud Encryption SDK's OSS examples write. AES-GCM: a whole read is
 *   authenticated, a range is not.
 */
export type LayoutName = 'framed' | 'oss-sdk' | 'encryption-sdk';

/** What to take an object for: a layout, or none of them. */
export type Recognised =
  | { readonly layout: 'framed'; readonly header: 'in-object' | 'in-metadata' }
  | { readonly layout: 'oss-sdk' | 'encryption-sdk' }
  | { readonly layout: undefined };

/** Prefix of the metadata fields of layout `oss-sdk`. */
export const OSS_SDK_PREFIX = 'client-side-encryption-';
/** Prefixes of the fields that releases before "V2" wrote, such as the first ones of the Python SDK. */
const OLDER_PREFIXES = ['oss-crypto-', 'oss-cek-', 'oss-wrap-'];
/** The metadata fields of layout `encryption-sdk`. HTTP does not keep the upper case of `authTag`. */
export const ENCRYPTION_SDK_FIELDS = { header: 'header', iv: 'iv', tag: 'authtag' } as const;
/** The metadata field that holds a framed message's header when it is not at the start of the object. */
export const FRAMED_HEADER_FIELD = 'yunseal-header';

function isOssSdkField(field: string): boolean {
  return [OSS_SDK_PREFIX, ...OLDER_PREFIXES].some((prefix) => field.startsWith(prefix));
}

/** Whether a metadata field says something of some layout: beside a field of its own, an object would pass for another. */
export function isLayoutField(field: string): boolean {
  const names: readonly string[] = [...Object.values(ENCRYPTION_SDK_FIELDS), FRAMED_HEADER_FIELD];
  return names.includes(field) || isOssSdkField(field);
}

/** Tell an object's layout by its metadata and its first byte (undefined for an empty object). */
export function recogniseLayout(
  metadata: Readonly<Record<string, string>>,
  firstByte: number | undefined,
): Recognised {
  const has = (field: string) => Object.hasOwn(metadata, field);
  if (Object.keys(metadata).some(isOssSdkField)) return { layout: 'oss-sdk' };
  if (has(FRAMED_HEADER_FIELD)) return { layout: 'framed', header: 'in-metadata' };
  if (Object.values(ENCRYPTION_SDK_FIELDS).every(has)) return { layout: 'encryption-sdk' };
  // Versions 1 and 2 of the format.
  if (firstByte === 1 || firstByte === 2) return { layout: 'framed', header: 'in-object' };
  return { layout: undefined };
}

/** The caller's own metadata: without the fields of the layouts. */
export function ownMetadata(
  metadata: Readonly<Record<string, string>>,
  layout: LayoutName | undefined,
): Record<string, string> {
  const ofLayout = (field: string) => {
    switch (layout) {
      case 'oss-sdk':
        return field.startsWith(OSS_SDK_PREFIX);
      case 'encryption-sdk':
        return (Object.values(ENCRYPTION_SDK_FIELDS) as string[]).includes(field);
      case 'framed':
        return field === FRAMED_HEADER_FIELD;
      case undefined:
        return false;
    }
  };
  return Object.fromEntries(Object.entries(metadata).filter(([field]) => !ofLayout(field)));
}
