import {
  constants,
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  createSign,
  createVerify,
  ECDH,
  generateKeyPairSync,
  hash,
  hkdfSync,
  type JsonWebKeyInput,
  KeyObject,
  privateDecrypt,
  publicEncrypt,
  timingSafeEqual,
} from 'node:crypto';
import { InvalidArgumentError, UnsupportedAlgorithmError } from '../errors.ts';
import type { SuiteSignature } from '../suites/suite.ts';
import type {
  Backend,
  GcmKey,
  RsaKeyInput,
  RsaPadding,
  RsaPrivateKey,
  RsaPublicKey,
  Signer,
  SigningKeyPair,
  Verifier,
} from './backend.ts';
import { bodyKey } from './node-body-key.ts';
import { updateInto } from './node-cipher-output.ts';
import { checkModulus } from './rsa-modulus.ts';

const tagLength = 16;
/** A KeyObject, because node:crypto sets up a cipher from one several times faster than from raw bytes. */
function gcmKey(key: Uint8Array): GcmKey {
  const cipher = `aes-${key.length * 8}-gcm` as 'aes-256-gcm';
  const handle = createSecretKey(key);
  return {
    seal(iv, aad, plaintext, output, offset) {
      const sealing = createCipheriv(cipher, handle, iv);
      sealing.setAAD(aad);
      updateInto(sealing, plaintext, output, offset);
      sealing.final();
      output.set(sealing.getAuthTag(), offset + plaintext.length);
    },
    open(iv, aad, sealed, output, offset) {
      const end = sealed.length - tagLength;
      const opening = createDecipheriv(cipher, handle, iv, { authTagLength: tagLength });
      opening.setAAD(aad);
      opening.setAuthTag(sealed.subarray(end));
      updateInto(opening, sealed.subarray(0, end), output, offset);
      try {
        opening.final();
        return true;
      } catch {
        output.fill(0, offset, offset + end);
        return false;
      }
    },
  };
}

const curveNames = { 'P-256': 'prime256v1', 'P-384': 'secp384r1' } as const;

function generateSigningKey({ curve }: SuiteSignature): SigningKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curveNames[curve] });
  const jwk = publicKey.export({ format: 'jwk' });
  const x = Buffer.from(jwk.x!, 'base64url');
  const y = Buffer.from(jwk.y!, 'base64url');
  return { privateKey, publicPoint: Buffer.concat([Buffer.from([2 + (y.at(-1)! & 1)]), x]) };
}

function signer(signature: SuiteSignature, privateKey: object): Signer {
  const signing = createSign(signature.hash);
  return {
    update: (bytes) => void signing.update(bytes),
    sign: () => signing.sign({ key: privateKey as KeyObject, dsaEncoding: 'der' }),
  };
}

function verifier({ curve, hash: hashName }: SuiteSignature, publicPoint: Uint8Array): Verifier {
  const point = ECDH.convertKey(
    publicPoint,
    curveNames[curve],
    undefined,
    undefined,
    'uncompressed',
  ) as Buffer;
  const size = (point.length - 1) / 2;
  const publicKey = createPublicKey({
    format: 'jwk',
    key: {
      kty: 'EC',
      crv: curve,
      x: point.subarray(1, 1 + size).toString('base64url'),
      y: point.subarray(1 + size).toString('base64url'),
    },
  });
  const verifying = createVerify(hashName);
  return {
    update: (bytes) => void verifying.update(bytes),
    verify: (signature) => verifying.verify({ key: publicKey, dsaEncoding: 'der' }, signature),
  };
}

function rsaOptions(padding: RsaPadding) {
  return padding === 'pkcs1'
    ? { padding: constants.RSA_PKCS1_PADDING }
    : { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: padding.slice('oaep-'.length) };
}

function rsaPublicKey(input: RsaKeyInput, padding: RsaPadding): RsaPublicKey {
  const key = importRsa('public', input);
  checkModulus('public', key.asymmetricKeyDetails?.modulusLength, padding);
  const options = { key, ...rsaOptions(padding) };
  return { encrypt: (plaintext) => new Uint8Array(publicEncrypt(options, plaintext)) };
}

function rsaPrivateKey(input: RsaKeyInput, padding: RsaPadding): RsaPrivateKey {
  const key = importRsa('private', input);
  checkModulus('private', key.asymmetricKeyDetails?.modulusLength, padding);
  const options = { key, ...rsaOptions(padding) };
  return {
    decrypt(ciphertext) {
      try {
        const decrypted = privateDecrypt(options, ciphertext);
        const plaintext = new Uint8Array(decrypted);
        decrypted.fill(0);
        return plaintext;
      } catch (error) {
        // Node.js refuses this padding where its OpenSSL cannot hide whether a padding was right (before OpenSSL 3.2).
        if (padding === 'pkcs1' && (error as NodeJS.ErrnoException).code === 'ERR_INVALID_ARG_VALUE') {
          throw new UnsupportedAlgorithmError(
            `Node.js ${process.versions.node} does not decrypt RSA with PKCS#1 v1.5 padding; use Node.js 24 or newer, or OAEP`,
          );
        }
        return undefined;
      }
    },
  };
}

function importRsa(kind: 'public' | 'private', input: RsaKeyInput): KeyObject {
  const key = input instanceof KeyObject ? input : parseRsa(kind, input);
  if (key.asymmetricKeyType !== 'rsa') {
    throw new InvalidArgumentError(
      `the ${kind} key is of type ${key.asymmetricKeyType ?? key.type}; an RSA key is needed`,
    );
  }
  if (key.type !== kind) {
    throw new InvalidArgumentError(`a ${key.type} key was given where the ${kind} key is needed`);
  }
  return key;
}

function parseRsa(kind: 'public' | 'private', input: Exclude<RsaKeyInput, KeyObject>): KeyObject {
  const create = kind === 'public' ? createPublicKey : createPrivateKey;
  try {
    if (typeof input === 'string') {
      if (kind === 'public' && input.includes('PRIVATE KEY-----')) {
        throw new InvalidArgumentError('a private key was given where the public key is needed');
      }
      return create({ key: input, format: 'pem' });
    }
    if (input instanceof Uint8Array) {
      const key = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
      return kind === 'public'
        ? createPublicKey({ key, format: 'der', type: 'spki' })
        : createPrivateKey({ key, format: 'der', type: 'pkcs8' });
    }
    if (kind === 'public' && 'd' in input) {
      throw new InvalidArgumentError('a private key was given where the public key is needed');
    }
    return create({ key: input, format: 'jwk' } as JsonWebKeyInput);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error;
    // OpenSSL's text could quote the input; the kind of encoding is all a caller needs.
    const encoding = typeof input === 'string' ? 'PEM' : input instanceof Uint8Array ? 'DER' : 'JWK';
    throw new InvalidArgumentError(`the RSA ${kind} key cannot be read as ${encoding}`);
  }
}

export const backend: Backend = {
  name: 'node',
  allocate: (length) => new Uint8Array(Buffer.allocUnsafeSlow(length).buffer),
  bodyKey,
  gcmKey,
  hkdf: (hashName, key, salt, infos, length) => {
    const input = createSecretKey(key);
    return infos.map((info) => new Uint8Array(hkdfSync(hashName, input, salt, info, length)));
  },
  sha384: (bytes) => hash('sha384', bytes, 'hex'),
  equal: (left, right) => left.length === right.length && timingSafeEqual(left, right),
  generateSigningKey,
  signer,
  verifier,
  incrementalSignatures: true,
  rsaPublicKey,
  rsaPrivateKey,
};
