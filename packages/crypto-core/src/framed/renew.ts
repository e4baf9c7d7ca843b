import { UnsupportedOperationError } from '../errors.ts';
import type {
  ByteTransform,
  Emit,
  OpenedMessage,
  ReadSession,
  RewrapSession,
  WriteSession,
} from '../format.ts';
import type { MessageHeader } from '../header.ts';
import { copyDataKey } from '../materials/data-key.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';
import { createDecryptor } from './decryptor.ts';
import { createEncryptor } from './encryptor.ts';
import { decryptWhole, encryptWhole } from './whole.ts';

/*
 * Renewing a message's frames: the same data key under new wrapping keys, but a message id of its own, so that header
 * and frames are encrypted under keys that no earlier copy of the message was.
 */

/** Where a non-framed body, which is never written, becomes frames. */
const frameLengthOfNonFramed = 65_536;

/** @throws {UnsupportedOperationError} for a message that cannot be rewrapped with other frames */
function checkRenewable({ suite }: { readonly suite: AlgorithmSuite }): void {
  if (suite.signature !== undefined) throw signedMessageError(suite);
  if (suite.kdfHash === undefined) {
    throw new UnsupportedOperationError(
      `a message of suite ${suite.name}, which derives no keys from the data key, cannot be given other frames: decrypt it and encrypt it again`,
    );
  }
}

export function signedMessageError(suite: AlgorithmSuite): UnsupportedOperationError {
  return new UnsupportedOperationError(
    `a message of the signed suite ${suite.name} cannot be rewrapped: its signature covers the encrypted data keys; decrypt it and encrypt it again`,
  );
}

interface Renewal {
  /** Reads the old message, and keeps a copy of its data key. */
  readonly reading: ReadSession;
  /** What the new message is written with. Undefined as long as the old header was not authenticated. */
  writing(): Promise<WriteSession | undefined>;
  /** Zero the copy of the data key. */
  close(): void;
}

function renewal(session: RewrapSession): Renewal {
  let header: MessageHeader | undefined;
  let opened: OpenedMessage | undefined;
  let dataKey: Uint8Array | undefined;
  return {
    reading: {
      ...session,
      async open(found) {
        checkRenewable(found);
        opened = await session.open(found);
        dataKey = copyDataKey(opened.materials.plaintextDataKey);
        return opened;
      },
      onHeader(authenticated) {
        header = authenticated;
        session.onHeader?.(authenticated);
      },
    },
    async writing() {
      if (header?.format !== 'framed' || opened === undefined || dataKey === undefined) return undefined;
      const { materials, unstoredContext } = opened;
      const wrapping = copyDataKey(dataKey);
      try {
        return {
          materials: {
            suite: header.suite,
            encryptionContext: materials.encryptionContext,
            encryptedDataKeys: await session.wrap(opened, wrapping),
            plaintextDataKey: dataKey,
          },
          requiredContextKeys: Object.keys(unstoredContext),
          frameLength: header.contentType === 'framed' ? header.frameLength : frameLengthOfNonFramed,
        };
      } finally {
        wrapping.fill(0);
      }
    },
    close: () => void dataKey?.fill(0),
  };
}

/** Renew a message that is all in memory. All of it is authenticated before the data key is wrapped. */
export async function renewWhole(ciphertext: Uint8Array, session: RewrapSession): Promise<Uint8Array> {
  const { reading, writing, close } = renewal(session);
  let plaintext: Uint8Array | undefined;
  try {
    plaintext = (await decryptWhole(ciphertext, reading)).plaintext;
    const renewed = await encryptWhole(plaintext, (await writing())!);
    return renewed.ciphertext;
  } finally {
    plaintext?.fill(0);
    close();
  }
}

/** Renew a message on its way through: a frame goes on when it was authenticated; the final one ends the new message. */
export function createRenewer(session: RewrapSession): ByteTransform {
  const { reading, writing, close } = renewal(session);
  const decryptor = createDecryptor(reading);
  let encryptor: ByteTransform | undefined;
  let closed = false;
  let plaintexts: Uint8Array[] = [];
  const collect: Emit = (plaintext) => plaintexts.push(plaintext);

  const encrypt = async (emit: Emit): Promise<void> => {
    if (encryptor === undefined) {
      const written = await writing();
      // Cancelled while the keyring was at work: the data key is zeroed.
      if (written === undefined || closed) return;
      encryptor = await createEncryptor(written);
    }
    const ready = plaintexts;
    plaintexts = [];
    for (const plaintext of ready) {
      await encryptor.write(plaintext, emit);
      plaintext.fill(0);
    }
  };

  return {
    async write(chunk, emit) {
      await decryptor.write(chunk, collect);
      await encrypt(emit);
    },
    async end(emit) {
      await decryptor.end(collect);
      await encrypt(emit);
      await encryptor?.end(emit);
    },
    close() {
      closed = true;
      decryptor.close();
      encryptor?.close();
      for (const plaintext of plaintexts.splice(0)) plaintext.fill(0);
      close();
    },
  };
}
