import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLocalCloud } from '../start.ts';
import { kmsCaller } from '../test-support/official-clients.ts';
import { decodeSeed } from './seed.ts';
import { readSeedFile } from './seed-file.ts';

const admin = {
  name: 'admin',
  accessKeys: [{ id: 'LTAIadmin', secret: 's' }],
  policies: ['AdministratorAccess'],
};

describe('a seed', () => {
  it.each([
    [{}, /accounts: nothing is given/],
    [{ accounts: [{ id: true }] }, /accounts\.0\.id: true is given, and string is needed/],
    [{ accounts: [{ id: '12' }] }, /16 digits/],
    [{ accounts: [], regoin: 'x' }, /regoin: there is no such field; did you mean region\?/],
    [
      { accounts: [{ id: '1000000000000001', user: [] }] },
      /accounts\.0\.user: there is no such field; did you mean users\?/,
    ],
    [
      { accounts: [{ id: '1000000000000001', users: [{ name: 'u', AccessKey: [] }] }] },
      /accounts\.0\.users\.0\.AccessKey: there is no such field; did you mean accessKeys\?/,
    ],
    [
      { accounts: [{ id: '1000000000000001', instances: [{ imds: { quota: 1 } }] }] },
      /accounts\.0\.instances\.0\.imds\.quota: there is no such field; there are hardened$/,
    ],
    // What comes from a file can be called anything.
    [{ accounts: [], constructor: 'x' }, /constructor: there is no such field; there are accounts, region$/],
    [
      { accounts: [{ id: '1000000000000001', roles: [{ name: 'r' }] }] },
      /accounts\.0\.roles\.0\.trustPolicy/,
    ],
    [
      { accounts: [{ id: '1000000000000001', buckets: [{ name: 'b', acl: 'open' }] }] },
      /accounts\.0\.buckets\.0\.acl: "open"/,
    ],
  ])('%o is refused with the path', (seed, message) => {
    expect(() => decodeSeed(seed)).toThrow(message);
  });

  it.each([
    [
      { roles: [{ name: 'r', trustPolicy: { Version: '1', Statement: [{ Effect: 'Allwo' }] } }] },
      /accounts\.0\.roles\.0\.trustPolicy: .*Effect/,
    ],
    [
      { users: [admin, { name: 'u', policies: ['None'] }] },
      /accounts\.0\.users\.1\.policies\.0: there is no policy "None"/,
    ],
    [{ instances: [{ role: 'none' }] }, /accounts\.0\.instances\.0\.role: there is no role/],
    [{ users: [admin, { name: 'Admin' }] }, /accounts\.0\.users\.1\.name: "Admin" is there twice/],
    [{ keys: [{ material: 'QUJD' }] }, /accounts\.0\.keys\.0\.material: 32 bytes/],
    [{ keys: [{ spec: 'EC_P256', usage: 'ENCRYPT/DECRYPT' }] }, /accounts\.0\.keys\.0\.usage/],
    [{ groups: [{ name: 'g', members: ['nobody'] }] }, /accounts\.0\.groups\.0\.members\.0/],
    [{ users: [{ name: 'u' }] }, /no user with AdministratorAccess/],
  ])('whose parts do not fit is refused with the path: %o', async (account, message) => {
    const seed = { accounts: [{ id: '1000000000000001', users: [admin], ...account }] };
    await expect(startLocalCloud({ seed: seed as never })).rejects.toThrow(message);
  });

  it('takes an account id that YAML has read as a number', () => {
    expect(decodeSeed({ accounts: [{ id: 1000000000000001 }] }).accounts[0]?.id).toBe('1000000000000001');
  });

  describe('from a YAML file', () => {
    let directory: string;
    const file = (text: string) => {
      const path = join(directory, 'cloud.yaml');
      writeFileSync(path, text);
      return path;
    };
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'yunseal-seed-'));
    });
    afterAll(() => rmSync(directory, { recursive: true }));

    it('makes the cloud it describes', async () => {
      const path = file(`
region: cn-beijing
accounts:
  - id: 1234567890123456   # no quotes needed
    users:
      - { name: admin, accessKeys: [{ id: LTAIadmin, secret: s }], policies: [AdministratorAccess] }
    keys:
      - { id: key-1, alias: story, material: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= }
      - { id: key-2, spec: EC_P256 }
    secrets:
      - { name: db, data: hunter2, keyId: alias/story }
`);
      await using cloud = await startLocalCloud({ seed: await readSeedFile(path) });
      expect(cloud.region).toBe('cn-beijing');
      expect(cloud.administrator).toMatchObject({ accountId: '1234567890123456', accessKeyId: 'LTAIadmin' });
      const kms = kmsCaller(cloud);
      expect(await kms('DescribeKey', { KeyId: 'alias/story' })).toMatchObject({
        KeyMetadata: { Arn: 'acs:kms:cn-beijing:1234567890123456:key/key-1' },
      });
      expect(await kms('GetSecretValue', { SecretName: 'db' })).toMatchObject({ SecretData: 'hunter2' });
    });

    it('is refused with its line when it is no YAML', async () => {
      await expect(readSeedFile(file('accounts: [\n  a: b: c'))).rejects.toThrow(/at line 2/);
      await expect(readSeedFile(join(directory, 'none.yaml'))).rejects.toThrow(/there is no seed file/);
    });
  });
});
