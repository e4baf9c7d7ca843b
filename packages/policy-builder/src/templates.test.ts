import { describe, expect, it } from 'vitest';
import { equalPolicies } from './analyse/canonical.ts';
import { evaluate } from './judge/evaluate.ts';
import { lintPolicy } from './lint/lint-policy.ts';
import type { Policy } from './model/policy.ts';
import { parsePolicy } from './read/parse-policy.ts';
import { repairPolicy } from './read/repair-policy.ts';
import * as templates from './templates.ts';
import { printedPolicies, sourceDocumentsPresent } from './test-support/source-documents.ts';

const KEY = { region: '<region-id>', account: '<account-id>', keyId: '<key-id>' };

/** Document, place, template with the document's placeholders, and what has to be put for a placeholder that is no name. */
const SCENARIOS: readonly (readonly [string, number, Policy])[] = [
  ['000', 1, templates.kmsFullAccess()],
  ['001', 1, templates.ecsRoleTrust()],
  ['002', 1, templates.passRole({ name: 'MyApplicationRole' })],
  ['003', 1, templates.ecsRoleTrust()],
  ['003', 2, templates.ossReadOnly()],
  ['003', 3, templates.createInstanceWithRole()],
  ['004', 1, templates.shareWithAccountsTrust(['<UID1>', '<UID2>'])],
  ['004', 2, templates.shareWithResourceDirectoryTrust('<resource-directory-id>')],
  [
    '004',
    3,
    templates.shareWithFolderTrust('<resource-directory-id>/<root-folder-id>/.../<current-folder-id*>'),
  ],
  ['004', 4, templates.sharedKeyPermissions(KEY)],
];

describe.skipIf(!sourceDocumentsPresent)(
  'templates and documents (skipped where ../shared is absent)',
  () => {
    it.each(SCENARIOS)('document %s, policy %i', (document, place, template) => {
      const printed = printedPolicies().find(
        (one) => one.document.startsWith(document) && one.place === place,
      )!;
      const repaired = JSON.stringify(repairPolicy(printed.text).policy).replace(
        'ecs:[ECS RAM Action]',
        'ecs:CreateInstance',
      );
      expect(equalPolicies(template, parsePolicy(repaired))).toBe(true);
    });

    it('there is one for every printed policy', () => {
      expect(SCENARIOS.map(([document, place]) => `${document} ${place}`)).toEqual(
        printedPolicies().map(({ document, place }) => `${document.slice(0, 3)} ${place}`),
      );
    });
  },
);

describe('templates', () => {
  const key = { region: 'cn-hangzhou', account: '1001', keyId: 'k1' };
  const arn = 'acs:kms:cn-hangzhou:1001:key/k1';

  it('for using a key allow envelope encryption and nothing else', () => {
    const identity = [templates.kmsKeyUse(key)];
    const decide = (action: string, resource = arn) => evaluate({ identity }, { action, resource }).decision;
    expect(
      ['kms:GenerateDataKey', 'kms:Decrypt', 'kms:Encrypt', 'kms:CreateKey'].map((action) => decide(action)),
    ).toEqual(['Allow', 'Allow', 'ImplicitDeny', 'ImplicitDeny']);
    expect(decide('kms:Decrypt', 'acs:kms:cn-hangzhou:1001:key/k2')).toBe('ImplicitDeny');
  });

  it('for an application with encrypted objects allow what the story needs', () => {
    const identity = [templates.encryptedBucketApplication({ ...key, bucket: 'b' })];
    const decide = (action: string, resource: string) =>
      evaluate({ identity }, { action, resource }).decision;
    expect(decide('oss:PutObject', 'acs:oss:oss-cn-hangzhou:1001:b/a/b')).toBe('Allow');
    expect(decide('oss:ListObjects', 'acs:oss:oss-cn-hangzhou:1001:b')).toBe('Allow');
    expect(decide('oss:DeleteObject', 'acs:oss:oss-cn-hangzhou:1001:b/a')).toBe('ImplicitDeny');
    expect(decide('kms:Decrypt', arn)).toBe('Allow');
  });

  it('that are narrow have no finding', () => {
    for (const policy of [
      templates.kmsKeyUse(key),
      templates.ecsRoleTrust(),
      templates.passRole({ name: 'app', account: '1001' }),
      templates.ossReadOnly({ bucket: 'b' }),
      templates.encryptedBucketApplication({ ...key, bucket: 'b' }),
      templates.sharedKeyPermissions(key),
      templates.shareWithAccountsTrust(['2002']),
    ])
      expect(lintPolicy(policy)).toEqual([]);
  });

  it('that the documents print too broadly have findings', () => {
    expect(lintPolicy(templates.kmsFullAccess()).map(({ code }) => code)).toEqual(['broad-service-grant']);
    expect(lintPolicy(templates.createInstanceWithRole()).map(({ code }) => code)).toEqual([
      'pass-role-on-everything',
      'escalation-pass-role',
    ]);
    expect(
      lintPolicy(templates.createInstanceWithRole({ role: { name: 'app' } })).map(
        ({ code, severity }) => `${severity} ${code}`,
      ),
    ).toEqual(['warning escalation-pass-role']);
  });

  it('of roles know the names that ECS looks for', () => {
    expect(templates.diskEncryptionRole(key).roleName).toBe('AliyunECSDiskEncryptDefaultRole');
    const shared = templates.shareEncrypted({ ...key, resource: 'snapshot', with: { accounts: ['2002'] } });
    expect(shared.roleName).toBe('AliyunECSShareEncryptSnapshotDefaultRole');
    expect(equalPolicies(shared.trustPolicy, templates.shareWithAccountsTrust(['2002']))).toBe(true);
    const image = templates.shareEncrypted({
      ...key,
      resource: 'image',
      with: { resourceDirectoryId: 'rd-1' },
    });
    expect(image.roleName).toBe('AliyunECSShareEncryptImageDefaultRole');
    expect(equalPolicies(image.trustPolicy, templates.shareWithResourceDirectoryTrust('rd-1'))).toBe(true);
    const folder = templates.shareEncrypted({
      ...key,
      resource: 'image',
      with: { folderPath: 'rd-1/r-1/fd-1*' },
    });
    expect(equalPolicies(folder.trustPolicy, templates.shareWithFolderTrust('rd-1/r-1/fd-1*'))).toBe(true);
  });
});
