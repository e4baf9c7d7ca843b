import { checkContext, reservedPrefix } from '../encryption-context.ts';
import {
  DataKeyUnwrapError,
  DataKeyWrapError,
  EncryptionContextError,
  InvalidArgumentError,
  KeyringContractError,
  LimitExceededError,
  MalformedMessageError,
  TruncatedMessageError,
  UnsupportedOperationError,
} from '../errors.ts';
import type { ReadSession, WriteSession } from '../format.ts';
import { checkVerificationKey } from '../framed/footer.ts';
import type { AliyunEncoding, MessageHeader } from '../header.ts';
import type { EncryptionContext } from '../keyring.ts';
import type { MessageDecryptionMaterials, MessageEncryptionMaterials } from '../materials/manager.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';
import { resolveSuite, type SuiteReference } from '../suites/table.ts';
import type { OptionNames } from './option-names.ts';
import { type ClientSettings, requireEncoding } from './options.ts';
import { checkAuthenticated, checkCommitment, checkFormat, matchContext } from './policies.ts';

export interface EncryptOptions {
  /** Names and values to bind to the message. They are stored in the clear. */
  readonly context?: EncryptionContext | undefined;
  /** Another suite than the client's, of the format the client was told to write. */
  readonly suite?: SuiteReference | undefined;
  /** Keys of `context` to authenticate but not to store: whoever decrypts must supply them. */
  readonly requiredContextKeys?: readonly string[] | undefined;
  /** Plaintext bytes per frame, for this message. */
  readonly frameLength?: number | undefined;
  /** Consent, for this message, to an algorithm that does not authenticate the body. */
  readonly allowUnauthenticated?: boolean | undefined;
  /** The encoding of the aliyun format to write, for this message. */
  readonly encoding?: AliyunEncoding | undefined;
}

export interface DecryptOptions {
  /** Entries the message's context must have, with these values; also supplies the required ones it does not store. */
  readonly context?: EncryptionContext | undefined;
  /** Consent, for this message, to an algorithm that does not authenticate the body. */
  readonly allowUnauthenticated?: boolean | undefined;
}

export const encryptOptionNames: OptionNames<EncryptOptions> = {
  context: true,
  suite: true,
  requiredContextKeys: true,
  frameLength: true,
  allowUnauthenticated: true,
  encoding: true,
};
export const decryptOptionNames: OptionNames<DecryptOptions> = { context: true, allowUnauthenticated: true };

/** What `decryptStream` does with a message of a signed suite. */
export type SignedMessages = 'hold-end' | 'hold-all' | 'refuse';

/** What only a stream decides. */
export interface StreamReading {
  readonly onHeader?: ((header: MessageHeader) => void) | undefined;
  readonly signedMessages?: SignedMessages | undefined;
}

/** Check a call's options against the client's policies and obtain materials for one message. */
export async function openWriteSession(
  settings: ClientSettings,
  options: EncryptOptions,
  frameLength: number,
  plaintextLength?: number,
): Promise<WriteSession> {
  const suite = options.suite === undefined ? settings.suite : resolveSuite(options.suite);
  if (!settings.writableFormats.includes(suite.format)) {
    throw new InvalidArgumentError(
      `suite ${suite.name} is of the ${suite.format} format; this client's options leave it ${settings.writableFormats.join(', ')}`,
    );
  }
  checkCommitment(suite, settings.commitmentPolicy, 'encrypt');
  checkAuthenticated(suite, settings.allowUnauthenticated || options.allowUnauthenticated === true);
  const encryptionContext = checkContext(options.context);
  for (const key of Object.keys(encryptionContext)) {
    if (suite.format === 'framed' && key.startsWith(reservedPrefix)) {
      throw new EncryptionContextError(
        `the context entry ${JSON.stringify(key)} starts with ${reservedPrefix}, which the format keeps for itself`,
        key,
      );
    }
  }
  const requiredContextKeys = checkRequiredKeys(options.requiredContextKeys, encryptionContext);
  const encoding = requireEncoding(options.encoding) ?? settings.encoding;
  let materials: MessageEncryptionMaterials;
  try {
    materials = await settings.materials.getEncryptionMaterials({
      suite,
      encryptionContext,
      plaintextLength,
    });
  } catch (error) {
    throw foreignError(error, 'wrap');
  }
  checkMaterials(materials, suite);
  if (!Array.isArray(materials.encryptedDataKeys) || materials.encryptedDataKeys.length === 0) {
    materials.plaintextDataKey.fill(0);
    throw new KeyringContractError(
      'the materials manager gave no encrypted data key: nobody could decrypt the message',
    );
  }
  if (materials.encryptedDataKeys.length > settings.maxEncryptedDataKeys) {
    materials.plaintextDataKey.fill(0);
    throw new LimitExceededError(
      `the keyring made ${materials.encryptedDataKeys.length} encrypted data keys; maxEncryptedDataKeys allows ${settings.maxEncryptedDataKeys}`,
    );
  }
  return { materials, requiredContextKeys, frameLength, encoding };
}

const signedMessagesChoices: readonly SignedMessages[] = ['hold-end', 'hold-all', 'refuse'];

/** What a format needs to read one message under the client's policies. */
export function createReadSession(
  settings: ClientSettings,
  options: DecryptOptions,
  { onHeader, signedMessages = 'hold-end' }: StreamReading = {},
): ReadSession {
  if (!signedMessagesChoices.includes(signedMessages)) {
    throw new InvalidArgumentError(
      `signedMessages must be one of ${signedMessagesChoices.join(', ')}, not ${String(signedMessages)}`,
    );
  }
  const expected = checkContext(options.context);
  const allowUnauthenticated = settings.allowUnauthenticated || options.allowUnauthenticated === true;
  return {
    maxEncryptedDataKeys: settings.maxEncryptedDataKeys,
    allowUnauthenticated,
    maxUnverifiedBytes: settings.maxUnverifiedBytes,
    holdBack: signedMessages === 'hold-all' ? 'all' : 'end',
    onHeader,
    async open({ format, suite, context, encryptedDataKeys }) {
      checkFormat(format, settings.formats);
      checkCommitment(suite, settings.commitmentPolicy, 'decrypt');
      checkAuthenticated(suite, allowUnauthenticated);
      if (signedMessages === 'refuse' && suite.signature !== undefined) {
        throw new UnsupportedOperationError(
          `the message is of the signed suite ${suite.name}, and signedMessages is 'refuse': decrypt it whole`,
        );
      }
      if (format === 'framed') checkVerificationKey(suite, context);
      const unstoredContext = matchContext(context, expected, format);
      // Cached materials share it, and callers are given it.
      const encryptionContext = Object.freeze({ ...context, ...unstoredContext });
      try {
        const materials = await settings.materials.getDecryptionMaterials({
          suite,
          encryptionContext,
          encryptedDataKeys,
        });
        checkMaterials(materials, suite);
        return { materials, unstoredContext };
      } catch (error) {
        throw explainUnwrap(foreignError(error, 'unwrap'), Object.keys(unstoredContext));
      }
    },
  };
}

/** Materials managers are written by others too. */
function checkMaterials(
  materials: MessageEncryptionMaterials | MessageDecryptionMaterials | undefined,
  suite: AlgorithmSuite,
): void {
  const key: unknown = materials?.plaintextDataKey;
  const isKey = key instanceof Uint8Array;
  if (materials?.suite === suite && isKey && key.length === suite.dataKeyLength) return;
  if (isKey) key.fill(0);
  throw new KeyringContractError(
    materials?.suite === suite
      ? `the materials manager gave no data key of ${suite.dataKeyLength} bytes for suite ${suite.name}`
      : 'the materials manager gave materials for another suite than was asked for',
  );
}

/**
 * A keyring reads bytes of its own (a secret, a response), and what it says of their end or form must not pass for a
 * finding about the message: whoever fetches more bytes when a message is cut off would never come to an end.
 */
export function foreignError(error: unknown, operation: 'wrap' | 'unwrap'): unknown {
  if (!(error instanceof TruncatedMessageError) && !(error instanceof MalformedMessageError)) return error;
  const message = `the keyring failed on bytes of its own, not of this message: ${error.message}`;
  return operation === 'wrap'
    ? new DataKeyWrapError(message, [error])
    : new DataKeyUnwrapError(message, [error]);
}

/** A wrong value for an entry that is not stored shows as a key that does not unwrap: say which entries these are. */
function explainUnwrap(error: unknown, unstored: readonly string[]): unknown {
  if (!(error instanceof DataKeyUnwrapError) || unstored.length === 0) return error;
  const names = unstored.map((key) => JSON.stringify(key)).join(', ');
  return new DataKeyUnwrapError(
    `${error.message}; the message does not store these entries of the context given, so the writer must have required them, with the same values: ${names}`,
    error.errors,
  );
}

function checkRequiredKeys(
  keys: readonly string[] | undefined,
  context: EncryptionContext,
): readonly string[] {
  if (keys === undefined) return [];
  if (!Array.isArray(keys)) throw new InvalidArgumentError('requiredContextKeys must be an array of strings');
  for (const key of keys) {
    if (typeof key !== 'string' || !Object.hasOwn(context, key)) {
      throw new EncryptionContextError(
        `requiredContextKeys names ${JSON.stringify(key)}, which is not in the context`,
        String(key),
      );
    }
  }
  return keys;
}
