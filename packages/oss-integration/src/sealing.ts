import { type EncryptionContext, InvalidArgumentError, type MessageWriter } from '@yunseal/crypto-core';
import { encryptFrames } from './frames.ts';
import { detachMessage } from './layouts/encryption-sdk.ts';
import { FRAMED_HEADER_FIELD } from './layouts/layout.ts';
import { ctrStream, type MultipartSizes, newContentKey, writeOssSdkMetadata } from './layouts/oss-sdk.ts';
import type { OssSettings } from './settings.ts';
import type { OpenSource } from './source.ts';
import { MAX_METADATA_BYTES } from './store/object-headers.ts';

/** An object that is being encrypted: what goes into its metadata, and its bytes, which can be taken once. */
export interface SealedObject {
  readonly metadata: Readonly<Record<string, string>>;
  readonly ciphertext: AsyncIterable<Uint8Array>;
  /** Bytes of ciphertext, where known beforehand. */
  readonly length: number | undefined;
  /** Bytes of plaintext that have gone into it so far. */
  plaintextLength(): number;
}

/** Layout `encryption-sdk` keeps its tag in the metadata, which is sent first: its objects are made in memory. */
const MAX_IN_MEMORY = 512 * 1024 * 1024;

/** Encrypt a source in the client's layout, with keys of its own. */
export async function sealObject(
  settings: OssSettings,
  context: EncryptionContext,
  source: OpenSource,
  multipart?: { readonly partSize: number },
): Promise<SealedObject> {
  if (settings.layout === 'framed' && !settings.signs) return sealFramed(settings, context, source);
  let read = 0;
  const plaintext = async function* () {
    for await (const chunk of source.stream()) {
      read += chunk.length;
      yield chunk;
    }
  };
  const sealed = await sealStream(settings, context, source.length, plaintext(), multipart);
  return { ...sealed, plaintextLength: () => read };
}

type SealedStream = Omit<SealedObject, 'plaintextLength'>;

function sealStream(
  settings: OssSettings,
  context: EncryptionContext,
  length: number | undefined,
  plaintext: AsyncIterable<Uint8Array>,
  multipart: { readonly partSize: number } | undefined,
): Promise<SealedStream> | SealedStream {
  switch (settings.layout) {
    case 'framed':
      return sealSigned(settings, context, plaintext);
    case 'oss-sdk':
      return sealOssSdk(settings, length, plaintext, multipart);
    case 'encryption-sdk':
      return sealEncryptionSdk(settings, context, plaintext);
  }
}

async function sealFramed(
  { messages, headerIn }: OssSettings,
  context: EncryptionContext,
  source: OpenSource,
): Promise<SealedObject> {
  const { length } = source;
  const reader = source.reader();
  const plaintextLength = () => reader.length;
  const writer = await messages('framed').startMessage({ context });
  const whole = length === undefined ? undefined : writer.messageLength(length);
  if (headerIn === 'object') {
    const ciphertext = encryptFrames(writer, reader, writer.headerBytes);
    return { metadata: {}, ciphertext, length: whole, plaintextLength };
  }
  return {
    metadata: { [FRAMED_HEADER_FIELD]: headerField(writer) },
    ciphertext: encryptFrames(writer, reader, undefined),
    length: whole === undefined ? undefined : whole - writer.headerBytes.length,
    plaintextLength,
  };
}

function headerField(writer: MessageWriter): string {
  const field = Buffer.from(writer.headerBytes).toString('base64');
  if (field.length > MAX_METADATA_BYTES - 1024) {
    throw new InvalidArgumentError(
      `the header has ${writer.headerBytes.length} bytes and does not fit into an object's metadata; use headerIn: 'object', or fewer keys and context entries`,
    );
  }
  return field;
}

/** A signature covers the frames in order, so they come from the stream that makes it. */
function sealSigned(
  { messages, headerIn }: OssSettings,
  context: EncryptionContext,
  plaintext: AsyncIterable<Uint8Array>,
): SealedStream {
  if (headerIn === 'metadata') {
    throw new InvalidArgumentError("a signed suite cannot be used with headerIn: 'metadata'");
  }
  const ciphertext = (ReadableStream.from(plaintext) as ReadableStream<Uint8Array>).pipeThrough(
    messages('framed').encryptStream({ context }),
  );
  return { metadata: {}, ciphertext, length: undefined };
}

async function sealOssSdk(
  { masterKeys }: OssSettings,
  length: number | undefined,
  plaintext: AsyncIterable<Uint8Array>,
  multipart: { readonly partSize: number } | undefined,
): Promise<SealedStream> {
  const [masterKey] = masterKeys;
  if (masterKey === undefined) throw new InvalidArgumentError('layout oss-sdk needs a master key');
  const contentKey = newContentKey();
  const sizes: MultipartSizes | undefined =
    multipart === undefined || length === undefined
      ? undefined
      : { dataSize: length, partSize: multipart.partSize };
  const metadata = await writeOssSdkMetadata(contentKey, masterKey, {
    contentLength: length,
    multipart: sizes,
  });
  const apply = ctrStream(contentKey);
  contentKey.key.fill(0);
  const ciphertext = (async function* () {
    for await (const chunk of plaintext) yield apply(chunk);
  })();
  return { metadata, ciphertext, length };
}

async function sealEncryptionSdk(
  { messages }: OssSettings,
  context: EncryptionContext,
  plaintext: AsyncIterable<Uint8Array>,
): Promise<SealedStream> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of plaintext) {
    length += chunk.length;
    if (length > MAX_IN_MEMORY) {
      throw new InvalidArgumentError(
        `layout encryption-sdk encrypts in memory, at most ${MAX_IN_MEMORY} bytes; use layout framed`,
      );
    }
    chunks.push(chunk.slice());
  }
  const message = await messages('aliyun').encrypt(new Uint8Array(Buffer.concat(chunks)), { context });
  const { metadata, ciphertext } = detachMessage(message.ciphertext);
  return {
    metadata,
    ciphertext: (async function* () {
      yield ciphertext;
    })(),
    length: ciphertext.length,
  };
}
