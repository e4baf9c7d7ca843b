import { KeyIdentifierError } from './errors.ts';

/** A key's full name: `acs:kms:<region>:<account id>:key/<key id>`. */
export type KeyArn = `acs:kms:${string}:${string}:key/${string}`;
/** An alias's full name: `acs:kms:<region>:<account id>:alias/<name>`. */
export type AliasArn = `acs:kms:${string}:${string}:alias/${string}`;

/** How a key can be named: by ARN, by alias ARN, or (with the `region` option) by alias or by bare key id. */
export type KeyIdentifier = KeyArn | AliasArn | `alias/${string}` | (string & {});

/** The parts of a key ARN. */
export interface ParsedKeyArn {
  readonly region: string;
  readonly accountId: string;
  readonly keyId: string;
}

/** A key as the configuration names it. */
export interface KeyReference {
  /** The text that named it, for messages. */
  readonly text: string;
  readonly region: string;
  readonly accountId: string | undefined;
  /** What goes into the `KeyId` parameter: a key id, or `alias/<name>`. */
  readonly requestKeyId: string;
  readonly kind: 'key' | 'alias';
}

const regionPattern = /^[a-z]{2,}(?:-[a-z0-9]+)+$/;
const accountPattern = /^\d{1,20}$/;
const keyIdPattern = /^[A-Za-z0-9_-]{1,128}$/;
const aliasPattern = /^alias\/[A-Za-z0-9/_-]{1,249}$/;

/** Whether the text is a region id. Region ids become host names, so nothing else may pass for one. */
export function isRegion(text: string): boolean {
  return regionPattern.test(text);
}

/**
 * Splits the ARN that a message carries for a KMS key.
 *
 * @returns the parts, or `undefined` when the text is no key ARN.
 */
export function parseKeyArn(text: string): ParsedKeyArn | undefined {
  const parts = text.split(':');
  const [acs, service, region, accountId, resource] = parts;
  if (parts.length !== 5 || acs !== 'acs' || service !== 'kms') return undefined;
  if (!isRegion(region!) || !accountPattern.test(accountId!)) return undefined;
  if (!resource!.startsWith('key/')) return undefined;
  const keyId = resource!.slice('key/'.length);
  return keyIdPattern.test(keyId) ? { region: region!, accountId: accountId!, keyId } : undefined;
}

/** Builds the ARN that a message carries for a KMS key. */
export function formatKeyArn(parts: ParsedKeyArn): KeyArn {
  return `acs:kms:${parts.region}:${parts.accountId}:key/${parts.keyId}`;
}

/**
 * Reads one of the forms a key can be named in.
 *
 * @param defaults - region and account for the forms that do not say them.
 * @throws KeyIdentifierError when the text is none of the forms, or no region is known for it.
 */
export function parseKeyIdentifier(
  text: string,
  defaults: { readonly region?: string | undefined; readonly accountId?: string | undefined } = {},
): KeyReference {
  if (text.startsWith('acs:')) return parseArnReference(text);
  const kind = text.startsWith('alias/') ? 'alias' : 'key';
  if (!(kind === 'alias' ? aliasPattern : keyIdPattern).test(text)) {
    throw new KeyIdentifierError(
      `${JSON.stringify(text)} is no KMS key: expected acs:kms:<region>:<account id>:key/<key id>, alias/<name> or a key id`,
    );
  }
  if (defaults.region === undefined) {
    throw new KeyIdentifierError(
      `${JSON.stringify(text)} does not say its region: give the ARN, or set the region option`,
    );
  }
  if (!isRegion(defaults.region)) {
    throw new KeyIdentifierError(`${JSON.stringify(defaults.region)} is no region id such as cn-hangzhou`);
  }
  return { text, region: defaults.region, accountId: defaults.accountId, requestKeyId: text, kind };
}

function parseArnReference(text: string): KeyReference {
  const key = parseKeyArn(text);
  if (key !== undefined) {
    return { text, region: key.region, accountId: key.accountId, requestKeyId: key.keyId, kind: 'key' };
  }
  const [, , region, accountId, resource] = text.split(':');
  if (
    text.split(':').length === 5 &&
    text.startsWith('acs:kms:') &&
    isRegion(region!) &&
    accountPattern.test(accountId!) &&
    aliasPattern.test(resource!)
  ) {
    return { text, region: region!, accountId: accountId!, requestKeyId: resource!, kind: 'alias' };
  }
  throw new KeyIdentifierError(
    `${JSON.stringify(text)} is no KMS ARN: expected acs:kms:<region>:<account id>:key/<key id> or …:alias/<name>`,
  );
}
