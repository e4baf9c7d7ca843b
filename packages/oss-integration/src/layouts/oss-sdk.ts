import { createCipheriv, randomBytes } from 'node:crypto';
import { UnsupportedAlgorithmError } from '@yunseal/crypto-core';
import * as t from 'io-ts';
import { MasterKeyError, ObjectMetadataError } from '../errors.ts';
import { contentKeyNotOpened, type MasterKey, pickMasterKey } from '../master-key.ts';
import { OSS_SDK_PREFIX } from './layout.ts';

/**
 * Layout `oss-sdk`: "client-side encryption V2" of the OSS SDKs. The object is AES-256-CTR of the plaintext; everything
 * else is in user metadata. Nothing authenticates it.
 */

const CEK_ALGORITHM = 'AES/CTR/NoPadding';
const KEY_LENGTH = 32;
const IV_LENGTH = 16;
const BLOCK = 16;

/** A content key, ready for use. The key is zeroed by `forget`. */
export interface ContentKey {
  readonly key: Uint8Array;
  /** 8 random bytes and a 64-bit counter. */
  readonly iv: Uint8Array;
}

/** What the metadata of an object says, decoded. */
export interface OssSdkEnvelope {
  readonly wrappedKey: Uint8Array;
  readonly wrappedIv: Uint8Array;
  readonly wrapAlgorithm: string;
  readonly description: string | undefined;
  readonly contentLength: number | undefined;
  readonly contentMd5: string | undefined;
}

/** Sizes of a multipart upload, which writers note in the metadata. */
export interface MultipartSizes {
  readonly dataSize: number;
  /** A multiple of 16, so that each part starts at a counter of its own. */
  readonly partSize: number;
}

const bytes = new t.Type<Uint8Array, string, unknown>(
  'Base64',
  (value): value is Uint8Array => value instanceof Uint8Array,
  (input, context) => {
    if (typeof input !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(input)) return t.failure(input, context);
    return t.success(new Uint8Array(Buffer.from(input, 'base64')));
  },
  (value) => Buffer.from(value).toString('base64'),
);
const count = new t.Type<number, string, unknown>(
  'count',
  t.number.is,
  (input, context) =>
    typeof input === 'string' && /^\d{1,15}$/.test(input)
      ? t.success(Number(input))
      : t.failure(input, context),
  String,
);

const Fields = t.intersection([
  t.type({ key: bytes, start: bytes, 'cek-alg': t.string, 'wrap-alg': t.string }),
  t.partial({
    matdesc: t.string,
    'unencrypted-content-length': count,
    'unencrypted-content-md5': t.string,
    'data-size': count,
    'part-size': count,
  }),
]);

/**
 * Decode the metadata of an object.
 *
 * @throws {ObjectMetadataError} naming the field
 * @throws {UnsupportedAlgorithmError} for `AES/GCM/NoPadding` and other content algorithms of older releases
 */
export function readOssSdkMetadata(metadata: Readonly<Record<string, string>>): OssSdkEnvelope {
  const fields = Object.fromEntries(
    Object.entries(metadata)
      .filter(([name]) => name.startsWith(OSS_SDK_PREFIX))
      .map(([name, value]) => [name.slice(OSS_SDK_PREFIX.length), value]),
  );
  const algorithm = fields['cek-alg'];
  if (algorithm !== undefined && algorithm !== CEK_ALGORITHM) {
    throw new UnsupportedAlgorithmError(
      `the object's content algorithm is ${algorithm}; of this layout only ${CEK_ALGORITHM} can be read`,
    );
  }
  if (Object.keys(fields).length === 0) {
    const older = metadata['oss-cek-alg'] ?? 'an older algorithm';
    throw new UnsupportedAlgorithmError(
      `the object is encrypted as releases before "client-side encryption V2" did, with ${older}; read it with the SDK that wrote it`,
    );
  }
  const decoded = Fields.decode(fields);
  if (decoded._tag === 'Left') {
    const field = decoded.left[0]?.context
      .map(({ key }) => key)
      .find((key) => key in Fields.types[0].props || key in Fields.types[1].props);
    throw new ObjectMetadataError(
      `${OSS_SDK_PREFIX}${field ?? 'key'}`,
      field !== undefined && field in fields ? 'cannot be read' : 'is missing',
    );
  }
  const value = decoded.right;
  return {
    wrappedKey: value.key,
    wrappedIv: value.start,
    wrapAlgorithm: value['wrap-alg'],
    description: value.matdesc,
    contentLength: value['unencrypted-content-length'],
    contentMd5: value['unencrypted-content-md5'],
  };
}

/** A fresh content key: 32 random bytes; an IV of 8 random bytes and a counter that starts at a random 32-bit number. */
export function newContentKey(): ContentKey {
  const iv = new Uint8Array(IV_LENGTH);
  iv.set(randomBytes(8), 0);
  iv.set(randomBytes(4), 12);
  return { key: new Uint8Array(randomBytes(KEY_LENGTH)), iv };
}

/** Wrap a content key and make the metadata of its object. */
export async function writeOssSdkMetadata(
  { key, iv }: ContentKey,
  masterKey: MasterKey,
  sizes: { readonly contentLength?: number | undefined; readonly multipart?: MultipartSizes | undefined },
): Promise<Record<string, string>> {
  const wrap = async (bytes: Uint8Array) => {
    const wrapped = await masterKey.wrap(bytes);
    // Nobody could ever read the object.
    if (wrapped.length === 0) throw new MasterKeyError('the master key wrapped the content key to nothing');
    return Buffer.from(wrapped).toString('base64');
  };
  const fields: Record<string, string | undefined> = {
    key: await wrap(key),
    start: await wrap(iv),
    'cek-alg': CEK_ALGORITHM,
    'wrap-alg': masterKey.wrapAlgorithm,
    matdesc: masterKey.description,
    'unencrypted-content-length': sizes.contentLength?.toString(),
    'data-size': sizes.multipart?.dataSize.toString(),
    'part-size': sizes.multipart?.partSize.toString(),
  };
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [[OSS_SDK_PREFIX + name, value]],
    ),
  );
}

/** Unwrap the content key of an object with the master key that its metadata names. */
export async function openContentKey(
  envelope: OssSdkEnvelope,
  masterKeys: readonly MasterKey[],
): Promise<ContentKey> {
  const masterKey = pickMasterKey(masterKeys, envelope.wrapAlgorithm, envelope.description);
  const [key, iv] = await Promise.all([
    masterKey.unwrap(envelope.wrappedKey),
    masterKey.unwrap(envelope.wrappedIv),
  ]);
  if (key.length !== KEY_LENGTH || iv.length !== IV_LENGTH) {
    key.fill(0);
    throw contentKeyNotOpened();
  }
  return { key, iv };
}

/**
 * Encrypt or decrypt, which are the same in CTR, from byte `offset` of the object on. Each call continues where the
 * last one ended.
 */
export function ctrStream({ key, iv }: ContentKey, offset = 0): (chunk: Uint8Array) => Uint8Array {
  const cipher = createCipheriv('aes-256-ctr', key, counterAt(iv, Math.floor(offset / BLOCK)));
  // Inside a block: the key stream before the offset is of no use.
  cipher.update(new Uint8Array(offset % BLOCK));
  return (chunk) => cipher.update(chunk);
}

/** The counter block `blocks` after `iv`, which is one big-endian number, as AES-CTR counts. */
export function counterAt(iv: Uint8Array, blocks: number): Uint8Array {
  const counter = (BigInt(`0x${Buffer.from(iv).toString('hex')}`) + BigInt(blocks)) % (1n << 128n);
  return new Uint8Array(Buffer.from(counter.toString(16).padStart(32, '0'), 'hex'));
}
