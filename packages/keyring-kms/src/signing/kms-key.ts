import { InvalidArgumentError } from '@yunseal/crypto-core';
import { alicloudKmsClient, type KmsConnectionOptions } from '../client/alicloud-kms-client.ts';
import type { KmsEndpointOptions } from '../client/endpoint.ts';
import { type KeyIdentifier, parseKeyIdentifier } from '../key-identifier.ts';
import type {
  AsymmetricKeyRequest,
  KmsCallOptions,
  KmsSignatureAlgorithm,
  KmsSigningClient,
} from '../kms-client.ts';
import { bytesOf, digestOf } from './digest.ts';
import { checkKeyFits, type VerificationKey, verificationKey } from './public-key.ts';

/** An asymmetric key in KMS, and how to reach it. */
export interface KmsAsymmetricKeyOptions extends KmsConnectionOptions, KmsEndpointOptions {
  readonly keyId: KeyIdentifier;
  /** An asymmetric key has no primary version: KMS must be told which one. */
  readonly keyVersionId: string;
  readonly algorithm: KmsSignatureAlgorithm;
  /** The region of a key that is named by alias or by bare key id. */
  readonly region?: string | undefined;
  /** Takes the place of the connection options. */
  readonly client?: KmsSigningClient | undefined;
}

/** What signing and verifying through KMS have in common. */
export interface KmsAsymmetricKey {
  readonly client: KmsSigningClient;
  readonly reference: AsymmetricKeyRequest;
  readonly algorithm: KmsSignatureAlgorithm;
  digest(message: Uint8Array | string, options: KmsCallOptions): Promise<Uint8Array>;
  /** SubjectPublicKeyInfo in PEM, asked for once. */
  publicKey(options: KmsCallOptions): Promise<string>;
}

export function kmsAsymmetricKey(options: KmsAsymmetricKeyOptions): KmsAsymmetricKey {
  if (options.keyVersionId === '') throw new InvalidArgumentError('keyVersionId must not be empty');
  const { algorithm } = options;
  const key = parseKeyIdentifier(options.keyId, options);
  const client = options.client ?? alicloudKmsClient({ ...options, region: key.region });
  const reference = { keyId: key.requestKeyId, keyVersionId: options.keyVersionId, resource: key.text };
  let fetched: { readonly pem: string; readonly key: VerificationKey } | undefined;

  async function fetchKey(callOptions: KmsCallOptions): Promise<{ pem: string; key: VerificationKey }> {
    if (fetched === undefined) {
      const pem = (await client.getPublicKey(reference, callOptions)).publicKey;
      const parsed = verificationKey(pem);
      checkKeyFits(algorithm, parsed);
      fetched = { pem, key: parsed };
    }
    return fetched;
  }

  return {
    client,
    reference,
    algorithm,
    async digest(message, callOptions) {
      // SM2 hashes the public key together with the message.
      const point = algorithm === 'SM2DSA' ? (await fetchKey(callOptions)).key.point : undefined;
      return digestOf(algorithm, bytesOf(message), point);
    },
    async publicKey(callOptions) {
      return (await fetchKey(callOptions)).pem;
    },
  };
}
