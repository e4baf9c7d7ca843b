import { backend } from '#backend';
import type { Signer, Verifier } from '../backend/backend.ts';
import { decodeBase64 } from '../base64.ts';
import { publicKeyEntry } from '../encryption-context.ts';
import { KeyringContractError, SignatureInvalidError, UnsupportedAlgorithmError } from '../errors.ts';
import type { EncryptionContext } from '../keyring.ts';
import type { MessageEncryptionMaterials } from '../materials/manager.ts';
import type { AlgorithmSuite } from '../suites/suite.ts';

/** @throws {UnsupportedAlgorithmError} when the platform cannot sign or verify what it gets in pieces */
export function requireIncrementalSignature(suite: AlgorithmSuite): void {
  if (suite.signature === undefined || backend.incrementalSignatures) return;
  throw new UnsupportedAlgorithmError(
    `WebCrypto cannot sign or verify a stream: use encrypt and decrypt with ${suite.name}, or a suite without signature`,
  );
}

/** The signer of a signed suite, or undefined for the others. */
export function messageSigner(materials: MessageEncryptionMaterials): Signer | undefined {
  const { suite, signingKey } = materials;
  if (suite.signature === undefined) return undefined;
  if (signingKey === undefined) {
    throw new KeyringContractError(`the materials for suite ${suite.name} have no signing key`);
  }
  return backend.signer(suite.signature, signingKey);
}

/**
 * Whether a message has a verification key exactly when its suite is signed, which shows before any key is unwrapped.
 *
 * @throws {SignatureInvalidError} when the key is missing, or present in a message that is not signed
 */
export function checkVerificationKey(suite: AlgorithmSuite, context: EncryptionContext): void {
  const isThere = Object.hasOwn(context, publicKeyEntry);
  if (isThere === (suite.signature !== undefined)) return;
  throw new SignatureInvalidError(
    isThere
      ? `the message holds a verification key (${publicKeyEntry}), but its suite ${suite.name} has no signature`
      : `the message is signed, but its context has no ${publicKeyEntry}`,
  );
}

/**
 * The verifier of a signed suite, from the public key that the message keeps in its context; undefined for others.
 *
 * @throws {SignatureInvalidError} when the key is missing, or present in a message that is not signed
 */
export async function messageVerifier(
  suite: AlgorithmSuite,
  context: EncryptionContext,
): Promise<Verifier | undefined> {
  checkVerificationKey(suite, context);
  if (suite.signature === undefined) return undefined;
  const point = decodeBase64(context[publicKeyEntry]!);
  const unusable = `the verification key in ${publicKeyEntry} is no compressed point of ${suite.signature.curve}`;
  if (
    point === undefined ||
    point.length !== (suite.signature.curve === 'P-256' ? 33 : 49) ||
    (point[0] !== 2 && point[0] !== 3)
  ) {
    throw new SignatureInvalidError(unusable);
  }
  try {
    return await backend.verifier(suite.signature, point);
  } catch (error) {
    throw new SignatureInvalidError(unusable, { cause: error });
  }
}

export async function serializeFooter(signer: Signer): Promise<Uint8Array> {
  const signature = await signer.sign();
  const footer = new Uint8Array(2 + signature.length);
  new DataView(footer.buffer).setUint16(0, signature.length);
  footer.set(signature, 2);
  return footer;
}

/** @throws {SignatureInvalidError} */
export async function checkSignature(verifier: Verifier, signature: Uint8Array): Promise<void> {
  if (!(await verifier.verify(signature))) {
    throw new SignatureInvalidError(
      'the signature over the message does not verify: the message was changed',
    );
  }
}
