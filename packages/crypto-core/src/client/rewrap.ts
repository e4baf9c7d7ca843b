import { backend } from '#backend';
import { requireBytes } from '../bytes/require-bytes.ts';
import { DataKeyWrapError, KeyringContractError, LimitExceededError } from '../errors.ts';
import type { RewrapSession } from '../format.ts';
import type { EncryptionContext, EncryptionMaterials, Keyring } from '../keyring.ts';
import { defaultMaterials } from '../materials/default.ts';
import { requireKeyring } from '../materials/key-source.ts';
import { suites } from '../suites/table.ts';
import { detectingTransform } from './detecting-transform.ts';
import { detectFormat } from './formats.ts';
import { checkOptionNames, type OptionNames } from './option-names.ts';
import {
  defaultFrameLength,
  defaultMaxEncryptedDataKeys,
  defaultMaxUnverifiedBytes,
  requireInteger,
  requireOneOf,
} from './options.ts';
import { createReadSession, foreignError } from './sessions.ts';
import { toTransformStream } from './transform-stream.ts';

export interface RewrapOptions {
  /** Unwraps the message's data key. */
  readonly from: Keyring;
  /** Wraps it again; its encrypted data keys take the place of all that were there. */
  readonly to: Keyring;
  /** Entries the message's context must have; also supplies the required ones it does not store. */
  readonly context?: EncryptionContext | undefined;
  /** The most encrypted data keys a message may have, before and after. Default: 10. */
  readonly maxEncryptedDataKeys?: number | undefined;
  /**
   * What becomes of the body. `keep` (the default) leaves every byte of it as it is. `renew` draws a new message id and
   * encrypts the frames again, under keys freshly derived from the same data key (so no wrapping key makes a new one),
   * and verifies the old body on the way.
   */
  readonly frames?: 'keep' | 'renew' | undefined;
}

const rewrapOptionNames: OptionNames<RewrapOptions> = {
  from: true,
  to: true,
  context: true,
  maxEncryptedDataKeys: true,
  frames: true,
};
const frameChoices = ['keep', 'renew'] as const;

/**
 * Give a message other wrapping keys: a new header with the same data key.
 *
 * With `frames: 'keep'`, the default, the body stays as it is and a stream's body passes through. It is not decrypted, and
 * so not checked: a body that was changed or cut off before stays so, for `decrypt` to find.
 *
 * **The risk of `keep`:** a framed message of version 2 (the default suite) has one IV for its headers, so whoever sees
 * the message both before and after rewrapping (old backups, object versions) can work out its authentication key, and
 * if they can also write it, forge its frames: `decrypt` accepts the forgery. Reading it stays impossible. Take
 * `frames: 'renew'` wherever the old copy may outlive the rewrapping; see `docs/decisions/rewrapping.md`.
 *
 * With `frames: 'renew'` the new message shares no derived key with the old one, and comes out only when the whole old
 * body was authenticated; as a stream, frame by frame, ended by an error when the old body turns out to be changed.
 *
 * @throws {UnsupportedOperationError} for a signed message: its signature covers the encrypted data keys; with
 * `frames: 'renew'` also for a message whose suite derives no keys (0x0014, 0x0046, 0x0078 and the aliyun format)
 * @throws {DataKeyUnwrapError | DataKeyWrapError | AuthenticationError | MalformedMessageError}
 */
export function rewrapMessage(ciphertext: Uint8Array, options: RewrapOptions): Promise<Uint8Array>;
export function rewrapMessage(
  ciphertext: ReadableStream<Uint8Array>,
  options: RewrapOptions,
): ReadableStream<Uint8Array>;
export function rewrapMessage(
  ciphertext: Uint8Array | ReadableStream<Uint8Array>,
  options: RewrapOptions,
): Promise<Uint8Array> | ReadableStream<Uint8Array> {
  // Streams may come from another realm or a polyfill, so what it can do counts, not its class.
  if (isStream(ciphertext)) {
    const session = createRewrapSession(options);
    return ciphertext.pipeThrough(
      toTransformStream(() => detectingTransform((format) => format.rewrapper(session))),
    );
  }
  return rewrapBytes(ciphertext, options);
}

function isStream(
  ciphertext: Uint8Array | ReadableStream<Uint8Array>,
): ciphertext is ReadableStream<Uint8Array> {
  return typeof (ciphertext as Partial<ReadableStream> | undefined)?.pipeThrough === 'function';
}

async function rewrapBytes(ciphertext: Uint8Array, options: RewrapOptions): Promise<Uint8Array> {
  const bytes = requireBytes('ciphertext', ciphertext);
  return detectFormat(bytes).rewrap(bytes, createRewrapSession(options));
}

function createRewrapSession(options: RewrapOptions): RewrapSession {
  checkOptionNames(options, rewrapOptionNames);
  const to = requireKeyring('to', options.to);
  const maxEncryptedDataKeys = requireInteger(
    'maxEncryptedDataKeys',
    options.maxEncryptedDataKeys ?? defaultMaxEncryptedDataKeys,
    0xffff,
  );
  const frames = options.frames ?? 'keep';
  requireOneOf('frames', frames, frameChoices);
  const reading = createReadSession(
    {
      // Nothing is encrypted and no body is decrypted, so no suite is refused.
      materials: defaultMaterials(requireKeyring('from', options.from)),
      suite: suites['0x0478'],
      writableFormats: [],
      frameLength: defaultFrameLength,
      commitmentPolicy: 'allow',
      maxEncryptedDataKeys,
      formats: ['framed', 'aliyun'],
      allowUnauthenticated: true,
      maxUnverifiedBytes: defaultMaxUnverifiedBytes,
    },
    { context: options.context },
  );
  return {
    ...reading,
    frames,
    async wrap({ materials: { suite, encryptionContext } }, dataKey) {
      let wrapped: EncryptionMaterials;
      try {
        wrapped = await to.onEncrypt({
          suite,
          encryptionContext,
          encryptedDataKeys: [],
          plaintextDataKey: dataKey,
        });
      } catch (error) {
        throw foreignError(error, 'wrap');
      }
      const kept = wrapped?.plaintextDataKey;
      const same = kept !== undefined && backend.equal(kept, dataKey);
      if (kept !== dataKey) kept?.fill(0);
      if (!same) throw new KeyringContractError('the keyring replaced the data key it was given to wrap');
      if (wrapped.encryptedDataKeys.length === 0) {
        throw new DataKeyWrapError(
          'the keyring gave no encrypted data key: nobody could decrypt the message',
        );
      }
      if (wrapped.encryptedDataKeys.length > maxEncryptedDataKeys) {
        throw new LimitExceededError(
          `the keyring made ${wrapped.encryptedDataKeys.length} encrypted data keys; maxEncryptedDataKeys allows ${maxEncryptedDataKeys}`,
        );
      }
      return wrapped.encryptedDataKeys;
    },
  };
}
