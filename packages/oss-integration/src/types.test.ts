import type { Keyring } from '@yunseal/crypto-core';
import { describe, expectTypeOf, it } from 'vitest';
import type {
  ByteRange,
  createOssEncryptionClient,
  DecryptedRange,
  LayoutName,
  MasterKey,
  ObjectStore,
  OssEncryptionClient,
  OssEncryptionClientOptions,
  RewrappedObject,
  RewrapReport,
} from './index.ts';

describe('types', () => {
  it('name the layouts', () => {
    expectTypeOf<LayoutName>().toEqualTypeOf<'framed' | 'oss-sdk' | 'encryption-sdk'>();
    expectTypeOf<OssEncryptionClientOptions['layout']>().toEqualTypeOf<LayoutName | undefined>();
  });

  it('need a store alone', () => {
    expectTypeOf<{ store: ObjectStore }>().toExtend<Parameters<typeof createOssEncryptionClient>[0]>();
    expectTypeOf<{ keyring: Keyring }>().not.toExtend<OssEncryptionClientOptions>();
  });

  it('take a range as numbers or as a header', () => {
    expectTypeOf<'bytes=0-9'>().toExtend<ByteRange>();
    expectTypeOf<{ suffix: number }>().toExtend<ByteRange>();
    expectTypeOf<'0-9'>().not.toExtend<ByteRange>();
    expectTypeOf<DecryptedRange['length']>().toEqualTypeOf<number>();
  });

  it('tell one object rewrapped from a prefix', () => {
    const rewrap = {} as OssEncryptionClient['rewrap'];
    const to = {} as Keyring;
    expectTypeOf(() => rewrap('key', { to })).returns.resolves.toEqualTypeOf<RewrappedObject>();
    expectTypeOf(() =>
      rewrap({ prefix: 'p/' }, { to, dryRun: true }),
    ).returns.resolves.toEqualTypeOf<RewrapReport>();
  });

  it('complete the wrap algorithms, and leave room for others', () => {
    expectTypeOf<'RSA/NONE/PKCS1Padding'>().toExtend<MasterKey['wrapAlgorithm']>();
    expectTypeOf<'another'>().toExtend<MasterKey['wrapAlgorithm']>();
  });
});
