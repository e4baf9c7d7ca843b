import {
  constants,
  createHash,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LocalCloud } from '../local-cloud.ts';
import { startLocalCloud } from '../start.ts';
import { codeOf, type KmsCaller, kmsCaller } from '../test-support/official-clients.ts';
import { kmsService } from './service.ts';

const day = 24 * 3_600_000;

describe('KMS, by the official client', () => {
  let cloud: LocalCloud;
  let kms: KmsCaller;
  beforeAll(async () => {
    cloud = await startLocalCloud();
    kms = kmsCaller(cloud);
  });
  afterAll(() => cloud.close());

  const createKey = async (parameters: Record<string, string> = {}): Promise<string> =>
    ((await kms('CreateKey', parameters)).KeyMetadata as unknown as { KeyId: string }).KeyId;
  const metadata = async (KeyId: string) =>
    (await kms('DescribeKey', { KeyId })).KeyMetadata as unknown as Record<string, string>;
  const versionIds = async (KeyId: string): Promise<string[]> => {
    const { KeyVersions } = (await kms('ListKeyVersions', { KeyId })) as unknown as {
      KeyVersions: { KeyVersion: { KeyVersionId: string }[] };
    };
    return KeyVersions.KeyVersion.map(({ KeyVersionId }) => KeyVersionId);
  };

  describe.each(['Aliyun_AES_256', 'Aliyun_SM4'])('a %s key', (KeySpec) => {
    it('wraps data keys, and opens them under the same encryption context alone', async () => {
      const KeyId = await createKey({ KeySpec });
      const context = JSON.stringify({ b: '2', a: '1' });
      const { CiphertextBlob, Plaintext } = await kms('GenerateDataKey', {
        KeyId,
        EncryptionContext: context,
      });
      expect(Buffer.from(Plaintext as never, 'base64')).toHaveLength(32);
      const reordered = JSON.stringify({ a: '1', b: '2' });
      expect(
        await kms('Decrypt', { CiphertextBlob: CiphertextBlob as never, EncryptionContext: reordered }),
      ).toMatchObject({
        KeyId,
        Plaintext,
      });
      expect(await codeOf(kms('Decrypt', { CiphertextBlob: CiphertextBlob as never }))).toBe(
        'InvalidParameter',
      );
      const flipped = Buffer.from(CiphertextBlob as never, 'base64');
      flipped[flipped.length - 1]! ^= 1;
      expect(
        await codeOf(
          kms('Decrypt', { CiphertextBlob: flipped.toString('base64'), EncryptionContext: context }),
        ),
      ).toBe('InvalidParameter');
    });

    it('encrypts up to 6 KB, as bytes or as text', async () => {
      const KeyId = await createKey({ KeySpec });
      for (const Plaintext of [randomBytes(6144).toString('base64'), 'hello world', 'not base64 ü']) {
        const { CiphertextBlob } = await kms('Encrypt', { KeyId, Plaintext });
        expect((await kms('Decrypt', { CiphertextBlob: CiphertextBlob as never })).Plaintext).toBe(Plaintext);
      }
      expect(await codeOf(kms('Encrypt', { KeyId, Plaintext: randomBytes(6145).toString('base64') }))).toBe(
        'InvalidParameter',
      );
    });

    it('makes data keys of any length from 1 to 1024 bytes', async () => {
      const KeyId = await createKey({ KeySpec });
      for (const NumberOfBytes of [1, 16, 1024]) {
        const { Plaintext } = await kms('GenerateDataKey', { KeyId, NumberOfBytes });
        expect(Buffer.from(Plaintext as never, 'base64')).toHaveLength(NumberOfBytes);
      }
      for (const NumberOfBytes of [0, 1025, 'x'])
        expect(await codeOf(kms('GenerateDataKey', { KeyId, NumberOfBytes }))).toBe('InvalidParameter');
      const bare = await kms('GenerateDataKeyWithoutPlaintext', { KeyId, KeySpec: 'AES_128' });
      expect(bare.Plaintext).toBeUndefined();
      const opened = await kms('Decrypt', { CiphertextBlob: bare.CiphertextBlob as never });
      expect(Buffer.from(opened.Plaintext as never, 'base64')).toHaveLength(16);
    });
  });

  it('takes parameters as a form as well as in the query', async () => {
    const form = kmsCaller(cloud, undefined, { body: true });
    const KeyId = await createKey();
    const { CiphertextBlob } = await form('Encrypt', {
      KeyId,
      Plaintext: 'QUJD',
      EncryptionContext: '{"a":"+/= &ü"}',
    });
    expect(
      await form('Decrypt', { CiphertextBlob: CiphertextBlob as never, EncryptionContext: '{"a":"+/= &ü"}' }),
    ).toMatchObject({ Plaintext: 'QUJD' });
  });

  it('re-encrypts from one key and context to another', async () => {
    const [from, to] = [await createKey(), await createKey()];
    const { CiphertextBlob } = await kms('Encrypt', {
      KeyId: from,
      Plaintext: 'QUJD',
      EncryptionContext: '{"a":"1"}',
    });
    const moved = await kms('ReEncrypt', {
      CiphertextBlob: CiphertextBlob as never,
      SourceEncryptionContext: '{"a":"1"}',
      DestinationKeyId: to,
      DestinationEncryptionContext: '{"b":"2"}',
    });
    expect(
      await kms('Decrypt', { CiphertextBlob: moved.CiphertextBlob as never, EncryptionContext: '{"b":"2"}' }),
    ).toMatchObject({ KeyId: to, Plaintext: 'QUJD' });
    expect(
      cloud
        .auditLog()
        .at(-2)
        ?.additionalEventData.decisions.map(({ action }) => action),
    ).toEqual(['kms:ReEncryptFrom', 'kms:ReEncryptTo']);
  });

  it('takes a key by id, ARN, alias and alias ARN', async () => {
    const KeyId = await createKey();
    const AliasName = `alias/story/${KeyId.slice(0, 8)}`;
    await kms('CreateAlias', { KeyId, AliasName });
    const { Arn } = await metadata(KeyId);
    const aliasArn = `acs:kms:${cloud.region}:${cloud.administrator.accountId}:${AliasName}`;
    for (const name of [KeyId, Arn as string, AliasName, aliasArn])
      expect(await kms('GenerateDataKey', { KeyId: name })).toMatchObject({ KeyId });
    expect(await codeOf(kms('CreateAlias', { KeyId, AliasName }))).toBe('Forbidden.AliasAlreadyExist');
    expect(await codeOf(kms('GenerateDataKey', { KeyId: 'alias/none' }))).toBe('Forbidden.AliasNotFound');
    expect(await codeOf(kms('GenerateDataKey', { KeyId: 'none' }))).toBe('Forbidden.KeyNotFound');
    const other = await createKey();
    await kms('UpdateAlias', { KeyId: other, AliasName });
    expect(await kms('GenerateDataKey', { KeyId: AliasName })).toMatchObject({ KeyId: other });
    expect(await kms('ListAliasesByKeyId', { KeyId: other })).toMatchObject({
      TotalCount: 1,
      Aliases: { Alias: [{ AliasName, KeyId: other, AliasArn: aliasArn }] },
    });
    await kms('DeleteAlias', { AliasName });
    expect(await codeOf(kms('GenerateDataKey', { KeyId: AliasName }))).toBe('Forbidden.AliasNotFound');
  });

  it('answers by the documented matrix of states', async () => {
    const KeyId = await createKey();
    const { CiphertextBlob } = await kms('Encrypt', { KeyId, Plaintext: 'QUJD' });
    const cryptography = () =>
      Promise.all([
        codeOf(kms('Encrypt', { KeyId, Plaintext: 'QUJD' })),
        codeOf(kms('Decrypt', { CiphertextBlob: CiphertextBlob as never })),
        codeOf(kms('GenerateDataKey', { KeyId })),
      ]);
    const changes = () =>
      Promise.all(
        ['EnableKey', 'DisableKey', 'ScheduleKeyDeletion'].map((action) => codeOf(kms(action, { KeyId }))),
      );

    expect(await codeOf(kms('CancelKeyDeletion', { KeyId }))).toBe('Rejected.StateModifiedFailed');
    await kms('DisableKey', { KeyId });
    expect(new Set(await cryptography())).toEqual(new Set(['Rejected.Disabled']));
    expect(await codeOf(kms('CancelKeyDeletion', { KeyId }))).toBe('Rejected.StateModifiedFailed');

    await kms('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    expect(new Set(await cryptography())).toEqual(new Set(['Rejected.PendingDeletion']));
    expect(new Set(await changes())).toEqual(new Set(['Rejected.StateModifiedFailed']));
    expect(await codeOf(kms('CreateAlias', { KeyId, AliasName: 'alias/late' }))).toBe(
      'Rejected.StateModifiedFailed',
    );
    expect((await metadata(KeyId)).KeyState).toBe('PendingDeletion');

    await kms('CancelKeyDeletion', { KeyId });
    expect((await metadata(KeyId)).KeyState).toBe('Enabled');
    expect(await kms('Decrypt', { CiphertextBlob: CiphertextBlob as never })).toMatchObject({
      Plaintext: 'QUJD',
    });
  });

  it('deletes a key when its window ends on the local clock, and not before', async () => {
    const KeyId = await createKey();
    expect(await codeOf(kms('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 6 }))).toBe(
      'InvalidParameter',
    );
    await kms('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    cloud.clock.advance(7 * day - 60_000);
    expect((await metadata(KeyId)).KeyState).toBe('PendingDeletion');
    cloud.clock.advance(120_000);
    expect(await codeOf(kms('DescribeKey', { KeyId }))).toBe('Forbidden.KeyNotFound');
    cloud.clock.set(Date.now());
  });

  it('protects a key from deletion when told', async () => {
    const KeyId = await createKey();
    const { Arn } = await metadata(KeyId);
    await kms('SetDeletionProtection', {
      ProtectedResourceArn: Arn as string,
      EnableDeletionProtection: 'true',
    });
    expect(await codeOf(kms('ScheduleKeyDeletion', { KeyId }))).toBe('Rejected.StateModifiedFailed');
    await kms('SetDeletionProtection', {
      ProtectedResourceArn: Arn as string,
      EnableDeletionProtection: 'false',
    });
    await kms('ScheduleKeyDeletion', { KeyId });
  });

  it('rotates by the clock, and goes on decrypting what older versions made', async () => {
    const KeyId = await createKey({ EnableAutomaticRotation: 'true', RotationInterval: '7d' });
    const before = await kms('GenerateDataKey', { KeyId });
    cloud.clock.advance(8 * day);
    const after = await kms('GenerateDataKey', { KeyId });
    expect(after.KeyVersionId).not.toBe(before.KeyVersionId);
    expect(await kms('Decrypt', { CiphertextBlob: before.CiphertextBlob as never })).toMatchObject({
      Plaintext: before.Plaintext,
      KeyVersionId: before.KeyVersionId,
    });
    expect(await versionIds(KeyId)).toEqual([before.KeyVersionId, after.KeyVersionId]);
    cloud.clock.set(Date.now());
  });

  it('imports key material, loses it when it expires, and takes only the same again', async () => {
    const KeyId = await createKey({ Origin: 'EXTERNAL' });
    expect(await codeOf(kms('GenerateDataKey', { KeyId }))).toBe('Rejected.PendingImport');
    const bring = async (material: Buffer, expire = 0) => {
      const WrappingAlgorithm = 'RSAES_OAEP_SHA_256';
      const { PublicKey, ImportToken } = await kms('GetParametersForImport', {
        KeyId,
        WrappingAlgorithm,
        WrappingKeySpec: 'RSA_2048',
      });
      const EncryptedKeyMaterial = publicEncrypt(
        {
          key: `-----BEGIN PUBLIC KEY-----\n${PublicKey as never}\n-----END PUBLIC KEY-----`,
          padding: constants.RSA_PKCS1_OAEP_PADDING,
          oaepHash: 'sha256',
        },
        material,
      ).toString('base64');
      return kms('ImportKeyMaterial', {
        KeyId,
        ImportToken: ImportToken as never,
        EncryptedKeyMaterial,
        KeyMaterialExpireUnix: expire,
      });
    };
    const material = randomBytes(32);
    expect(await codeOf(bring(randomBytes(16)))).toBe('InvalidParameter');
    await bring(material, Math.floor(Date.now() / 1000) + 3600);
    const { CiphertextBlob, Plaintext } = await kms('GenerateDataKey', { KeyId });
    cloud.clock.advance(3_700_000);
    expect(await codeOf(kms('Decrypt', { CiphertextBlob: CiphertextBlob as never }))).toBe(
      'Rejected.PendingImport',
    );
    expect(await codeOf(bring(randomBytes(32)))).toBe('InvalidParameter');
    await bring(material);
    expect(await kms('Decrypt', { CiphertextBlob: CiphertextBlob as never })).toMatchObject({ Plaintext });
    await kms('DeleteKeyMaterial', { KeyId });
    expect((await metadata(KeyId)).KeyState).toBe('PendingImport');
    cloud.clock.set(Date.now());
  });

  it('exports data keys under a public key of the caller', async () => {
    const KeyId = await createKey();
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const wrapping = {
      PublicKeyBlob: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
      WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
      WrappingKeySpec: 'RSA_2048',
    };
    const { CiphertextBlob, ExportedDataKey } = await kms('GenerateAndExportDataKey', { KeyId, ...wrapping });
    const again = await kms('ExportDataKey', { CiphertextBlob: CiphertextBlob as never, ...wrapping });
    const opened = [ExportedDataKey, again.ExportedDataKey].map((exported) =>
      privateDecrypt(
        { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' },
        Buffer.from(exported as never, 'base64'),
      ).toString('base64'),
    );
    const { Plaintext } = await kms('Decrypt', { CiphertextBlob: CiphertextBlob as never });
    expect(opened).toEqual([Plaintext, Plaintext]);
  });

  describe('asymmetric keys', () => {
    it.each([
      ['RSA_2048', 'RSA_PSS_SHA_256'],
      ['RSA_2048', 'RSA_PKCS1_SHA_256'],
      ['EC_P256', 'ECDSA_SHA_256'],
      ['EC_P256K', 'ECDSA_SHA_256'],
    ])('%s signs with %s as OpenSSL verifies it', async (KeySpec, Algorithm) => {
      const KeyId = await createKey({ KeySpec, KeyUsage: 'SIGN/VERIFY' });
      const [KeyVersionId] = await versionIds(KeyId);
      const message = Buffer.from('a message of no importance');
      const Digest = createHash('sha256').update(message).digest('base64');
      const named = { KeyId, KeyVersionId: KeyVersionId as string, Algorithm, Digest };
      const Value = (await kms('AsymmetricSign', named)).Value as unknown as string;
      const PublicKey = (await kms('GetPublicKey', { KeyId, KeyVersionId: KeyVersionId as string }))
        .PublicKey as unknown as string;
      const padding =
        Algorithm === 'RSA_PSS_SHA_256' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
      const key = { key: PublicKey, ...padding };
      expect(verify('sha256', message, key, Buffer.from(Value, 'base64'))).toBe(true);
      expect((await kms('AsymmetricVerify', { ...named, Value })).Value).toBe(true);
      const other = createHash('sha256').update('another').digest('base64');
      expect((await kms('AsymmetricVerify', { ...named, Digest: other, Value })).Value).toBe(false);
      expect((await kms('AsymmetricVerify', { ...named, Value: 'QUJD' })).Value).toBe(false);
    });

    it('EC_SM2 signs with SM2DSA and encrypts with SM2PKE', async () => {
      const signing = await createKey({ KeySpec: 'EC_SM2', KeyUsage: 'SIGN/VERIFY' });
      const [version] = await versionIds(signing);
      const message = Buffer.from('a message of no importance');
      const PublicKey = (await kms('GetPublicKey', { KeyId: signing, KeyVersionId: version as string }))
        .PublicKey as unknown as string;
      const point = Buffer.from(PublicKey.replace(/-----[^-]+-----|\s/g, ''), 'base64').subarray(-65);
      const { sm2 } = await import('sm-crypto-v2');
      const Digest = Buffer.from(
        sm2.getHash(new Uint8Array(message), point.toString('hex'), ''),
        'hex',
      ).toString('base64');
      const named = { KeyId: signing, KeyVersionId: version as string, Algorithm: 'SM2DSA', Digest };
      const Value = (await kms('AsymmetricSign', named)).Value as unknown as string;
      // OpenSSL hashes user id (by default an empty one), key and message itself, with SM3.
      expect(verify('sm3', message, PublicKey, Buffer.from(Value, 'base64'))).toBe(true);
      expect((await kms('AsymmetricVerify', { ...named, Value })).Value).toBe(true);

      const KeyId = await createKey({ KeySpec: 'EC_SM2', KeyUsage: 'ENCRYPT/DECRYPT' });
      const [KeyVersionId] = await versionIds(KeyId);
      const Plaintext = randomBytes(300).toString('base64');
      const common = { KeyId, KeyVersionId: KeyVersionId as string, Algorithm: 'SM2PKE' };
      const { CiphertextBlob } = await kms('AsymmetricEncrypt', { ...common, Plaintext });
      expect(
        await kms('AsymmetricDecrypt', { ...common, CiphertextBlob: CiphertextBlob as never }),
      ).toMatchObject({ Plaintext });
      expect(await codeOf(kms('AsymmetricDecrypt', { ...common, CiphertextBlob: 'QUJD' }))).toBe(
        'InvalidParameter',
      );
    });

    it.each(['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'])(
      'RSA_2048 opens what OpenSSL encrypted with %s',
      async (Algorithm) => {
        const KeyId = await createKey({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT/DECRYPT' });
        const [KeyVersionId] = await versionIds(KeyId);
        const common = { KeyId, KeyVersionId: KeyVersionId as string, Algorithm };
        const key = (await kms('GetPublicKey', { KeyId, KeyVersionId: KeyVersionId as string }))
          .PublicKey as unknown as string;
        const oaepHash = Algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256';
        const CiphertextBlob = publicEncrypt(
          { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash },
          Buffer.from('ABC'),
        ).toString('base64');
        expect(await kms('AsymmetricDecrypt', { ...common, CiphertextBlob })).toMatchObject({
          Plaintext: 'QUJD',
        });
        const limit = oaepHash === 'sha1' ? 214 : 190;
        await kms('AsymmetricEncrypt', { ...common, Plaintext: randomBytes(limit).toString('base64') });
        expect(
          await codeOf(
            kms('AsymmetricEncrypt', { ...common, Plaintext: randomBytes(limit + 1).toString('base64') }),
          ),
        ).toBe('InvalidParameter');
      },
    );

    it('get a new version every seven days at most', async () => {
      const KeyId = await createKey({ KeySpec: 'EC_P256' });
      expect(await codeOf(kms('CreateKeyVersion', { KeyId }))).toBe('Rejected.LimitExceeded');
      cloud.clock.advance(7 * day + 1000);
      await kms('CreateKeyVersion', { KeyId });
      expect(await versionIds(KeyId)).toHaveLength(2);
      cloud.clock.set(Date.now());
    });

    it('refuse what they are not for', async () => {
      const KeyId = await createKey({ KeySpec: 'EC_P256' });
      const [KeyVersionId] = await versionIds(KeyId);
      const common = { KeyId, KeyVersionId: KeyVersionId as string };
      expect(await codeOf(kms('GenerateDataKey', { KeyId }))).toBe('UnsupportedOperation');
      expect(
        await codeOf(kms('AsymmetricEncrypt', { ...common, Algorithm: 'SM2PKE', Plaintext: 'QUJD' })),
      ).toBe('UnsupportedOperation');
      expect(
        await codeOf(
          kms('AsymmetricSign', {
            ...common,
            Algorithm: 'SM2DSA',
            Digest: randomBytes(32).toString('base64'),
          }),
        ),
      ).toBe('InvalidParameter');
      expect(await codeOf(kms('CreateKey', { KeySpec: 'EC_P256', KeyUsage: 'ENCRYPT/DECRYPT' }))).toBe(
        'InvalidParameter',
      );
    });
  });

  it('keeps secrets with versions and stages, under a key of the caller', async () => {
    const EncryptionKeyId = await createKey();
    const SecretName = 'database/password';
    await kms('CreateSecret', { SecretName, SecretData: 'one', VersionId: 'v1', EncryptionKeyId });
    expect(await codeOf(kms('CreateSecret', { SecretName, SecretData: 'x', VersionId: 'v1' }))).toBe(
      'Rejected.ResourceExist',
    );
    await kms('PutSecretValue', { SecretName, SecretData: 'two', VersionId: 'v2' });
    expect(await kms('GetSecretValue', { SecretName })).toMatchObject({
      SecretData: 'two',
      VersionId: 'v2',
      VersionStages: { VersionStage: ['ACSCurrent'] },
    });
    expect(await kms('GetSecretValue', { SecretName, VersionStage: 'ACSPrevious' })).toMatchObject({
      SecretData: 'one',
    });
    await kms('UpdateSecretVersionStage', { SecretName, VersionStage: 'ACSCurrent', MoveToVersion: 'v1' });
    expect(await kms('GetSecretValue', { SecretName })).toMatchObject({ SecretData: 'one' });
    expect(await kms('GetSecretValue', { SecretName, VersionStage: 'ACSPrevious' })).toMatchObject({
      SecretData: 'two',
    });
    await kms('DisableKey', { KeyId: EncryptionKeyId });
    expect(await codeOf(kms('GetSecretValue', { SecretName }))).toBe('Rejected.Disabled');
    await kms('EnableKey', { KeyId: EncryptionKeyId });
    await kms('DeleteSecret', { SecretName, RecoveryWindowInDays: 7 });
    expect(await codeOf(kms('GetSecretValue', { SecretName }))).toBe('Forbidden.ResourceInDeletion');
    await kms('RestoreSecret', { SecretName });
    expect(await kms('GetSecretValue', { SecretName })).toMatchObject({ SecretData: 'one' });
    await kms('DeleteSecret', { SecretName, ForceDeleteWithoutRecovery: 'true' });
    expect(await codeOf(kms('GetSecretValue', { SecretName }))).toBe('Forbidden.ResourceNotFound');
    expect(
      cloud.auditLog().find(({ eventName }) => eventName === 'PutSecretValue')?.requestParameters.SecretData,
    ).toBe('***');
  });

  it('has every operation that the official client has', async () => {
    const source = readFileSync(createRequire(import.meta.url).resolve('@alicloud/kms20160120'), 'utf8');
    const operations = [...source.matchAll(/doRequest\("(\w+)"/g)].map(([, name]) => name as string);
    expect(operations).toContain('GenerateDataKey');
    expect(operations.filter((name) => !Object.hasOwn(kmsService.operations, name))).toEqual([]);
    expect(await kms('DescribeService')).toMatchObject({
      KeySpecs: {
        KeySpec: expect.arrayContaining([
          expect.objectContaining({ Name: 'EC_P256', Usages: { Usage: ['SIGN/VERIFY'] } }),
        ]),
      },
    });
  });

  it('finds keys and secrets by filters', async () => {
    const KeyId = await createKey({ KeySpec: 'Aliyun_SM4' });
    await kms('DisableKey', { KeyId });
    const Filters = JSON.stringify([
      { Key: 'KeyState', Values: ['Disabled'] },
      { Key: 'KeySpec', Values: ['Aliyun_SM4'] },
    ]);
    expect(await kms('ListKeys', { Filters })).toMatchObject({ TotalCount: 1, Keys: { Key: [{ KeyId }] } });
    await kms('CreateSecret', { SecretName: 'one/a', SecretData: 'x', VersionId: 'v1' });
    await kms('CreateSecret', { SecretName: 'two/a', SecretData: 'x', VersionId: 'v1' });
    expect(
      await kms('ListSecrets', { Filters: JSON.stringify([{ Key: 'SecretName', Values: ['two'] }]) }),
    ).toMatchObject({ TotalCount: 1, SecretList: { Secret: [{ SecretName: 'two/a' }] } });
    for (const wrong of ['{', '{}', '[{"Key":"toString","Values":[]}]', '[null]'])
      expect(await codeOf(kms('ListKeys', { Filters: wrong }))).toBe('InvalidParameter');
  });

  it('draws passwords of the kinds of characters asked for', async () => {
    const { RandomPassword } = await kms('GetRandomPassword', {
      PasswordLength: 20,
      ExcludePunctuation: 'true',
      ExcludeUppercase: 'true',
    });
    expect(RandomPassword).toMatch(/^(?=.*[a-z])(?=.*[0-9])[a-z0-9]{20}$/);
  });

  it('pages through keys, and lists the tags of one', async () => {
    const KeyId = await createKey({ KeySpec: 'Aliyun_SM4' });
    await kms('TagResource', { KeyId, Tags: JSON.stringify([{ TagKey: 'team', TagValue: 'a' }]) });
    expect(await kms('ListResourceTags', { KeyId })).toMatchObject({
      Tags: { Tag: [{ KeyId, TagKey: 'team', TagValue: 'a' }] },
    });
    await kms('UntagResource', { KeyId, TagKeys: '["team"]' });
    expect(await kms('ListResourceTags', { KeyId })).toMatchObject({ Tags: { Tag: [] } });
    const seen = new Set<string>();
    for (let PageNumber = 1; ; PageNumber++) {
      const { Keys, TotalCount } = (await kms('ListKeys', { PageNumber, PageSize: 7 })) as unknown as {
        Keys: { Key: { KeyId: string }[] };
        TotalCount: number;
      };
      for (const key of Keys.Key) seen.add(key.KeyId);
      if (Keys.Key.length < 7) {
        expect(seen.size).toBe(TotalCount);
        break;
      }
    }
    expect(seen).toContain(KeyId);
  });

  it('serves each region alone at its own endpoint, and all at the shared one', async () => {
    const url = await cloud.endpointOf('kms', 'cn-beijing');
    const beijing = kmsCaller(cloud, undefined, { url });
    const { KeyMetadata } = (await beijing('CreateKey')) as unknown as {
      KeyMetadata: Record<string, string>;
    };
    const { Arn, KeyId } = KeyMetadata as { Arn: string; KeyId: string };
    expect(Arn).toContain(':cn-beijing:');
    expect(await kms('GenerateDataKey', { KeyId: Arn })).toMatchObject({ KeyId });
    expect(await kms('GenerateDataKey', { KeyId })).toMatchObject({ KeyId });
    const here = await createKey();
    expect(await codeOf(beijing('GenerateDataKey', { KeyId: here }))).toBe('Forbidden.KeyNotFound');
    cloud.faults.inject({ service: 'kms', region: 'cn-beijing', kind: 'throttle' });
    expect(await codeOf(beijing('DescribeKey', { KeyId }))).toBe('Rejected.Throttling');
    await kms('DescribeKey', { KeyId: here });
    cloud.faults.clear();
  });
});
