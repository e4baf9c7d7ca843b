import { randomUUID } from 'node:crypto';
import {
  type AlgorithmSuite,
  type AliyunHeader,
  decodeAliyunBody,
  type EncryptedDataKey,
  type EncryptionContext,
  encodeAliyunBody,
  joinAliyunMessage,
  type Keyring,
  parseAliyunHeader,
  sealAliyunHeader,
  splitAliyunMessage,
  suites,
  verifyAliyunHeader,
} from '@yunseal/crypto-core';
import { LRUCache } from 'lru-cache';
import { regionalKmsClients } from '../client/regional-clients.ts';
import { KmsNotFoundError, KmsRejectedError, SharedDataKeyError } from '../errors.ts';
import { parseKeyArn, parseKeyIdentifier } from '../key-identifier.ts';
import { type KmsKeyringOptions, kmsKeyring } from '../keyrings/kms-keyring.ts';
import { kmsProviderId } from '../keyrings/provider-id.ts';
import type { KmsClient, KmsSecretsClient } from '../kms-client.ts';
import { type BodyEncoding, decodeStreamBody, encodeStreamBody } from './body-encoding.ts';
import { kmsSecrets, type Secret } from './kms-secrets.ts';

export interface SecretsManagerKeyringOptions extends Omit<KmsKeyringOptions, 'client'> {
  /** The secret that keeps the wrapped data key, in the region of `keyId`. It is created when there is none. */
  readonly secretName: string;
  /** How long before the secret is looked at again for a newer version, in milliseconds. Default 300,000. */
  readonly maxAgeMs?: number | undefined;
  /** Messages that one process may encrypt under one version of the secret. Default 2³¹. */
  readonly maxMessages?: number | undefined;
  /** Takes the place of the connection options: gives the client of a region. */
  readonly client?: ((region: string) => KmsClient & KmsSecretsClient) | undefined;
}

/** A keyring whose data key is shared by a fleet through a KMS secret. */
export interface SecretsManagerKeyring extends Keyring {
  /**
   * Takes the header off a message of the aliyun format that this keyring encrypted, leaving what the Java release's
   * SecretManagerDataKeyProvider writes and reads: the body alone, in DER or as its streams have it.
   *
   * @throws SharedDataKeyError when the message is not one under this keyring's shared data key.
   */
  detachHeader(message: Uint8Array, encoding?: BodyEncoding): Promise<Uint8Array>;
  /** Puts the secret's header before such a body, so that a client with this keyring can decrypt it. */
  attachHeader(body: Uint8Array, encoding?: BodyEncoding): Promise<Uint8Array>;
  /** Forgets the data keys and zeroes them. The next use fetches them again. */
  clear(): void;
}

/** Marks an encrypted data key as kept in a KMS secret: provider info is the secret's ARN, the ciphertext its version id. */
export const kmsSecretProviderId = 'acs-kms-secret';

/** One version of the shared data key. */
interface SharedKey {
  readonly versionId: string;
  /** The header's DER SEQUENCE, as the secret keeps it. */
  readonly headerBytes: Uint8Array;
  readonly header: AliyunHeader;
  readonly dataKey: Uint8Array;
  encrypted: number;
  /** Set when the data key has been zeroed: whoever still holds this must not use it. */
  forgotten: boolean;
}

/**
 * One data key, wrapped by KMS and kept in a KMS secret in the form of the Java release's SecretManagerDataKeyProvider
 * (text: the Base64 of a message header's DER). Each process fetches and unwraps it once, so a million messages cost two
 * KMS calls. The encryption context of the first message ever is bound into the header.
 *
 * In the aliyun format every message must have that context and the header's suite, as the Java release demands. In the
 * framed format each message derives its own key and may have any context; suites without key derivation are refused,
 * because they would use one key with the same IVs again.
 *
 * Operations reject with SharedDataKeyError when the secret's content, suite or context does not fit, and with `KmsError`
 * subclasses.
 */
export function secretsManagerKeyring(options: SecretsManagerKeyringOptions): SecretsManagerKeyring {
  const { secretName } = options;
  const clientOf = options.client ?? regionalKmsClients(options);
  const wrapping = kmsKeyring({ ...options, client: clientOf });
  const generator = parseKeyIdentifier(options.keyId, options);
  const client = clientOf(generator.region);
  const secrets = kmsSecrets({
    region: generator.region,
    client,
    maxAgeMs: options.maxAgeMs,
    clock: options.clock,
    onEvent: options.onEvent,
  });
  const maxMessages = options.maxMessages ?? 2 ** 31;
  const opened = new LRUCache<string, Promise<SharedKey>>({
    max: 16,
    dispose: (opening) =>
      void opening.then(
        (key) => {
          key.forgotten = true;
          key.dataKey.fill(0);
        },
        () => undefined,
      ),
  });
  let creating: Promise<void> | undefined;

  function unusable(reason: string, cause?: unknown): SharedDataKeyError {
    return new SharedDataKeyError(secretName, reason, cause === undefined ? undefined : { cause });
  }

  /** Creates the secret for the first message there ever is, unless somebody else is quicker. */
  async function create(suite: AlgorithmSuite, encryptionContext: EncryptionContext): Promise<void> {
    const materials = await wrapping.onEncrypt({
      suite: headerSuite(suite),
      encryptionContext,
      encryptedDataKeys: [],
    });
    try {
      const header = await sealAliyunHeader(materials);
      await client.createSecret(
        {
          secretName,
          versionId: randomUUID(),
          secretData: Buffer.from(header).toString('base64'),
          secretDataType: 'text',
          encryptionKeyId: generator.requestKeyId,
        },
        { signal: options.signal },
      );
    } catch (error) {
      const lostTheRace = error instanceof KmsRejectedError && error.serviceCode === 'Rejected.ResourceExist';
      if (!lostTheRace) throw error;
    } finally {
      materials.plaintextDataKey?.fill(0);
    }
  }

  function headerSuite(suite: AlgorithmSuite): AlgorithmSuite {
    if (suite.format === 'aliyun') return suite;
    if (suite.dataKeyLength === 32) return suites.AES_GCM_NOPADDING_256;
    if (suite.dataKeyLength === 16) return suites.AES_GCM_NOPADDING_128;
    throw unusable(
      `suite ${suite.name} needs a data key of ${suite.dataKeyLength} bytes; 16 or 32 can be kept`,
    );
  }

  async function open(secret: Secret): Promise<SharedKey> {
    if (typeof secret.value !== 'string') throw unusable('its type is binary where text is expected');
    const headerBytes = new Uint8Array(Buffer.from(secret.value, 'base64'));
    let header: AliyunHeader;
    try {
      header = parseAliyunHeader(headerBytes);
    } catch (error) {
      throw unusable('its text is not the Base64 of a message header', error);
    }
    const materials = await wrapping.onDecrypt(
      { suite: header.suite, encryptionContext: header.context },
      header.encryptedDataKeys,
    );
    const dataKey = materials.plaintextDataKey;
    if (dataKey === undefined) throw unusable('none of the configured keys wrapped it');
    try {
      await verifyAliyunHeader(headerBytes, dataKey);
    } catch (error) {
      dataKey.fill(0);
      throw unusable('its header was changed', error);
    }
    return { versionId: secret.versionId, headerBytes, header, dataKey, encrypted: 0, forgotten: false };
  }

  function openOnce(secret: Secret): Promise<SharedKey> {
    let key = opened.get(secret.versionId);
    if (key === undefined) {
      const opening = open(secret);
      opened.set(secret.versionId, opening);
      opening.catch(() => {
        if (opened.peek(secret.versionId) === opening) opened.delete(secret.versionId);
      });
      key = opening;
    }
    return key;
  }

  async function current(): Promise<SharedKey> {
    return openOnce(await secrets.getSecret(secretName, { signal: options.signal }));
  }

  async function currentOrNew(suite: AlgorithmSuite, context: EncryptionContext): Promise<SharedKey> {
    try {
      return await current();
    } catch (error) {
      if (!(error instanceof KmsNotFoundError)) throw error;
      creating ??= create(suite, context).finally(() => {
        creating = undefined;
      });
      await creating;
      return current();
    }
  }

  function secretArn(key: SharedKey): string {
    const arn = parseKeyArn(key.header.encryptedDataKeys[0]?.providerInfo ?? '');
    return `acs:kms:${generator.region}:${arn?.accountId ?? ''}:secret/${secretName}`;
  }

  /** The version a framed message names, or the current one where the message carries its very wrapping. */
  async function keyOf(encryptedDataKeys: readonly EncryptedDataKey[]): Promise<SharedKey | undefined> {
    const suffix = `:secret/${secretName}`;
    const named = encryptedDataKeys.find(
      ({ providerId, providerInfo }) =>
        providerId === kmsSecretProviderId &&
        providerInfo.startsWith(`acs:kms:${generator.region}:`) &&
        providerInfo.endsWith(suffix),
    );
    if (named !== undefined) {
      const versionId = Buffer.from(named.ciphertext).toString('utf8');
      const known = opened.get(versionId);
      if (known !== undefined) return known;
      // Most messages are under the current version, which the next message to encrypt needs as well.
      const newest = await current();
      if (newest.versionId === versionId) return newest;
      return openOnce(await secrets.getSecret(secretName, { versionId, signal: options.signal }));
    }
    if (!encryptedDataKeys.some(({ providerId }) => providerId === kmsProviderId)) return undefined;
    const key = await current().catch((error: unknown) => {
      if (error instanceof KmsNotFoundError) return undefined;
      throw error;
    });
    return key !== undefined && sharesWrapping(encryptedDataKeys, key) ? key : undefined;
  }

  /** A copy for one message, which its receiver zeroes. */
  function copyOf(key: SharedKey): Uint8Array {
    if (key.forgotten) throw unusable('it was cleared while in use; try again');
    return key.dataKey.slice();
  }

  return {
    async onEncrypt(materials) {
      const { suite, encryptionContext } = materials;
      if (materials.plaintextDataKey !== undefined) {
        throw unusable(
          'it is the data key itself and cannot wrap another; use this keyring as the generator',
        );
      }
      if (suite.format === 'framed' && suite.kdfHash === undefined) {
        throw unusable(
          `suite ${suite.name} derives no key for each message, so a data key must not be shared`,
        );
      }
      const key = await currentOrNew(suite, encryptionContext);
      if (suite.dataKeyLength !== key.dataKey.length) {
        throw unusable(
          `it has ${key.dataKey.length} bytes, suite ${suite.name} needs ${suite.dataKeyLength}`,
        );
      }
      if (suite.format === 'aliyun') {
        if (suite.id !== key.header.suite.id) {
          throw unusable(`it is for suite ${key.header.suite.name}, not ${suite.name}`);
        }
        if (!sameContext(encryptionContext, key.header.context)) {
          throw unusable(
            'its encryption context is not the message\u2019s; in the aliyun format they must be the same',
          );
        }
      }
      if (key.encrypted >= maxMessages) {
        throw unusable(
          `version ${key.versionId} has encrypted ${maxMessages} messages here; store a new version`,
        );
      }
      key.encrypted++;
      const own: readonly EncryptedDataKey[] =
        suite.format === 'aliyun'
          ? key.header.encryptedDataKeys
          : [
              {
                providerId: kmsSecretProviderId,
                providerInfo: secretArn(key),
                ciphertext: new TextEncoder().encode(key.versionId),
              },
            ];
      return {
        ...materials,
        plaintextDataKey: copyOf(key),
        encryptedDataKeys: [...materials.encryptedDataKeys, ...own],
      };
    },

    async onDecrypt(materials, encryptedDataKeys) {
      if (materials.plaintextDataKey !== undefined) return materials;
      const key = await keyOf(encryptedDataKeys);
      // A message under an earlier data key still carries its own wrapping.
      if (key === undefined) return wrapping.onDecrypt(materials, encryptedDataKeys);
      if (key.dataKey.length !== materials.suite.dataKeyLength) {
        throw unusable(
          `it has ${key.dataKey.length} bytes, suite ${materials.suite.name} needs ${materials.suite.dataKeyLength}`,
        );
      }
      return { ...materials, plaintextDataKey: copyOf(key) };
    },

    async detachHeader(message, encoding = 'message') {
      const { header: headerBytes, ...body } = splitAliyunMessage(message);
      const header = parseAliyunHeader(headerBytes);
      const key = await current();
      if (
        header.suite.id !== key.header.suite.id ||
        !sharesWrapping(header.encryptedDataKeys, key) ||
        !sameContext(header.context, key.header.context)
      ) {
        throw unusable('the message was not encrypted under its current version');
      }
      return encoding === 'stream' ? encodeStreamBody(body) : encodeAliyunBody(body);
    },

    async attachHeader(body, encoding = 'message') {
      const { headerBytes, header } = await current();
      const decode = encoding === 'stream' ? decodeStreamBody : decodeAliyunBody;
      return joinAliyunMessage({ header: headerBytes, ...decode(body, header.suite) });
    },

    clear() {
      opened.clear();
      secrets.clear();
    },
  };
}

function sharesWrapping(encryptedDataKeys: readonly EncryptedDataKey[], key: SharedKey): boolean {
  return encryptedDataKeys.some((one) =>
    key.header.encryptedDataKeys.some(
      (kept) =>
        kept.providerId === one.providerId &&
        kept.providerInfo === one.providerInfo &&
        Buffer.compare(kept.ciphertext, one.ciphertext) === 0,
    ),
  );
}

function sameContext(a: EncryptionContext, b: EncryptionContext): boolean {
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
  );
}
