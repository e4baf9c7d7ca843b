import type { Keyring } from '@yunseal/crypto-core';
import { expectTypeOf, it } from 'vitest';
import type {
  AlicloudKmsClient,
  KmsClient,
  KmsKeyring,
  KmsSecretsClient,
  KmsSignatureAlgorithm,
  KmsSigningClient,
  kmsKeyring,
  kmsVerifier,
  Secret,
} from './index.ts';

it('has the types its users rely on', () => {
  expectTypeOf<KmsKeyring>().toExtend<Keyring>();
  expectTypeOf<AlicloudKmsClient>().toExtend<KmsClient & KmsSigningClient & KmsSecretsClient>();
  expectTypeOf<typeof kmsKeyring>().returns.toEqualTypeOf<KmsKeyring>();
  expectTypeOf<KmsSignatureAlgorithm>().toEqualTypeOf<
    'RSA_PSS_SHA_256' | 'RSA_PKCS1_SHA_256' | 'ECDSA_SHA_256' | 'SM2DSA'
  >();
  expectTypeOf<{ keyId: 'key-id' }>().toExtend<Parameters<typeof kmsKeyring>[0]>();
  expectTypeOf<{ keyId: 'key-id'; whenRegionDown: 'ignore' }>().not.toExtend<
    Parameters<typeof kmsKeyring>[0]
  >();
  expectTypeOf<{ publicKey: string }>().toExtend<Parameters<typeof kmsVerifier>[0]>();
  expectTypeOf<Secret['value']>().toEqualTypeOf<string | Uint8Array>();
});
