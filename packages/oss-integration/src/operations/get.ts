import { type EncryptionContext, type MessageHeader, UnsupportedOperationError } from '@yunseal/crypto-core';
import { type DecryptedObject, type ObjectDescription, startedBody, withBody } from '../decrypted-object.ts';
import { ObjectNotEncryptedError } from '../errors.ts';
import { checkIdentity, ownContext } from '../identity.ts';
import { type LayoutName, ownMetadata, recogniseLayout } from '../layouts/layout.ts';
import { type ResumingRead, readResuming } from '../resuming-read.ts';
import type { OssSettings, ReadCallOptions } from '../settings.ts';
import type { StoredObject } from '../store/object-store.ts';

/** Read and decrypt an object whole, whatever its layout. */
export async function get(
  settings: OssSettings,
  key: string,
  options: ReadCallOptions = {},
): Promise<DecryptedObject> {
  const { store, retry } = settings;
  const { ifMatch, signal } = options;
  const read = await readResuming(store, retry, key, { ifMatch, signal });
  const body = await startedBody(read.body);
  let handedOver = false;
  try {
    const { first, stream } = await peek(body);
    const recognised = recogniseLayout(read.metadata, first?.[0]);
    const opened = { ...read, body: stream };
    let object: DecryptedObject;
    switch (recognised.layout) {
      case 'framed':
        object = await getFramed(settings, opened, options);
        break;
      case undefined:
        requireUnencryptedConsent(settings, key, options);
        object = withBody(describe(read, undefined, { authenticated: false, length: read.length }), stream);
        break;
      default:
        throw new UnsupportedOperationError(`layout ${recognised.layout}`);
    }
    handedOver = true;
    return object;
  } finally {
    if (!handedOver) await body.return(undefined);
  }
}

async function peek(body: AsyncGenerator<Uint8Array>) {
  const step = await body.next();
  const first = step.done === true ? undefined : step.value;
  async function* stream(): AsyncGenerator<Uint8Array> {
    try {
      if (first !== undefined) yield first;
      yield* body;
    } finally {
      await body.return(undefined);
    }
  }
  return { first, stream: stream() };
}

async function getFramed(
  settings: OssSettings,
  read: ResumingRead,
  options: ReadCallOptions,
): Promise<DecryptedObject> {
  const { store } = settings;
  let header: MessageHeader | undefined;
  const onHeader = (found: MessageHeader) => {
    checkIdentity(store.bucket, read.key, found.context, options.boundTo, 'required');
    header = found;
  };
  const context = { ...settings.context, ...options.context };
  const plaintext = (ReadableStream.from(read.body) as ReadableStream<Uint8Array>).pipeThrough(
    settings.messages().decryptStream({ context, onHeader }),
  );
  const started = await startedBody(plaintext);
  const description = describe(read, 'framed', {
    authenticated: true,
    length: undefined,
    context: header?.context,
  });
  return withBody(description, started);
}

/** Unless consented to, an object that is not encrypted is an error: anybody who can write could swap it in. */
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

export function describe(
  object: StoredObject,
  layout: LayoutName | undefined,
  known: { authenticated: boolean; length: number | undefined; context?: EncryptionContext | undefined },
): ObjectDescription {
  return {
    key: object.key,
    layout,
    authenticated: known.authenticated,
    length: known.length,
    etag: object.etag,
    context: ownContext(known.context ?? {}),
    metadata: ownMetadata(object.metadata, layout),
    contentType: object.contentType,
    lastModified: object.lastModified,
    versionId: object.versionId,
  };
}
