import type { CredentialsProvider } from '@yunseal/credentials';
import { InvalidArgumentError } from '@yunseal/crypto-core';
import { type KmsEventListener, quietly } from '../events.ts';
import { parseKeyArn } from '../key-identifier.ts';
import type { KmsClient, KmsSecretsClient, KmsSigningClient } from '../kms-client.ts';
import { adaptiveRate, type RateOptions } from '../resilience/adaptive-rate.ts';
import { type Clock, systemClock } from '../resilience/clock.ts';
import { type CircuitBreakerOptions, regionGuard } from '../resilience/region-guard.ts';
import { type RetryOptions, retryPolicy } from '../resilience/retry.ts';
import { defaultCredentials } from './default-credentials.ts';
import { type KmsEndpointOptions, resolveKmsEndpoint } from './endpoint.ts';
import { isOutage } from './failure.ts';
import { openApiWire } from './openapi-wire.ts';
import { regionalCall } from './regional-call.ts';
import {
  AsymmetricSignResponse,
  AsymmetricVerifyResponse,
  CreateSecretResponse,
  DecryptResponse,
  DescribeKeyResponse,
  EncryptResponse,
  GenerateDataKeyResponse,
  GetPublicKeyResponse,
  GetSecretValueResponse,
} from './responses.ts';
import { rpcWire } from './rpc-wire.ts';

/** How KMS is reached, and how much trouble is borne. The same for every region. */
export interface KmsConnectionOptions {
  /** Default: the default chain of `@yunseal/credentials`. */
  readonly credentials?: CredentialsProvider | undefined;
  /** The region's public gateway (the default) or the one inside a VPC. */
  readonly network?: 'public' | 'vpc' | undefined;
  /** Consent to an `http:` endpoint on another machine: plaintext data keys travel in the clear. Default `false`. */
  readonly allowPlainHttp?: boolean | undefined;
  /** Certificates, in PEM, of the authority that signed the endpoint's; a dedicated instance has its own. */
  readonly ca?: string | undefined;
  /** Time to open a connection, in milliseconds. Default 3,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Time for one attempt, from sending to the last byte, in milliseconds. Default 5,000. */
  readonly attemptTimeoutMs?: number | undefined;
  /** Connections to one region at most; further calls queue. Default 64. */
  readonly maxConnections?: number | undefined;
  readonly retry?: RetryOptions | undefined;
  readonly rate?: RateOptions | undefined;
  /** `false` for none. */
  readonly circuitBreaker?: CircuitBreakerOptions | false | undefined;
  readonly onEvent?: KmsEventListener | undefined;
  /** Time, pauses and jitter, for tests. */
  readonly clock?: Clock | undefined;
}

export interface AlicloudKmsClientOptions extends KmsConnectionOptions, KmsEndpointOptions {
  /** For example `cn-hangzhou`. */
  readonly region: string;
}

/** Every operation this package uses, of one region's KMS. */
export type AlicloudKmsClient = Required<Omit<KmsClient, 'reEncrypt'>> &
  Pick<KmsClient, 'reEncrypt'> &
  KmsSigningClient &
  KmsSecretsClient;

/**
 * One region's KMS through the official client `@alicloud/kms20160120` (through `@alicloud/openapi-client` where `ca` is
 * given). Each operation rejects with a `KmsError` subclass, with the signal's reason when aborted, or with the
 * credentials provider's own error.
 *
 * @throws InvalidArgumentError on an endpoint that is no host and no URL, or a timeout that is no positive number.
 */
export function alicloudKmsClient(options: AlicloudKmsClientOptions): AlicloudKmsClient {
  const { region } = options;
  const endpoint = resolveKmsEndpoint(region, options);
  const clock = options.clock ?? systemClock;
  const onEvent = quietly(options.onEvent);
  const { call, health } = regionalCall({
    region,
    wire: options.ca === undefined ? rpcWire(region, endpoint) : openApiWire(region, endpoint, options.ca),
    credentials: options.credentials ?? defaultCredentials(),
    guard: regionGuard({
      maxConnections: positive('maxConnections', options.maxConnections, 64),
      circuitBreaker: options.circuitBreaker,
      isOutage,
      onCircuitChange: (open) => onEvent({ type: open ? 'circuit-opened' : 'circuit-closed', region }),
    }),
    rate: adaptiveRate(options.rate ?? {}, clock),
    retry: retryPolicy(options.retry),
    connectTimeoutMs: positive('connectTimeoutMs', options.connectTimeoutMs, 3_000),
    attemptTimeoutMs: positive('attemptTimeoutMs', options.attemptTimeoutMs, 5_000),
    clock,
    onEvent,
  });

  const shared: AlicloudKmsClient = {
    region,
    health,

    async generateDataKey(request, callOptions) {
      const answer = await call(
        {
          operation: 'GenerateDataKey',
          parameters: {
            KeyId: request.keyId,
            NumberOfBytes: String(request.numberOfBytes),
            ...contextParameter('EncryptionContext', request.encryptionContext),
          },
          resource: request.resource ?? request.keyId,
          codec: GenerateDataKeyResponse,
          check: (got) =>
            got.Plaintext.length !== request.numberOfBytes
              ? {
                  reason: `the data key has ${got.Plaintext.length} bytes where ${request.numberOfBytes} were asked for`,
                  path: '/Plaintext',
                }
              : (wrongKey(request.keyId, got.KeyId) ??
                wrongContext(request.encryptionContext, got.EncryptionContext)),
        },
        callOptions,
      );
      return {
        requestId: answer.RequestId,
        keyId: bareKeyId(answer.KeyId),
        keyVersionId: answer.KeyVersionId,
        ciphertext: answer.CiphertextBlob,
        plaintext: answer.Plaintext,
      };
    },

    async encrypt(request, callOptions) {
      const answer = await call(
        {
          operation: 'Encrypt',
          parameters: {
            KeyId: request.keyId,
            Plaintext: base64(request.plaintext),
            ...contextParameter('EncryptionContext', request.encryptionContext),
          },
          secretParameters: ['Plaintext'],
          resource: request.resource ?? request.keyId,
          codec: EncryptResponse,
          check: (got) =>
            wrongKey(request.keyId, got.KeyId) ??
            wrongContext(request.encryptionContext, got.EncryptionContext),
        },
        callOptions,
      );
      return {
        requestId: answer.RequestId,
        keyId: bareKeyId(answer.KeyId),
        keyVersionId: answer.KeyVersionId,
        ciphertext: answer.CiphertextBlob,
      };
    },

    async decrypt(request, callOptions) {
      const answer = await call(
        {
          operation: 'Decrypt',
          parameters: {
            CiphertextBlob: base64(request.ciphertext),
            ...contextParameter('EncryptionContext', request.encryptionContext),
          },
          resource: request.resource,
          codec: DecryptResponse,
          check: (got) => wrongContext(request.encryptionContext, got.EncryptionContext),
        },
        callOptions,
      );
      return {
        requestId: answer.RequestId,
        keyId: bareKeyId(answer.KeyId),
        keyVersionId: answer.KeyVersionId,
        plaintext: answer.Plaintext,
      };
    },

    async describeKey(request, callOptions) {
      const { KeyMetadata: key, RequestId } = await call(
        {
          operation: 'DescribeKey',
          parameters: { KeyId: request.keyId },
          resource: request.resource ?? request.keyId,
          codec: DescribeKeyResponse,
          check: (got) =>
            parseKeyArn(got.KeyMetadata.Arn) === undefined
              ? { reason: 'the ARN is no key ARN', path: '/KeyMetadata/Arn' }
              : wrongKey(request.keyId, got.KeyMetadata.KeyId),
        },
        callOptions,
      );
      return {
        requestId: RequestId,
        arn: key.Arn,
        keyId: key.KeyId,
        keyState: key.KeyState,
        keySpec: key.KeySpec,
        keyUsage: key.KeyUsage,
      };
    },

    async asymmetricSign(request, callOptions) {
      const answer = await call(
        {
          operation: 'AsymmetricSign',
          parameters: {
            KeyId: request.keyId,
            KeyVersionId: request.keyVersionId,
            Algorithm: request.algorithm,
            Digest: base64(request.digest),
          },
          resource: request.resource ?? request.keyId,
          codec: AsymmetricSignResponse,
          check: (got) => wrongKey(request.keyId, got.KeyId) ?? wrongVersion(request, got),
        },
        callOptions,
      );
      return {
        requestId: answer.RequestId,
        keyId: bareKeyId(answer.KeyId),
        keyVersionId: answer.KeyVersionId,
        signature: answer.Value,
      };
    },

    async asymmetricVerify(request, callOptions) {
      const answer = await call(
        {
          operation: 'AsymmetricVerify',
          parameters: {
            KeyId: request.keyId,
            KeyVersionId: request.keyVersionId,
            Algorithm: request.algorithm,
            Digest: base64(request.digest),
            Value: base64(request.signature),
          },
          resource: request.resource ?? request.keyId,
          codec: AsymmetricVerifyResponse,
          check: (got) => wrongKey(request.keyId, got.KeyId) ?? wrongVersion(request, got),
        },
        callOptions,
      );
      return {
        requestId: answer.RequestId,
        keyId: bareKeyId(answer.KeyId),
        keyVersionId: answer.KeyVersionId,
        valid: answer.Value,
      };
    },

    async getPublicKey(request, callOptions) {
      const answer = await call(
        {
          operation: 'GetPublicKey',
          parameters: { KeyId: request.keyId, KeyVersionId: request.keyVersionId },
          resource: request.resource ?? request.keyId,
          codec: GetPublicKeyResponse,
          check: (got) => wrongKey(request.keyId, got.KeyId) ?? wrongVersion(request, got),
        },
        callOptions,
      );
      return {
        requestId: answer.RequestId,
        keyId: bareKeyId(answer.KeyId),
        keyVersionId: answer.KeyVersionId,
        publicKey: answer.PublicKey,
      };
    },

    async getSecretValue(request, callOptions) {
      const answer = await call(
        {
          operation: 'GetSecretValue',
          parameters: {
            SecretName: request.secretName,
            ...(request.versionId === undefined ? {} : { VersionId: request.versionId }),
            ...(request.versionStage === undefined ? {} : { VersionStage: request.versionStage }),
          },
          resource: `secret/${request.secretName}`,
          codec: GetSecretValueResponse,
          check: (got) =>
            got.SecretName !== request.secretName
              ? { reason: 'another secret was answered', path: '/SecretName' }
              : undefined,
        },
        callOptions,
      );
      const stages = answer.VersionStages ?? [];
      const nextRotationAt =
        answer.NextRotationDate === undefined ? Number.NaN : Date.parse(answer.NextRotationDate);
      return {
        requestId: answer.RequestId,
        name: answer.SecretName,
        versionId: answer.VersionId,
        versionStages: 'VersionStage' in stages ? stages.VersionStage : stages,
        dataType: answer.SecretDataType,
        data: answer.SecretData,
        automaticRotation: answer.AutomaticRotation ?? false,
        nextRotationAt: Number.isNaN(nextRotationAt) ? undefined : nextRotationAt,
      };
    },

    async createSecret(request, callOptions) {
      const answer = await call(
        {
          operation: 'CreateSecret',
          parameters: {
            SecretName: request.secretName,
            VersionId: request.versionId,
            SecretData: request.secretData,
            SecretDataType: request.secretDataType,
            ...(request.encryptionKeyId === undefined ? {} : { EncryptionKeyId: request.encryptionKeyId }),
          },
          secretParameters: ['SecretData'],
          resource: `secret/${request.secretName}`,
          codec: CreateSecretResponse,
        },
        callOptions,
      );
      return { requestId: answer.RequestId, versionId: answer.VersionId };
    },
  };

  if (endpoint.dedicated) return shared;
  return {
    ...shared,
    async reEncrypt(request, callOptions) {
      const answer = await call(
        {
          operation: 'ReEncrypt',
          parameters: {
            CiphertextBlob: base64(request.ciphertext),
            DestinationKeyId: request.destinationKeyId,
            ...contextParameter('SourceEncryptionContext', request.sourceEncryptionContext),
            ...contextParameter('DestinationEncryptionContext', request.destinationEncryptionContext),
          },
          resource: request.resource ?? request.destinationKeyId,
          codec: EncryptResponse,
          check: (got) => wrongKey(request.destinationKeyId, got.KeyId),
        },
        callOptions,
      );
      return {
        requestId: answer.RequestId,
        keyId: bareKeyId(answer.KeyId),
        keyVersionId: answer.KeyVersionId,
        ciphertext: answer.CiphertextBlob,
      };
    },
  };
}

/** An empty context is left out: that is how the other implementations of the formats ask. */
function contextParameter<Name extends string>(
  name: Name,
  context: Readonly<Record<string, string>>,
): { [K in Name]?: string } {
  return Object.keys(context).length === 0
    ? {}
    : ({ [name]: JSON.stringify(context) } as { [K in Name]?: string });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function bareKeyId(answered: string): string {
  return parseKeyArn(answered)?.keyId ?? answered;
}

type Wrong = { readonly reason: string; readonly path: string } | undefined;

function wrongKey(asked: string, answered: string): Wrong {
  if (asked.includes('alias/')) return undefined;
  return bareKeyId(asked) === bareKeyId(answered)
    ? undefined
    : { reason: 'another key than the one asked for was used', path: '/KeyId' };
}

function wrongVersion(asked: { keyVersionId: string }, got: { KeyVersionId: string }): Wrong {
  return asked.keyVersionId === got.KeyVersionId
    ? undefined
    : { reason: 'another key version than the one asked for was used', path: '/KeyVersionId' };
}

function wrongContext(
  asked: Readonly<Record<string, string>>,
  echoed: Readonly<Record<string, string>> | undefined,
): Wrong {
  if (echoed === undefined) return undefined;
  const keys = Object.keys(asked);
  const same = keys.length === Object.keys(echoed).length && keys.every((key) => echoed[key] === asked[key]);
  return same
    ? undefined
    : { reason: 'another encryption context than the one given was used', path: '/EncryptionContext' };
}

function positive(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (!(value > 0)) throw new InvalidArgumentError(`${name} must be a positive number, got ${value}`);
  return value;
}
