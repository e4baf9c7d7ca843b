import { InvalidArgumentError, UnsupportedAlgorithmError } from '../errors.ts';
import type { HashName, SuiteSignature } from '../suites/suite.ts';
import type {
  Backend,
  GcmKey,
  RsaKeyInput,
  RsaPadding,
  Signer,
  SigningKeyPair,
  Verifier,
} from './backend.ts';
import { decodeEcdsaSignature, encodeEcdsaSignature } from './ecdsa-signature.ts';
import { compressPoint, decompressPoint } from './elliptic-point.ts';
import { decodePem } from './pem.ts';
import { checkModulus } from './rsa-modulus.ts';
import { bodyKey } from './web-body-key.ts';

const { subtle } = globalThis.crypto;
/** WebCrypto's own name for it is a type only where the DOM's declarations are loaded. */
type WebKey = Parameters<typeof subtle.exportKey>[1];
const tagLength = 16;
const webHashes = { sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' } as const;

async function gcmKey(key: Uint8Array): Promise<GcmKey> {
  const handle = await supported(`AES-GCM with ${key.length * 8}-bit keys`, () =>
    subtle.importKey('raw', source(key), 'AES-GCM', false, ['encrypt', 'decrypt']),
  );
  const parameters = (iv: Uint8Array, aad: Uint8Array) => ({
    name: 'AES-GCM',
    iv: source(iv),
    additionalData: source(aad),
    tagLength: tagLength * 8,
  });
  return {
    // Both start the operation, which copies its input, before they return: callers reuse their arrays.
    seal: (iv, aad, plaintext, output, offset) =>
      subtle.encrypt(parameters(iv, aad), handle, source(plaintext)).then((sealed) => {
        output.set(new Uint8Array(sealed), offset);
      }),
    open: (iv, aad, sealed, output, offset) =>
      subtle.decrypt(parameters(iv, aad), handle, source(sealed)).then(
        (plaintext) => {
          output.set(new Uint8Array(plaintext), offset);
          return true;
        },
        () => false,
      ),
  };
}

async function hkdf(
  hash: HashName,
  key: Uint8Array,
  salt: Uint8Array,
  infos: readonly Uint8Array[],
  length: number,
): Promise<Uint8Array[]> {
  const input = await subtle.importKey('raw', source(key), 'HKDF', false, ['deriveBits']);
  const derive = async (info: Uint8Array) => {
    const parameters = { name: 'HKDF', hash: webHashes[hash], salt: source(salt), info: source(info) };
    return new Uint8Array(await subtle.deriveBits(parameters, input, length * 8));
  };
  return Promise.all(infos.map(derive));
}

async function generateSigningKey({ curve }: SuiteSignature): Promise<SigningKeyPair> {
  const { privateKey, publicKey } = await subtle.generateKey({ name: 'ECDSA', namedCurve: curve }, false, [
    'sign',
  ]);
  const point = new Uint8Array(await subtle.exportKey('raw', publicKey));
  return { privateKey, publicPoint: compressPoint(point) };
}

/** WebCrypto signs whole inputs only, so a signer takes the message in one piece. */
function wholeInput(): { update(bytes: Uint8Array): void; take(): Uint8Array } {
  let whole: Uint8Array | undefined;
  return {
    update(bytes) {
      if (whole !== undefined) {
        throw new UnsupportedAlgorithmError(
          'WebCrypto cannot sign or verify in pieces: use encrypt and decrypt, not streams',
        );
      }
      whole = bytes;
    },
    take: () => whole ?? new Uint8Array(0),
  };
}

function signer({ curve, hash }: SuiteSignature, privateKey: object): Signer {
  const input = wholeInput();
  return {
    update: input.update,
    async sign() {
      const parameters = { name: 'ECDSA', hash: webHashes[hash] };
      const fixed = await subtle.sign(parameters, privateKey as WebKey, source(input.take()));
      return encodeEcdsaSignature(new Uint8Array(fixed), curve);
    },
  };
}

async function verifier({ curve, hash }: SuiteSignature, publicPoint: Uint8Array): Promise<Verifier> {
  const point = decompressPoint(publicPoint, curve);
  const publicKey = await subtle.importKey(
    'raw',
    source(point),
    { name: 'ECDSA', namedCurve: curve },
    false,
    ['verify'],
  );
  const input = wholeInput();
  return {
    update: input.update,
    async verify(signature) {
      const fixed = decodeEcdsaSignature(signature, curve);
      if (fixed === undefined) return false;
      const parameters = { name: 'ECDSA', hash: webHashes[hash] };
      return subtle.verify(parameters, publicKey, source(fixed), source(input.take()));
    },
  };
}

async function importRsa(
  kind: 'public' | 'private',
  input: RsaKeyInput,
  padding: RsaPadding,
): Promise<WebKey> {
  if (padding === 'pkcs1') {
    throw new UnsupportedAlgorithmError('WebCrypto has no RSA encryption with PKCS#1 v1.5 padding');
  }
  const algorithm = { name: 'RSA-OAEP', hash: `SHA-${padding.slice('oaep-sha'.length)}` };
  const usages: ['encrypt'] | ['decrypt'] = kind === 'public' ? ['encrypt'] : ['decrypt'];
  const encoding = kind === 'public' ? 'spki' : 'pkcs8';
  const label = kind === 'public' ? 'PUBLIC KEY' : 'PRIVATE KEY';
  const unreadable = (as: string) => new InvalidArgumentError(`the RSA ${kind} key cannot be read as ${as}`);
  if (typeof input === 'string') {
    const der = decodePem(input, label);
    if (der === undefined) throw unreadable(`PEM with the label ${label}, the only one that WebCrypto reads`);
    return subtle.importKey(encoding, source(der), algorithm, false, usages).catch(() => {
      throw unreadable('PEM');
    });
  }
  if (input instanceof Uint8Array) {
    return subtle.importKey(encoding, source(input), algorithm, false, usages).catch(() => {
      throw unreadable('DER');
    });
  }
  if (!('kty' in input))
    throw new InvalidArgumentError('WebCrypto cannot use a KeyObject: pass PEM, DER or a JWK');
  if (kind === 'public' && 'd' in input) {
    throw new InvalidArgumentError('a private key was given where the public key is needed');
  }
  // Without `alg`, `use` and `key_ops`, which would have to agree with this use.
  const { kty, n, e, d, p, q, dp, dq, qi } = input as Record<string, unknown>;
  const jwk = Object.fromEntries(
    Object.entries({ kty, n, e, d, p, q, dp, dq, qi }).filter(([, value]) => value),
  );
  return subtle.importKey('jwk', jwk, algorithm, false, usages).catch(() => {
    throw unreadable('JWK');
  });
}

function modulusLength(key: WebKey): number | undefined {
  return (key.algorithm as { readonly modulusLength?: number }).modulusLength;
}

/** @throws {UnsupportedAlgorithmError} when the platform refuses */
async function supported<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new UnsupportedAlgorithmError(`this platform's WebCrypto does not support ${what}`, {
      cause: error,
    });
  }
}

/** WebCrypto's types ask for an ArrayBuffer underneath; a SharedArrayBuffer is refused by the platform itself. */
function source(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}

export const backend: Backend = {
  name: 'web',
  allocate: (length) => new Uint8Array(length),
  bodyKey,
  gcmKey,
  hkdf,
  async sha384(bytes) {
    const hash = new Uint8Array(await subtle.digest('SHA-384', source(bytes)));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  },
  equal(left, right) {
    if (left.length !== right.length) return false;
    let difference = 0;
    for (let i = 0; i < left.length; i += 1) difference |= left[i]! ^ right[i]!;
    return difference === 0;
  },
  generateSigningKey,
  signer,
  verifier,
  incrementalSignatures: false,
  async rsaPublicKey(input, padding) {
    const key = await importRsa('public', input, padding);
    checkModulus('public', modulusLength(key), padding);
    return {
      encrypt: async (plaintext) => new Uint8Array(await subtle.encrypt('RSA-OAEP', key, source(plaintext))),
    };
  },
  async rsaPrivateKey(input, padding) {
    const key = await importRsa('private', input, padding);
    checkModulus('private', modulusLength(key), padding);
    return {
      decrypt: (ciphertext) =>
        subtle.decrypt('RSA-OAEP', key, source(ciphertext)).then(
          (plaintext) => new Uint8Array(plaintext),
          () => undefined,
        ),
    };
  },
};
